//! One plain sentence for each change of state: the meaning of the state, and the segment or call that caused it.

use crate::event::{Op, Proto, Role, State};

/// The sentence for a transition of a socket in `role`.
pub(super) const fn sentence(proto: Proto, role: Role, from: State, to: State, op: Op) -> &'static str {
    match (proto, from, to) {
        (Proto::Udp, _, State::Unconnected) => {
            "The socket has an address: any peer may send to it, without a handshake."
        }
        (Proto::Udp, _, State::Connected) => {
            "The kernel stores one peer's address; no packet has been sent yet."
        }
        (Proto::Udp, ..) => "The socket is closed; UDP sends no notice of that to the peer.",
        (_, _, State::Listen) => "listen() makes the socket wait for connection requests (SYN segments).",
        (_, _, State::SynSent) => "connect() sent a SYN: the client asks to open a connection.",
        (_, _, State::SynReceived) => {
            "A SYN arrived and was answered by a SYN-ACK: the handshake is half done."
        }
        (_, _, State::Established) => match role {
            Role::Client => "The SYN-ACK arrived and was acknowledged: data may flow both ways.",
            _ => "The last ACK of the handshake arrived: data may flow both ways.",
        },
        (_, _, State::FinWait1) => "shutdown() sent a FIN: this end sends no more data.",
        (_, _, State::FinWait2) => "The FIN was acknowledged: the peer may still send data.",
        (_, _, State::CloseWait) => "The peer's FIN arrived: it sends no more data, this end still may.",
        (_, _, State::Closing) => "Both ends sent a FIN at the same time: the ACK of ours is still missing.",
        (_, _, State::LastAck) => "This end sent its FIN after the peer's: only the ACK of it is missing.",
        (_, _, State::TimeWait) => {
            "Both FINs are acknowledged: the port stays reserved until late segments have expired."
        }
        (_, State::LastAck, State::Closed) => "The last ACK arrived: both ends have closed the connection.",
        (_, State::Listen, State::Closed) => "The listener is closed: new connections are refused.",
        (_, _, State::Closed) => match op {
            Op::Refused => "An RST arrived: no socket listens there.",
            Op::ResetReceived => "An RST arrived: the peer aborted the connection.",
            Op::TimedOut => "No answer arrived in time.",
            Op::Close if matches!(from, State::SynSent) => "The socket is closed before an answer arrived.",
            Op::Close if matches!(from, State::Established | State::CloseWait) => {
                "close() sent an RST: this end aborts the connection and discards data under way."
            }
            _ => "The socket is closed.",
        },
        _ => "",
    }
}

/// The sentence for the local port of one of many connections.
pub(super) const LOCAL_PORT: &str =
    "The kernel chose a free local port: two addresses and two ports identify a connection.";
