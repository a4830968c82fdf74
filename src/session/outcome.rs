//! How a run ended, in the words of the `exit` event.

use super::stdout;
use crate::exit::Exit;
use crate::relay::{Relay, RelayEnd};
use crate::sys;
use crate::sys::poll::{self, Interest};
use crate::sys::signal::{Signal, Stop};
use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// How a run ended, and why in a few words.
#[derive(Debug)]
pub struct Outcome {
    /// Decides the exit status.
    pub exit: Exit,
    /// For the `exit` event.
    pub cause: String,
    /// Whether the cause is reported as an error.
    pub told: bool,
}

/// The answer of an engine.
pub type Result = anyhow::Result<Outcome>;

impl Outcome {
    /// Everything was done.
    #[must_use]
    pub fn done() -> Self {
        Self::of(Exit::Done, "done")
    }

    /// Ended with `exit`, for a reason that needs no error line.
    pub fn of(exit: Exit, cause: impl Into<String>) -> Self {
        Self { exit, cause: cause.into(), told: false }
    }

    /// The reader of standard output closed it; not reported as an error.
    #[must_use]
    pub fn output_closed() -> Self {
        Self::of(Exit::Done, "the reader of standard output closed it")
    }

    /// A deadline passed; reported as an error.
    pub fn deadline(cause: impl Into<String>) -> Self {
        Self { exit: Exit::Deadline, cause: cause.into(), told: true }
    }

    /// A signal asked for the end.
    #[must_use]
    pub fn stopped(signal: Signal) -> Self {
        Self::of(Exit::Signalled(signal), signal.name())
    }
}

/// How long the signal of a hang-up may take: the kernel sends it just after the terminal's first `EIO`.
const HANG_UP_TIMEOUT: Duration = Duration::from_millis(100);

/// The result of an engine that `stop` may have asked to end: a wait that it interrupted is no error, nor is a terminal that
/// was hung up.
pub fn unless_stopped(result: Result, stop: &Stop) -> Result {
    result.or_else(|error| {
        let is_gone = is_terminal_gone(&error);
        if is_gone {
            let _ =
                poll::wait(&[(stop.as_fd(), Interest::Reading)], Instant::now().checked_add(HANG_UP_TIMEOUT));
        }
        let is_cause = |signal: &Signal| is_interrupted(&error) || is_gone && *signal == Signal::HangUp;
        match stop.signal().filter(is_cause) {
            Some(signal) => Ok(Outcome::stopped(signal)),
            None => Err(error),
        }
    })
}

/// Whether an error may be that of a terminal that was hung up (`EIO`, read(2) and write(2)).
fn is_terminal_gone(error: &anyhow::Error) -> bool {
    error.downcast_ref::<sys::Error>().is_some_and(|e| e.source.raw_os_error() == Some(libc::EIO))
}

/// Whether an error is only a wait that a stop signal interrupted.
fn is_interrupted(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<sys::Error>();
    error.is_some_and(|e| e.source.kind() == ErrorKind::Interrupted || stdout::is_stopped(&e.source))
}

impl From<Relay> for Outcome {
    fn from(relay: Relay) -> Self {
        match relay {
            Relay::Ended(RelayEnd::OutputClosed) => Self::output_closed(),
            Relay::Ended(end) => end.late().map_or_else(Self::done, Self::deadline),
            Relay::Stopped(signal) => Self::stopped(signal),
        }
    }
}
