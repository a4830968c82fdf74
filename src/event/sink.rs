//! What the queue needs to know of its reader: who takes the records, and which of them are wanted.

use super::Record;
use std::io;

/// Takes records and shows them to somebody.
pub trait Sink: Send {
    /// Writes `batch` in order. An error means nobody reads any more; the sink is not called again.
    fn write(&mut self, batch: &[Record]) -> io::Result<()>;

    /// Everything was written: takes away what was shown for the moment. The program does not end before.
    fn finish(&mut self);
}

/// Which events anybody wants to see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Errors alone: no state is asked for, nothing else is formatted.
    Errors,
    /// Everything but detail.
    #[default]
    All,
    /// Detail too: `TCP_INFO`, options read back, DNS answers.
    Detail,
}
