//! The events of both ends of a conversation in the order of cause and effect. Pure.
//!
//! Each end is observed by itself, so an effect may be observed before its cause. Here an event follows the event of the
//! other end that caused it: the segment that was received was sent before (RFC 9293, figure 5).

use crate::event::{Address, Dir, Event, Op, State, Subject};
use jiff::Timestamp;

/// An event with the time of its emission.
pub(super) type Stamped = (Timestamp, Event);

/// Puts events in the order of cause and effect; those of one socket stay in theirs. An effect that was observed before its
/// cause gets the time of that.
pub(super) fn causal(mut events: Vec<Stamped>) -> Vec<Stamped> {
    let mut ordered: Vec<Stamped> = Vec::with_capacity(events.len());
    while !events.is_empty() {
        // Ends that wait for each other are told as they were observed.
        let next = (0..events.len()).find(|&at| is_due(&events, at)).unwrap_or(0);
        let (ts, event) = events.remove(next);
        let before = ordered.last().map_or(ts, |(before, _)| *before);
        ordered.push((ts.max(before), event));
    }
    ordered
}

/// Whether neither an earlier event of the same socket nor a cause is still to come.
fn is_due(events: &[Stamped], at: usize) -> bool {
    let event = &events[at].1;
    let conn = conn(event);
    let is_first = conn.is_none() || events[..at].iter().all(|(_, earlier)| self::conn(earlier) != conn);
    is_first && !events.iter().any(|(_, other)| causes(other, event))
}

/// Whether one event is the cause of another, of another socket.
fn causes(cause: &Event, effect: &Event) -> bool {
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

fn is_other_end(one: &Subject, other: &Subject) -> bool {
    let joined = |a: &Option<Address>, b: &Option<Address>| a.is_some() && a == b;
    joined(&one.peer, &other.local) && joined(&one.local, &other.peer)
}

/// The number of the socket an event is about.
fn conn(event: &Event) -> Option<u32> {
    match event {
        Event::State { socket, .. }
        | Event::Option { socket, .. }
        | Event::Info { socket, .. }
        | Event::Bind { socket }
        | Event::Listening { socket, .. }
        | Event::Accept { socket, .. }
        | Event::Refuse { socket, .. }
        | Event::Datagram { socket, .. }
        | Event::Member { socket, .. }
        | Event::Line { socket, .. }
        | Event::Tls { socket, .. }
        | Event::Child { socket, .. }
        | Event::Proxy { socket, .. }
        | Event::ProxyHeader { socket, .. }
        | Event::Packet { socket, .. }
        | Event::Progress { socket, .. }
        | Event::Summary { socket, .. } => Some(socket.conn),
        Event::Target { conn, .. } => *conn,
        Event::Warning { fault } | Event::Error { fault } => fault.conn,
        Event::Resolve { .. } | Event::Capture { .. } | Event::Bus { .. } | Event::Exit { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Proto, Role, Via};
    use proptest::prelude::*;
    use std::net::SocketAddr;

    const CLIENT: [State; 5] =
        [State::SynSent, State::Established, State::FinWait1, State::FinWait2, State::TimeWait];
    const SERVER: [State; 5] =
        [State::SynReceived, State::Established, State::CloseWait, State::LastAck, State::Closed];

    fn end(conn: u32, role: Role) -> Subject {
        let address = |port| Some(Address::from(SocketAddr::from(([127, 0, 0, 1], port))));
        let (local, peer) = if role == Role::Client { (1, 2) } else { (2, 1) };
        Subject { conn, proto: Proto::Tcp, local: address(local), peer: address(peer), role }
    }

    fn states(socket: &Subject, first: State, states: &[State]) -> Vec<Event> {
        let from = std::iter::once(&first).chain(states);
        let event = |(&from, &to)| {
            let (socket, op, via) = (socket.clone(), Op::FinReceived, Via::Kernel);
            Event::State { socket, from, to, op, via }
        };
        from.zip(states).map(event).collect()
    }

    fn told(events: &[Stamped]) -> Vec<(u32, State)> {
        let state = |(_, event): &Stamped| match event {
            Event::State { socket, to, .. } => (socket.conn, *to),
            _ => unreachable!("there are states alone"),
        };
        events.iter().map(state).collect()
    }

    proptest! {
        #[test]
        fn a_conversation_is_told_in_its_order_however_it_was_observed(picks: Vec<bool>) {
            let mut client = states(&end(2, Role::Client), State::Closed, &CLIENT).into_iter();
            let mut server = states(&end(3, Role::Server), State::Listen, &SERVER).into_iter();
            let mut picks = picks.into_iter();
            let mut observed = Vec::new();
            while client.len() + server.len() > 0 {
                let first = picks.next().unwrap_or(true);
                let event = if first { client.next().or_else(|| server.next()) } else { server.next().or_else(|| client.next()) };
                let at = i64::try_from(observed.len()).unwrap();
                observed.push((Timestamp::from_second(at).unwrap(), event.unwrap()));
            }
            let ordered = causal(observed);
            let told = told(&ordered);
            let place = |what| told.iter().position(|t| *t == what).unwrap();
            for (cause, effect) in [
                ((2, State::SynSent), (3, State::SynReceived)),
                ((3, State::SynReceived), (2, State::Established)),
                ((2, State::Established), (3, State::Established)),
                ((2, State::FinWait1), (3, State::CloseWait)),
                ((3, State::CloseWait), (2, State::FinWait2)),
                ((3, State::LastAck), (2, State::TimeWait)),
                ((2, State::TimeWait), (3, State::Closed)),
            ] {
                prop_assert!(place(cause) < place(effect), "{told:?}");
            }
            prop_assert!(ordered.is_sorted_by_key(|(ts, _)| *ts));
        }
    }
}
