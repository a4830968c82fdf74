//! Which event of one end causes which of the other (RFC 9293, figure 5). Pure.

use crate::event::{Address, Dir, Event, Op, State, Subject};

/// Whether one event is the cause of another, of another socket.
pub(super) fn causes(cause: &Event, effect: &Event) -> bool {
    match (cause, effect) {
        (Event::State { socket: one, to: cause, .. }, Event::State { socket: other, from, to, op, .. }) => {
            // A listener that closes resets the clients it did not accept.
            let is_listener = one.peer.is_none() && one.local.is_some() && one.local == other.peer;
            (is_other_end(one, other) || is_listener && *op == Op::ResetReceived)
                && moves(*cause, *from, *to, *op)
        }
        (
            Event::Datagram { socket: one, dir: Dir::Out, .. },
            Event::Datagram { socket: other, dir: Dir::In, .. },
        ) => is_other_end(one, other),
        // It does so as it closes.
        (
            Event::State { socket: one, from: State::Listen, to: State::Closed, .. },
            Event::Packet { socket, packet },
        ) => {
            let sender = if packet.dir == Some(Dir::In) { &socket.peer } else { &socket.local };
            one.local == *sender && packet.flags.as_ref().is_some_and(|flags| flags.contains(&"RST"))
        }
        // A server for one client closes its listener when it has that.
        (
            Event::Accept { socket: one, .. },
            Event::State { socket: other, from: State::Listen, to: State::Closed, .. },
        ) => one.local == other.local,
        _ => false,
    }
}

/// Whether the segment that the other end sent as it entered `cause` moves this end from one state to another.
fn moves(cause: State, from: State, to: State, op: Op) -> bool {
    match (from, to) {
        (_, State::SynReceived) => cause == State::SynSent,
        (State::SynSent, State::Established) => cause == State::SynReceived,
        (State::SynReceived, State::Established) => cause == State::Established,
        (_, State::CloseWait) => cause == State::FinWait1,
        (_, State::FinWait2) => matches!(cause, State::CloseWait | State::TimeWait),
        (_, State::TimeWait) => matches!(cause, State::LastAck | State::FinWait1),
        (State::LastAck, State::Closed) => matches!(cause, State::TimeWait),
        (_, State::Closed) if op == Op::ResetReceived => cause == State::Closed,
        _ => false,
    }
}

/// Whether two sockets are the two ends of one connection.
pub(super) fn is_other_end(one: &Subject, other: &Subject) -> bool {
    let joined = |a: &Option<Address>, b: &Option<Address>| a.is_some() && a == b;
    joined(&one.peer, &other.local) && joined(&one.local, &other.peer)
}
