//! One connection's cursor in the shared input.

use super::budget::LineBudget;
use super::entry::{ReaderEntry, ReaderState};
use super::fanout::InputFanout;
use std::io::{self, IoSlice};
use std::rc::Rc;

/// One connection's view of the input.
pub(in crate::session) struct Reader {
    fanout: Rc<InputFanout>,
    entry: Rc<ReaderEntry>,
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

impl InputFanout {
    /// A new reader; it gets what is still kept and what is read from now on if `from_the_start`, else only the latter.
    pub(in crate::session) fn subscribe(self: &Rc<Self>, from_the_start: bool) -> Reader {
        let at = if from_the_start { self.log.borrow().start() } else { self.log.borrow().end() };
        let entry = Rc::new(ReaderEntry::new(at));
        self.add(&entry);
        Reader { fanout: Rc::clone(self), entry }
    }
}

impl Reader {
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

    /// Notes whether the reader takes nothing because of us.
    pub(super) fn excuse(&self, held: bool) {
        self.entry.held.set(held);
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
