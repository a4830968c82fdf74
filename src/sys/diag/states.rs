//! The kernel's state numbers (`include/net/tcp_states.h`) and ours. Used by whoever reads a state from the kernel.

use crate::event::{Proto, State};

/// A request that a listener answered, not yet a whole socket: SYN-RECEIVED to everyone else.
const NEW_SYN_RECV: u8 = 12;
/// A socket that is bound and nothing more (since Linux 6.8), told apart from other unused ones only here.
const BOUND_INACTIVE: u8 = 13;

/// The state a kernel's number stands for; `None` for a number this program does not know.
///
/// UDP borrows TCP's numbers: 1 has a fixed peer, 7 has none.
#[must_use]
pub const fn state_of(proto: Proto, number: u8) -> Option<State> {
    Some(match (proto, number) {
        (Proto::Tcp, 1) => State::Established,
        (Proto::Tcp, 2) => State::SynSent,
        (Proto::Tcp, 3 | NEW_SYN_RECV) => State::SynReceived,
        (Proto::Tcp, 4) => State::FinWait1,
        (Proto::Tcp, 5) => State::FinWait2,
        (Proto::Tcp, 6) => State::TimeWait,
        (Proto::Tcp, 7 | BOUND_INACTIVE) => State::Closed,
        (Proto::Tcp, 8) => State::CloseWait,
        (Proto::Tcp, 9) => State::LastAck,
        (Proto::Tcp, 10) => State::Listen,
        (Proto::Tcp, 11) => State::Closing,
        (Proto::Udp, 1) => State::Connected,
        (Proto::Udp, 7) => State::Unconnected,
        _ => return None,
    })
}
