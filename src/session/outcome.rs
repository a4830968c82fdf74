//! How a run ended, in the words of the `exit` event.

use super::stdout;
use crate::exit::Exit;
use crate::relay::{Relay, RelayEnd};
use crate::sys;
use crate::sys::signal::{Signal, Stop};
use std::io::ErrorKind;

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

/// The result of an engine that `stop` may have asked to end: a wait that it interrupted is no error.
pub fn unless_stopped(result: Result, stop: &Stop) -> Result {
    result.or_else(|error| match stop.signal().filter(|_| is_interrupted(&error)) {
        Some(signal) => Ok(Outcome::stopped(signal)),
        None => Err(error),
    })
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
