//! The kernel's state numbers (`include/net/tcp_states.h`) and ours. Pure. Used by its siblings and `sys::tcp_info`.

use crate::event::table::UnixKind;
use crate::event::{Proto, State};

/// A request that a listener answered, not yet a full socket: SYN-RECEIVED to all other interfaces.
const NEW_SYN_RECV: u8 = 12;
/// A socket that is bound and nothing more (since Linux 6.8), distinguished from other unused ones only here.
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

/// UNIX sockets borrow TCP's numbers. One with a peer is CONNECTED whatever its kind, as where this program makes it.
pub(super) const fn unix_state(kind: UnixKind, number: u8) -> Option<State> {
    match (kind, number) {
        (_, 1) => Some(State::Connected),
        (UnixKind::Dgram, 7) => Some(State::Unconnected),
        (_, 7) => Some(State::Closed),
        (_, 10) => Some(State::Listen),
        _ => None,
    }
}

/// A set of states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct States(u16);

impl States {
    /// None at all.
    pub const NONE: Self = Self(0);
    /// The default of a table: every state but CLOSED, that of TCP sockets that are bound and nothing more; to find them
    /// the kernel walks one more of its tables.
    pub const LIVE: Self = Self(Self::EVERY.0 & !Self::bit(State::Closed));
    /// LISTEN, and UNCONNECTED for datagrams.
    pub const LISTENING: Self = Self::NONE.with(State::Listen).with(State::Unconnected);
    /// Every state.
    pub const EVERY: Self = Self((1 << State::ALL.len()) - 1);

    const fn bit(state: State) -> u16 {
        1 << state as u16
    }

    /// The set with one more.
    #[must_use]
    pub const fn with(self, state: State) -> Self {
        Self(self.0 | Self::bit(state))
    }

    /// Whether the state is in it.
    #[must_use]
    pub const fn has(self, state: State) -> bool {
        self.0 & Self::bit(state) != 0
    }

    /// The states both have.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// As the kernel's mask for a dump: a bit for each number that stands for one of them.
    pub(super) fn mask(self, proto: Proto) -> u32 {
        let wanted = |number| {
            let kinds = [UnixKind::Stream, UnixKind::Dgram];
            let unix = || kinds.iter().any(|kind| unix_state(*kind, number).is_some_and(|s| self.has(s)));
            if proto == Proto::Unix { unix() } else { state_of(proto, number).is_some_and(|s| self.has(s)) }
        };
        (0..32).filter(|&number| wanted(number)).fold(0, |mask, number| mask | 1 << number)
    }
}

impl FromIterator<State> for States {
    fn from_iter<I: IntoIterator<Item = State>>(states: I) -> Self {
        states.into_iter().fold(Self::NONE, Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_has_the_numbers_of_its_states() {
        assert_eq!(States::NONE.with(State::Listen).mask(Proto::Tcp), 1 << 10);
        assert_eq!(States::NONE.with(State::SynReceived).mask(Proto::Tcp), 1 << 3 | 1 << 12);
        assert_eq!(States::NONE.with(State::Closed).mask(Proto::Tcp), 1 << 7 | 1 << 13);
        assert_eq!(States::LIVE.mask(Proto::Tcp), 0b1_1111_0111_1110);
        assert_eq!(States::EVERY.mask(Proto::Udp), 1 << 1 | 1 << 7);
        assert!(State::ALL.into_iter().all(|s| States::EVERY.has(s)));
    }
}
