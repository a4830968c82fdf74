//! What waits in the queue of events, what a full one still takes, and how it tells what it dropped. For the queue alone.

use super::number::counted;
use super::{Event, Fault, Kind, Record, SCHEMA_VERSION};
use jiff::Timestamp;
use std::io;

/// Records that may wait: a burst of 10,000 clients that connect and leave fits.
pub(super) const CAPACITY: usize = 1 << 16;
/// Errors that may wait beyond that. The one event that tells the end always may.
pub(super) const RESERVE: usize = 1 << 10;

/// What the queue guards.
#[derive(Default)]
pub(super) struct Inner {
    pub(super) waiting: Vec<Record>,
    pub(super) seq: u64,
    pub(super) lost: u64,
    /// The reader took nothing for a while; do not wait for it again until it does.
    pub(super) stuck: bool,
    pub(super) writing: bool,
    /// The writer waits for something to write; otherwise it will look again by itself.
    pub(super) asleep: bool,
    /// Threads that wait for room, or for everything to be written.
    pub(super) waiting_for_room: usize,
    pub(super) closed: bool,
    pub(super) gone: bool,
    /// Why the sink took no more.
    pub(super) failure: Option<io::Error>,
    /// Raised with each part of a batch written: tells a slow reader from a stuck one.
    pub(super) batches: u64,
}

impl Inner {
    /// Tells, where they are missing, how many events were dropped.
    pub(super) fn tell_loss(&mut self) {
        if self.lost > 0 {
            self.seq += 1;
            let record = loss(std::mem::take(&mut self.lost), self.seq);
            self.waiting.push(record);
        }
    }
}

/// How many records may wait before this event. What a script decides by is not lost in a flood of what it may not need.
pub(super) const fn room_for(event: &Event) -> usize {
    match event {
        Event::Exit { .. } => usize::MAX,
        Event::Error { .. } => CAPACITY + RESERVE,
        _ => CAPACITY,
    }
}

/// How many events were dropped, as a record of its own.
fn loss(count: u64, seq: u64) -> Record {
    let events = counted(count, "event was", "events were");
    let text = format!("{events} dropped: nobody read in time");
    let fault =
        Fault { kind: Kind::EventsLost, op: Some("write".into()), errno: None, conn: None, peer: None, text };
    Record { v: SCHEMA_VERSION, seq, ts: Timestamp::now(), event: Event::Warning { fault } }
}
