//! The exit-status table (soquete(1), EXIT STATUS).

use crate::event::Kind;
use crate::net::address::AddrError;
use crate::sys;
use crate::sys::signal::Signal;
use std::process::ExitCode;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done; for checks, the condition holds.
    Done,
    /// The network refused; or no socket in the table matches.
    Network,
    /// A wrong command line.
    Usage,
    /// A deadline passed.
    Deadline,
    /// Some of several targets failed.
    Partial,
    /// This machine refused.
    Local,
    /// Ended by a signal, in order.
    Signalled(Signal),
    /// A command was run; its status is ours.
    Command(u8),
}

impl Exit {
    /// The number the shell sees.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Network => 1,
            Self::Usage => 2,
            Self::Deadline => 3,
            Self::Partial => 4,
            Self::Local => 5,
            Self::Signalled(signal) => signal.exit_code(),
            Self::Command(code) => code,
        }
    }

    /// Ends the program with it: by the signal that asked for the end, or with the number.
    #[must_use]
    pub fn end(self) -> ExitCode {
        if let Self::Signalled(signal) = self {
            signal.end_program();
        }
        self.code().into()
    }

    /// The status an error ends the program with.
    #[must_use]
    pub fn of(error: &anyhow::Error) -> Self {
        if error.downcast_ref::<AddrError>().is_some() {
            return Self::Usage;
        }
        match error.downcast_ref::<sys::Error>() {
            Some(error) => Self::of_kind(error.kind()),
            None => Self::Local,
        }
    }

    /// The status for an error about `kind`.
    #[must_use]
    pub const fn of_kind(kind: Kind) -> Self {
        match kind {
            Kind::Usage => Self::Usage,
            Kind::Resolve
            | Kind::Refused
            | Kind::Reset
            | Kind::Unacknowledged
            | Kind::Unreachable
            | Kind::Tls
            | Kind::Proxy => Self::Network,
            Kind::Timeout => Self::Deadline,
            Kind::Address
            | Kind::Permission
            | Kind::Resources
            | Kind::Option
            | Kind::File
            | Kind::Data
            | Kind::EventsLost
            | Kind::Waiting
            | Kind::Other => Self::Local,
        }
    }
}
