//! What a full queue of events still takes, and how it tells what it dropped. For the queue alone.

use super::number::counted;
use super::{Event, Fault, Kind, Record, SCHEMA_VERSION};
use jiff::Timestamp;

/// Records that may wait: a burst of 10,000 clients that connect and leave fits.
pub(super) const CAPACITY: usize = 1 << 16;
/// Errors that may wait beyond that. The one event that tells the end always may.
pub(super) const RESERVE: usize = 1 << 10;

/// How many records may wait before this event. What a script decides by is not lost in a flood of what it may not need.
pub(super) const fn room_for(event: &Event) -> usize {
    match event {
        Event::Exit { .. } => usize::MAX,
        Event::Error { .. } => CAPACITY + RESERVE,
        _ => CAPACITY,
    }
}

/// How many events were dropped, as a record of its own.
pub(super) fn loss(count: u64, seq: u64) -> Record {
    let events = counted(count, "event was", "events were");
    let text = format!("{events} dropped: nobody read in time");
    let fault =
        Fault { kind: Kind::EventsLost, op: Some("write".into()), errno: None, conn: None, peer: None, text };
    Record { v: SCHEMA_VERSION, seq, ts: Timestamp::now(), event: Event::Warning { fault } }
}
