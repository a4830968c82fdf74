//! Socket states and the transitions between them: RFC 9293 figure 5 as a table. Pure.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A state of a TCP socket (named as in RFC 9293) or of a UDP socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
pub enum State {
    /// No socket, or one that is not in use yet or any more.
    Closed,
    /// Waiting for connection requests.
    Listen,
    /// A SYN was sent; the SYN-ACK is awaited.
    SynSent,
    /// A SYN was answered by SYN-ACK; the last ACK of the handshake is awaited.
    SynReceived,
    /// Data may flow both ways.
    Established,
    /// Our FIN was sent and is not acknowledged yet.
    #[serde(rename = "FIN-WAIT-1")]
    FinWait1,
    /// Our FIN was acknowledged; the peer may still send.
    #[serde(rename = "FIN-WAIT-2")]
    FinWait2,
    /// The peer's FIN arrived; we may still send.
    CloseWait,
    /// Both ends sent FIN at once; the ACK of ours is awaited.
    Closing,
    /// The peer's FIN arrived first, then we sent ours; its ACK is awaited.
    LastAck,
    /// Both FINs are acknowledged; the port waits until late segments have expired.
    TimeWait,
    /// A UDP socket that has a local address and no fixed peer.
    Unconnected,
    /// A UDP socket with a fixed peer.
    Connected,
}

/// How a connection ended, as far as it is known; it decides which path to CLOSED was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By FIN and ACK.
    Orderly,
    /// By RST, an unreachable peer, or a local abort: directly to CLOSED.
    Abortive,
}

impl State {
    /// Every state, in the order of RFC 9293, UDP's last.
    pub const ALL: [Self; 13] = [
        Self::Closed,
        Self::Listen,
        Self::SynSent,
        Self::SynReceived,
        Self::Established,
        Self::FinWait1,
        Self::FinWait2,
        Self::CloseWait,
        Self::Closing,
        Self::LastAck,
        Self::TimeWait,
        Self::Unconnected,
        Self::Connected,
    ];

