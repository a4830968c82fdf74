//! What took a socket from one state to another, in the words that people read.

use super::{Op, State};

impl Op {
    /// The cause of a change of state as shown to people: the segment sent or received where there was one.
    #[must_use]
    pub const fn cause(self, from: State, to: State) -> &'static str {
        match (self, from, to) {
            (Self::Connect, _, State::SynSent) => "SYN sent",
            (Self::Connect, State::SynSent, State::Established) => "SYN-ACK received",
            (Self::Shutdown | Self::Close, _, State::FinWait1 | State::LastAck) => "FIN sent",
            (Self::Close, State::Established | State::CloseWait, State::Closed) => "RST sent",
            _ => self.words(),
        }
    }

    /// The call or the segment as shown to people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Bind => "bind",
            Self::Listen => "listen",
            Self::Connect => "connect",
            Self::Accept => "accept",
            Self::SynReceived => "SYN received",
            Self::AckReceived => "ACK received",
            Self::Shutdown => "shutdown",
            Self::Close => "close",
            Self::FinReceived => "FIN received",
            Self::ResetReceived => "RST received",
            Self::Refused => "refused",
            Self::TimedOut => "timed out",
        }
    }
}
