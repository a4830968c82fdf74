//! One connection's cursor in the shared input.

use super::budget::LineBudget;
use super::fanout::InputFanout;
use crate::fanout::{Cursor, LagState};
use std::cell::{Cell, RefCell};
use std::io::{self, IoSlice};
use std::rc::Rc;
use std::time::Duration;

/// One connection's view of the input.
pub(in crate::session) struct Reader {
    fanout: Rc<InputFanout>,
    entry: Rc<ReaderEntry>,
}

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
    cursor: RefCell<Cursor>,
    pub(super) state: Cell<ReaderState>,
    lag: Cell<LagState>,
    /// It takes nothing because of us.
    excused: Cell<bool>,
    /// A place and the lines before it, the last that were counted.
    counted: Cell<(u64, u64)>,
}

/// What [`Reader::next`] finds.
pub(in crate::session) enum Next {
    /// Bytes: [`Reader::take`] them.
    Bytes,
    /// The input ended.
    End,
    /// The reader was too slow, and other connections waited.
    Evicted,
}

/// What a reader missed while it was detached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::session) struct Lost {
    /// Whole lines.
    pub(in crate::session) lines: u64,
    /// Their bytes.
    pub(in crate::session) bytes: u64,
}

impl ReaderEntry {
    /// A reader that follows from `at` on.
    pub(super) fn new(at: u64) -> Self {
        Self {
            cursor: RefCell::new(Cursor::new(at)),
            state: Cell::new(ReaderState::Following),
            lag: Cell::default(),
            excused: Cell::new(false),
            counted: Cell::new((0, 0)),
        }
    }

    /// The place of the next byte it takes.
    pub(super) fn place(&self) -> u64 {
        self.cursor.borrow().place()
    }

    fn seek(&self, place: u64) {
        self.cursor.replace(Cursor::new(place));
    }

    /// Notes that it is `lag` bytes behind, of `limit` that it may be, and measures its rate.
    pub(super) fn measure(&self, now: Duration, lag: u64, limit: u64) -> LagState {
        let mut state = self.lag.get();
        state.note(lag, limit);
        if self.excused.get() {
            state.excuse();
        } else {
            state.measure(now, self.place());
        }
        self.lag.set(state);
        state
    }
}

impl Reader {
    pub(super) fn new(fanout: Rc<InputFanout>, entry: Rc<ReaderEntry>) -> Self {
        Self { fanout, entry }
    }

    /// Waits for more input, its end or an eviction.
    pub(in crate::session) async fn next(&self) -> Next {
        loop {
            match self.entry.state.get() {
                ReaderState::Evicted => return Next::Evicted,
                _ if self.has_more() => return Next::Bytes,
                _ if self.fanout.ended.get() => return Next::End,
                _ => self.fanout.grown.notified().await,
            }
        }
    }

    /// Gives `write` what waits, or the front of it, and moves on by the bytes it returns.
    pub(in crate::session) fn take(
        &self,
        write: impl FnOnce(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let taken = self.entry.cursor.borrow_mut().write(&self.fanout.log.borrow(), write)?;
        self.fanout.taken.notify_one();
        Ok(taken)
    }

    /// Waits until the reader is evicted.
    pub(in crate::session) async fn evicted(&self) {
        while self.entry.state.get() != ReaderState::Evicted {
            self.fanout.grown.notified().await;
        }
    }

    /// Where long lines of all connections are collected.
    pub(super) fn budget(&self) -> &LineBudget {
        &self.fanout.budget
    }

    /// While `work` lasts the reader is not too slow if it takes nothing.
    pub(in crate::session) async fn excused<T>(&self, work: impl Future<Output = T>) -> T {
        self.entry.excused.set(true);
        let result = work.await;
        self.entry.excused.set(false);
        result
    }

    /// Whether this is the first connection to report that it waits for nothing but the input.
    pub(super) fn says_waiting(&self) -> bool {
        !self.fanout.waiting_said.replace(true)
    }

    /// Whether something waits for this reader.
    pub(in crate::session) fn has_more(&self) -> bool {
        self.entry.place() < self.fanout.log.borrow().end()
    }

    /// Whether the input ended and this reader has all of it.
    pub(in crate::session) fn is_done(&self) -> bool {
        self.fanout.ended.get() && !self.has_more()
    }

    /// Waits until [`Self::is_done`], which may never be.
    pub(in crate::session) async fn done(&self) {
        while !self.is_done() {
            self.fanout.grown.notified().await;
        }
    }

    /// Lines taken to their end.
    pub(in crate::session) fn lines(&self) -> u64 {
        let lines = self.count();
        let log = self.fanout.log.borrow();
        let has_last = self.entry.place() == log.end() && self.fanout.ended.get() && log.is_unfinished();
        lines + u64::from(has_last)
    }

    fn count(&self) -> u64 {
        let at = self.entry.place();
        let lines = self.fanout.log.borrow().lines_before(at, self.entry.counted.get());
        self.entry.counted.set((at, lines));
        lines
    }

    /// Goes back to the start of a line that is partly taken, and no longer holds what is to be released.
    pub(in crate::session) fn detach(&self) {
        let at = self.entry.place();
        let log = self.fanout.log.borrow();
        if at < log.end() || (log.is_unfinished() && !self.fanout.ended.get()) {
            self.entry.seek(log.line_start(at));
        }
        drop(log);
        self.count();
        self.entry.state.set(ReaderState::Detached);
        self.fanout.taken.notify_one();
    }

    /// Follows the input again, from the first whole line that is still there; returns what was missed.
    pub(in crate::session) fn attach(&self) -> Lost {
        self.entry.state.set(ReaderState::Following);
        self.entry.lag.take();
        let (was_at, was_line) = (self.entry.place(), self.entry.counted.get().1);
        let log = self.fanout.log.borrow();
        if was_at >= log.start() {
            return Lost::default();
        }
        let at = log.line_start(was_at);
        drop(log);
        self.entry.seek(at);
        Lost { lines: self.count().saturating_sub(was_line), bytes: at - was_at }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.fanout.taken.notify_one();
    }
}
