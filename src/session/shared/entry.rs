//! What a reader of the shared input and the fan-out both know of it.

use crate::fanout::{Cursor, LagState};
use std::cell::{Cell, RefCell};
use std::time::Duration;

/// Whether the input waits for a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReaderState {
    /// It gets everything.
    Following,
    /// It is not connected; it misses what is released meanwhile.
    Detached,
    /// It was too slow, and other connections waited.
    Evicted,
}

/// What the reader and the fan-out share.
pub(super) struct ReaderEntry {
    pub(super) cursor: RefCell<Cursor>,
    pub(super) state: Cell<ReaderState>,
    pub(super) lag: Cell<LagState>,
    /// It takes nothing because of us.
    pub(super) excused: Cell<bool>,
    /// It takes nothing because a tap slows its connection.
    pub(super) held: Cell<bool>,
    /// A place and the lines before it, the last that were counted.
    pub(super) counted: Cell<(u64, u64)>,
}

impl ReaderEntry {
    /// A reader that follows from `at` on.
    pub(super) fn new(at: u64) -> Self {
        Self {
            cursor: RefCell::new(Cursor::new(at)),
            state: Cell::new(ReaderState::Following),
            lag: Cell::default(),
            excused: Cell::new(false),
            held: Cell::new(false),
            counted: Cell::new((0, 0)),
        }
    }

    /// The place of the next byte it takes.
    pub(super) fn place(&self) -> u64 {
        self.cursor.borrow().place()
    }

    pub(super) fn seek(&self, place: u64) {
        self.cursor.replace(Cursor::new(place));
    }

    /// Notes that it is `lag` bytes behind, of `limit` that it may be, and measures its rate.
    pub(super) fn measure(&self, now: Duration, lag: u64, limit: u64) -> LagState {
        let mut state = self.lag.get();
        state.note(lag, limit);
        if self.excused.get() || self.held.get() {
            state.excuse();
        } else {
            state.measure(now, self.place());
        }
        self.lag.set(state);
        state
    }
}
