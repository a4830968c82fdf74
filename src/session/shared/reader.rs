//! One connection's way through the shared input.

use super::budget::LineBudget;
use super::fanout::InputFanout;
use std::cell::Cell;
use std::io;
use std::rc::Rc;
use tokio::time::Instant;

/// One connection's place in the input.
pub(in crate::session) struct Reader {
    fanout: Rc<InputFanout>,
    cursor: Rc<Cursor>,
}

/// Whether a reader keeps up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReaderState {
    /// Wants everything.
    Follows,
    /// Is not there; misses what is given up meanwhile.
    Away,
    /// Was let go.
    Evicted,
}

/// Where a reader is, for itself and for the distributor.
pub(super) struct Cursor {
    pub(super) at: Cell<u64>,
    pub(super) state: Cell<ReaderState>,
    /// Takes nothing because of us.
    pub(super) excused: Cell<bool>,
    /// Since when, and from where on, it holds the others up.
    pub(super) holding: Cell<Option<(Instant, u64)>>,
    /// A place and the lines before it, the last that were counted.
    counted: Cell<(u64, u64)>,
}

/// What a reader finds.
pub(in crate::session) enum Next {
    /// Bytes: [`Reader::take`] them.
    Bytes,
    /// The input ended.
    End,
    /// Others waited for this reader too long.
    Evicted,
}

/// What a reader missed while it was away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::session) struct Lost {
    /// Whole lines.
    pub(in crate::session) lines: u64,
    /// Their bytes.
    pub(in crate::session) bytes: u64,
}

impl Cursor {
    /// A reader that follows from `at` on.
    pub(super) fn new(at: u64) -> Self {
        Self {
            at: Cell::new(at),
            state: Cell::new(ReaderState::Follows),
            excused: Cell::new(false),
            holding: Cell::new(None),
            counted: Cell::new((0, 0)),
        }
    }
}

impl Reader {
    pub(super) fn new(fanout: Rc<InputFanout>, cursor: Rc<Cursor>) -> Self {
        Self { fanout, cursor }
    }

    /// Waits for what comes next.
    pub(in crate::session) async fn next(&self) -> Next {
        loop {
            match self.cursor.state.get() {
                ReaderState::Evicted => return Next::Evicted,
                _ if self.has_more() => return Next::Bytes,
                _ if self.fanout.ended.get() => return Next::End,
                _ => self.fanout.grown.notified().await,
            }
        }
    }

    /// Gives `take` what waits, in two parts, and moves on by as many bytes as it says it took.
    pub(in crate::session) fn take(
        &self,
        take: impl FnOnce(&[u8], &[u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let log = self.fanout.log.borrow();
        let (one, other) = log.from(self.cursor.at.get());
        let taken = take(one, other)?;
        self.cursor.at.set(self.cursor.at.get() + taken as u64);
        self.fanout.taken.notify_one();
        Ok(taken)
    }

    /// Waits until others have waited for this reader too long.
    pub(in crate::session) async fn evicted(&self) {
        while self.cursor.state.get() != ReaderState::Evicted {
            self.fanout.grown.notified().await;
        }
    }

    /// Where long lines of all connections are collected.
    pub(super) fn budget(&self) -> &LineBudget {
        &self.fanout.budget
    }

    /// While `work` lasts it is not this reader's fault if it takes nothing.
    pub(in crate::session) async fn excused<T>(&self, work: impl Future<Output = T>) -> T {
        self.cursor.excused.set(true);
        let result = work.await;
        self.cursor.excused.set(false);
        result
    }

    /// Whether this is the first connection that says it waits for nothing but the input.
    pub(super) fn says_waiting(&self) -> bool {
        !self.fanout.waiting_said.replace(true)
    }

    /// Whether something waits for this reader.
    pub(in crate::session) fn has_more(&self) -> bool {
        self.cursor.at.get() < self.fanout.log.borrow().end()
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
        let has_last = self.cursor.at.get() == log.end() && self.fanout.ended.get() && log.is_unfinished();
        lines + u64::from(has_last)
    }

    fn count(&self) -> u64 {
        let (log, at) = (self.fanout.log.borrow(), self.cursor.at.get());
        let lines = log.lines_at(at, self.cursor.counted.get());
        self.cursor.counted.set((at, lines));
        lines
    }

    /// Goes back to the beginning of a line that was begun, and waits aside: what is given up meanwhile is missed.
    pub(in crate::session) fn detach(&self) {
        let at = self.cursor.at.get();
        let log = self.fanout.log.borrow();
        if at < log.end() || (log.is_unfinished() && !self.fanout.ended.get()) {
            self.cursor.at.set(log.line_start(at));
        }
        drop(log);
        self.count();
        self.cursor.state.set(ReaderState::Away);
        self.fanout.taken.notify_one();
    }

    /// Follows the input again, from the first whole line that is still there; tells what was missed.
    pub(in crate::session) fn attach(&self) -> Lost {
        self.cursor.state.set(ReaderState::Follows);
        self.cursor.holding.set(None);
        let (was_at, was_line) = (self.cursor.at.get(), self.cursor.counted.get().1);
        let log = self.fanout.log.borrow();
        if was_at >= log.start() {
            return Lost::default();
        }
        let at = log.line_start(was_at);
        drop(log);
        self.cursor.at.set(at);
        Lost { lines: self.count().saturating_sub(was_line), bytes: at - was_at }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.fanout.taken.notify_one();
    }
}
