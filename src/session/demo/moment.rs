//! One thing that happened in a conversation.

use crate::capture::Note;
use crate::event::Event;
use jiff::Timestamp;

/// An event with its time; of a packet also what it is beyond its flags.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    pub(super) ts: Timestamp,
    pub(super) event: Event,
    pub(super) note: Option<Note>,
}