    /// The name users read and type.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "CLOSED",
            Self::Listen => "LISTEN",
            Self::SynSent => "SYN-SENT",
            Self::SynReceived => "SYN-RECEIVED",
            Self::Established => "ESTABLISHED",
            Self::FinWait1 => "FIN-WAIT-1",
            Self::FinWait2 => "FIN-WAIT-2",
            Self::CloseWait => "CLOSE-WAIT",
            Self::Closing => "CLOSING",
            Self::LastAck => "LAST-ACK",
            Self::TimeWait => "TIME-WAIT",
            Self::Unconnected => "UNCONNECTED",
            Self::Connected => "CONNECTED",
        }
    }

    /// The states that may follow directly, the orderly way first. CLOSED by reset is always last.
    #[must_use]
    pub const fn next(self) -> &'static [Self] {
        match self {
            Self::Closed => &[Self::Listen, Self::SynSent, Self::Unconnected, Self::Connected],
            Self::Listen => &[Self::SynReceived, Self::Closed],
            Self::SynSent => &[Self::Established, Self::SynReceived, Self::Closed],
            Self::SynReceived => &[Self::Established, Self::FinWait1, Self::Closed],
            Self::Established => &[Self::FinWait1, Self::CloseWait, Self::Closed],
            Self::FinWait1 => &[Self::FinWait2, Self::Closing, Self::Closed],
            Self::FinWait2 | Self::Closing => &[Self::TimeWait, Self::Closed],
            Self::CloseWait => &[Self::LastAck, Self::Closed],
            Self::LastAck | Self::TimeWait => &[Self::Closed],
            Self::Unconnected => &[Self::Connected, Self::Closed],
            Self::Connected => &[Self::Unconnected, Self::Closed],
        }
    }

    /// The shortest legal path from `self` to `to`, without `self`; empty if there is none or both are the same.
    ///
    /// An orderly ending enters CLOSED only where a FIN exchange allows it, so that the path from CLOSE-WAIT to CLOSED
    /// includes LAST-ACK; an abortive one enters CLOSED at once. No path passes through CLOSED or LISTEN.
    #[must_use]
    pub fn path(self, to: Self, ending: Ending) -> Vec<Self> {
        if self == to {
            return Vec::new();
        }
        let mut paths = std::collections::VecDeque::from([vec![self]]);
        while let Some(path) = paths.pop_front() {
            let last = path[path.len() - 1];
            for &next in last.next() {
                if path.contains(&next) || (next == Self::Closed && !last.may_close(ending)) {
                    continue;
                }
                let mut longer = path.clone();
                longer.push(next);
                if next == to {
                    longer.remove(0);
                    return longer;
                }
                if !matches!(next, Self::Closed | Self::Listen) {
                    paths.push_back(longer);
                }
            }
        }
        Vec::new()
    }

    const fn may_close(self, ending: Ending) -> bool {
        match ending {
            Ending::Abortive => true,
            Ending::Orderly => !matches!(
                self,
                Self::SynReceived
                    | Self::Established
                    | Self::FinWait1
                    | Self::FinWait2
                    | Self::Closing
                    | Self::CloseWait
            ),
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The word is not the name of a state.
#[derive(Debug, PartialEq, Eq)]
pub struct UnknownState;

impl fmt::Display for UnknownState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("states are ")?;
        for (i, state) in State::ALL.iter().enumerate() {
            write!(f, "{}{state}", if i == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownState {}

impl std::str::FromStr for State {
    type Err = UnknownState;

    /// Accepts the names of the RFC in any case, `_` for `-`, and the spellings of `ss` and `netstat`.
    fn from_str(word: &str) -> Result<Self, UnknownState> {
        let plain: String =
            word.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
        Ok(match plain.as_str() {
            "CLOSE" | "UNUSED" => Self::Closed,
            "LISTENING" => Self::Listen,
            "SYNRECV" | "SYNRCVD" => Self::SynReceived,
            "ESTAB" => Self::Established,
            "FINWAIT1" => Self::FinWait1,
            "FINWAIT2" => Self::FinWait2,
            "UNCONN" => Self::Unconnected,
            other => *Self::ALL
                .iter()
                .find(|s| s.name().chars().filter(|c| *c != '-').eq(other.chars()))
                .ok_or(UnknownState)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use State::{
        CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynReceived, SynSent,
        TimeWait,
    };

    #[test]
    fn steps_that_run_inside_one_call_are_filled_in() {
        for (from, to, ending, way) in [
            (Closed, Established, Ending::Orderly, vec![SynSent, Established]),
            (Listen, Established, Ending::Orderly, vec![SynReceived, Established]),
            (Listen, CloseWait, Ending::Orderly, vec![SynReceived, Established, CloseWait]),
            (Established, TimeWait, Ending::Orderly, vec![FinWait1, FinWait2, TimeWait]),
            (Closing, TimeWait, Ending::Orderly, vec![TimeWait]),
            (Established, Closed, Ending::Orderly, vec![CloseWait, LastAck, Closed]),
            (CloseWait, Closed, Ending::Orderly, vec![LastAck, Closed]),
            (CloseWait, Closed, Ending::Abortive, vec![Closed]),
            (Established, Closed, Ending::Abortive, vec![Closed]),
            (SynSent, Closed, Ending::Orderly, vec![Closed]),
        ] {
            assert_eq!(from.path(to, ending), way, "{from} to {to}");
        }
    }

    #[test]
    fn every_path_is_made_of_legal_steps() {
        for from in State::ALL {
            for to in State::ALL {
                for ending in [Ending::Orderly, Ending::Abortive] {
                    let mut at = from;
                    for step in from.path(to, ending) {
                        assert!(at.next().contains(&step), "{at} to {step}");
                        at = step;
                    }
                }
            }
        }
    }

    #[test]
    fn names_are_read_back_in_every_spelling() {
        for state in State::ALL {
            assert_eq!(state.name().parse(), Ok(state));
            assert_eq!(state.name().to_lowercase().replace('-', "_").parse(), Ok(state));
        }
        assert_eq!("syn-recv".parse(), Ok(SynReceived));
        assert_eq!("estab".parse(), Ok(Established));
        assert!("open".parse::<State>().is_err());
    }
}
