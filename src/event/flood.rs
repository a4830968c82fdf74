//! The contents of the event queue, the capacity for each event, and the count of dropped events. For the queue alone.

use super::{Event, Fault, Kind, Record, SCHEMA_VERSION};
use jiff::Timestamp;
use std::io;

/// Records the queue holds: a burst of 10,000 clients that connect and leave fits.
pub(super) const CAPACITY: usize = 1 << 16;
/// Errors the queue holds beyond that. There is always room for the last event, `exit`.
pub(super) const RESERVE: usize = 1 << 10;

/// The state under the lock of the queue.
#[derive(Default)]
pub(super) struct Inner {
    pub(super) queued: Vec<Record>,
    pub(super) seq: u64,
    /// The time of the last record.
    last: Timestamp,
    pub(super) dropped: u64,
    /// The reader took nothing for `FULL_TIMEOUT`: emitters do not wait until it takes something.
    pub(super) stuck: bool,
    /// A batch is being written.
    pub(super) writing: bool,
    /// The writer sleeps until it is notified; otherwise it looks at the queue again by itself.
    pub(super) idle: bool,
    /// The sink is to be called though no event is queued.
    pub(super) prompted: bool,
    /// Threads that wait until the queue has room, or is written.
    pub(super) waiters: usize,
    /// No more events are taken.
    pub(super) closed: bool,
    /// The writer ended.
    pub(super) gone: bool,
    /// The error of the sink.
    pub(super) failure: Option<io::Error>,
    /// Parts written so far: a slow reader makes it grow, a stuck one does not.
    pub(super) batches: u64,
}

impl Inner {
    /// Puts the number of dropped events where they are missing.
    pub(super) fn record_loss(&mut self) {
        if self.dropped > 0 {
            let event = loss(std::mem::take(&mut self.dropped));
            self.add(Timestamp::now(), event);
        }
    }

    /// Numbers and queues an event. Times never go back along the stream: an event that another thread overtook, that was
    /// held back or that the clock was set back for has the time of the event before it.
    pub(super) fn add(&mut self, ts: Timestamp, event: Event) {
        self.seq += 1;
        self.last = ts.max(self.last);
        self.queued.push(Record { v: SCHEMA_VERSION, seq: self.seq, ts: self.last, event });
    }
}

/// How many records may be queued before this event: errors and the end, by which scripts decide, are not dropped in a flood.
pub(super) const fn capacity_for(event: &Event) -> usize {
    match event {
        Event::Exit { .. } => usize::MAX,
        Event::Error { .. } => CAPACITY + RESERVE,
        _ => CAPACITY,
    }
}

/// The number of dropped events as a warning.
fn loss(count: u64) -> Event {
    let events = if count == 1 { "event was" } else { "events were" };
    let text = format!("{count} {events} dropped: they were not read in time");
    let fault =
        Fault { kind: Kind::EventsLost, op: Some("write".into()), errno: None, conn: None, peer: None, text };
    Event::Warning { fault }
}
