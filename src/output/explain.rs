//! One plain sentence for each change of state: the meaning of the state, and the segment or call that caused it.

use crate::event::{Op, Proto, Role, State};

/// The sentence for a transition of a socket in `role`.
pub(super) const fn sentence(proto: Proto, role: Role, from: State, to: State, op: Op) -> &'static str {
    match (proto, from, to) {
        (Proto::Udp, _, State::Unconnected) => {
            "It has an address; datagrams may come from anybody, no handshake needed."
        }
        (Proto::Udp, _, State::Connected) => "The kernel notes one peer; still not a packet has been sent.",
        (Proto::Udp, ..) => "It is closed; UDP says no goodbye, the other side is not told.",
        (_, _, State::Listen) => "listen() makes it wait for connection requests (SYN segments).",
        (_, _, State::SynSent) => "connect() sent a SYN: the client asks to open a connection.",
        (_, _, State::SynReceived) => {
            "The SYN came and was answered by SYN-ACK: half of the handshake is done."
        }
        (_, _, State::Established) => match role {
            Role::Client => "The SYN-ACK came and was acknowledged: data may flow both ways.",
            _ => "The last ACK of the handshake came: data may flow both ways.",
        },
        (_, _, State::FinWait1) => "shutdown() sent a FIN: this end has nothing more to say.",
        (_, _, State::FinWait2) => "The ACK of the FIN came: the other end knows, and may still talk.",
        (_, _, State::CloseWait) => "The other end's FIN came: it has nothing more to say, we still may.",
        (_, _, State::Closing) => "Both ends sent a FIN at once: the ACK of ours is still under way.",
        (_, _, State::LastAck) => "Our FIN answers the one that came: only its ACK is missing.",
        (_, _, State::TimeWait) => {
            "The last FIN came and was acknowledged: the port rests, so that late segments find nobody new."
        }
        (_, State::LastAck, State::Closed) => "The last ACK came: both ends agree that it is over.",
        (_, State::Listen, State::Closed) => "The listener is closed: who connects now is refused.",
        (_, _, State::Closed) => match op {
            Op::Refused => "An RST came: nobody listens there.",
            Op::ResetReceived => "An RST came: the other end broke the connection off.",
            Op::TimedOut => "No answer came in time.",
            Op::Close if matches!(from, State::SynSent) => "It is closed before an answer came.",
            Op::Close if matches!(from, State::Established | State::CloseWait) => {
                "close() sent an RST: this end breaks the connection off, with what is under way."
            }
            _ => "It is closed.",
        },
        _ => "",
    }
}

/// The sentence for the local port of one of many connections.
pub(super) const LOCAL_PORT: &str =
    "The kernel took a free port for our end: a connection is known by its two addresses and two ports.";
