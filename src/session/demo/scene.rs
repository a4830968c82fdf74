//! What a lesson shows, one thing after the other.

use crate::event::Event;
use crate::event::report::Row;
use jiff::Timestamp;

/// One thing that is shown.
pub(super) enum Scene {
    /// The title of a lesson that begins: for a ladder, and for what stands in its place, if that has titles.
    Begin(String, Option<String>),
    /// Something happened to a socket, or on the wire.
    Event(Timestamp, Event),
    /// A client received this.
    Received(Vec<u8>),
    /// A table of sockets.
    Rows(Vec<Row>),
    /// A remark on what happens.
    Remark(String),
    /// What a reader may type, and what it does; on a ladder alone.
    Command(&'static str, &'static str),
    /// Beside the lesson, on a ladder alone.
    Hint(String),
}
