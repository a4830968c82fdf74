//! The receiving side of the event queue: the printer, and which events it shows.

use super::{Event, Record};
use std::io;
use std::time::Instant;

/// Shows records.
pub trait Sink: Send {
    /// Writes `batch` in order. After an error, the sink is not called again.
    fn write(&mut self, batch: &[Record]) -> io::Result<()>;

    /// Until when records may be held back, if any are: then the sink is called again, if need be without new ones.
    fn holds_until(&self) -> Option<Instant> {
        None
    }

    /// Called after the last batch: removes temporary output, such as a progress bar. The program waits for it.
    fn finish(&mut self);
}

/// Which events are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Errors alone: socket states are not read, nothing else is formatted.
    Errors,
    /// The birth and the end of each connection, and what went wrong ([`super::Event::is_brief`]).
    Brief,
    /// Every event but details.
    #[default]
    All,
    /// Details too: data moved, `TCP_INFO`, options read back, DNS answers.
    Detail,
}

impl Verbosity {
    /// Whether this event is shown.
    pub(super) const fn shows(self, event: &Event) -> bool {
        match self {
            Self::Errors => matches!(event, Event::Error { .. }),
            Self::Brief => event.is_brief(),
            Self::All | Self::Detail => true,
        }
    }
}
