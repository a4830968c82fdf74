//! The `data` events of a stream, with `-v`: what moved since the last one, at most ten a second and direction,
//! so that a burst of lines is reported line by line and a long transfer does not flood the states.

use super::{Inner, StateTracker};
use crate::event::{Dir, Event};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The most events in any second, each way, while data moves; the tenth reports the rest when the socket is closed.
const WHILE_MOVING: usize = 9;

/// The data received and sent that events have reported.
pub(super) type Told = [Direction; 2];

/// The data of one direction that events have reported.
#[derive(Default)]
pub(super) struct Direction {
    /// Bytes.
    bytes: u64,
    /// The times of the last events, and the place of the oldest.
    times: [Option<Instant>; WHILE_MOVING],
    oldest: usize,
}

impl Direction {
    fn may_tell(&self, now: Instant) -> bool {
        self.times[self.oldest].is_none_or(|time| now.duration_since(time) >= Duration::from_secs(1))
    }

    /// Notes an event; returns the bytes that it is about.
    fn tell(&mut self, total: u64, now: Instant) -> u64 {
        self.times[self.oldest] = Some(now);
        self.oldest = (self.oldest + 1) % WHILE_MOVING;
        total - std::mem::replace(&mut self.bytes, total)
    }
}

impl StateTracker {
    /// Counts `len` bytes that moved.
    pub(in crate::sys) fn moved(&self, dir: Dir, len: usize) {
        self.counter(dir).fetch_add(len as u64, Ordering::Relaxed);
        if self.tells_data {
            let mut inner = self.lock();
            let now = Instant::now();
            if inner.told.as_ref().is_some_and(|told| told[dir as usize].may_tell(now)) {
                self.emit_data(&mut inner, dir, now);
            }
        }
    }

    /// Emits what no event has reported yet.
    pub(super) fn emit_rest(&self, inner: &mut Inner) {
        let now = Instant::now();
        self.emit_data(inner, Dir::In, now);
        self.emit_data(inner, Dir::Out, now);
    }

    fn emit_data(&self, inner: &mut Inner, dir: Dir, now: Instant) {
        let Some(told) = inner.told.as_mut() else { return };
        let total = self.counter(dir).load(Ordering::Relaxed);
        let len = told[dir as usize].tell(total, now);
        if len > 0 {
            self.emit(Event::Data { socket: inner.subject.clone(), dir, len, total });
        }
    }

    const fn counter(&self, dir: Dir) -> &AtomicU64 {
        match dir {
            Dir::In => &self.bytes_in,
            Dir::Out => &self.bytes_out,
        }
    }
}
