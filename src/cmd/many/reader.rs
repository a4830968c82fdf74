//! One connection's way through the shared input.

use super::feed::Feed;
use super::room::Room;
use std::cell::Cell;
use std::io;
use std::rc::Rc;
use tokio::time::Instant;

/// One connection's place in the input.
pub(in crate::cmd) struct Reader {
    feed: Rc<Feed>,
    place: Rc<Place>,
}

/// Whether a reader keeps up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stance {
    /// Wants everything.
    Follows,
    /// Is not there; misses what is given up meanwhile.
    Away,
    /// Was let go.
    Dismissed,
}

/// Where a reader is, for itself and for the distributor.
pub(super) struct Place {
    pub(super) at: Cell<u64>,
    pub(super) stance: Cell<Stance>,
    /// Takes nothing because of us.
    pub(super) excused: Cell<bool>,
    /// Since when, and from where on, it holds the others up.
    pub(super) holding: Cell<Option<(Instant, u64)>>,
    /// A place and the lines before it, the last that were counted.
    counted: Cell<(u64, u64)>,
}

/// What a reader finds.
pub(in crate::cmd) enum Next {
    /// Bytes: [`Reader::take`] them.
    Bytes,
    /// The input ended.
    End,
    /// Others waited for this reader too long.
    Dismissed,
}

/// What a reader missed while it was away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::cmd) struct Lost {
    /// Whole lines.
    pub(in crate::cmd) lines: u64,
    /// Their bytes.
    pub(in crate::cmd) bytes: u64,
}

impl Place {
    /// A reader that follows from `at` on.
    pub(super) fn new(at: u64) -> Self {
        Self {
            at: Cell::new(at),
            stance: Cell::new(Stance::Follows),
            excused: Cell::new(false),
            holding: Cell::new(None),
            counted: Cell::new((0, 0)),
        }
    }
}

impl Reader {
    pub(super) fn new(feed: Rc<Feed>, place: Rc<Place>) -> Self {
        Self { feed, place }
    }

    /// Waits for what comes next.
    pub(in crate::cmd) async fn next(&self) -> Next {
        loop {
            match self.place.stance.get() {
                Stance::Dismissed => return Next::Dismissed,
                _ if self.has_more() => return Next::Bytes,
                _ if self.feed.ended.get() => return Next::End,
                _ => self.feed.grown.notified().await,
            }
        }
    }

    /// Gives `take` what waits, in two parts, and moves on by as many bytes as it says it took.
    pub(in crate::cmd) fn take(
        &self,
        take: impl FnOnce(&[u8], &[u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let log = self.feed.log.borrow();
        let (one, other) = log.from(self.place.at.get());
        let taken = take(one, other)?;
        self.place.at.set(self.place.at.get() + taken as u64);
        self.feed.taken.notify_one();
        Ok(taken)
    }

    /// Waits until others have waited for this reader too long.
    pub(in crate::cmd) async fn dismissal(&self) {
        while self.place.stance.get() != Stance::Dismissed {
            self.feed.grown.notified().await;
        }
    }

    /// Where long lines of all connections are collected.
    pub(super) fn room(&self) -> &Room {
        &self.feed.room
    }

    /// While `work` lasts it is not this reader's fault if it takes nothing.
    pub(in crate::cmd) async fn excused<T>(&self, work: impl Future<Output = T>) -> T {
        self.place.excused.set(true);
        let result = work.await;
        self.place.excused.set(false);
        result
    }

    /// Whether this is the first connection that says it waits for nothing but the input.
    pub(super) fn says_waiting(&self) -> bool {
        !self.feed.waiting_said.replace(true)
    }

    /// Whether something waits for this reader.
    pub(in crate::cmd) fn has_more(&self) -> bool {
        self.place.at.get() < self.feed.log.borrow().end()
    }

    /// Whether the input ended and this reader has all of it.
    pub(in crate::cmd) fn is_done(&self) -> bool {
        self.feed.ended.get() && !self.has_more()
    }

    /// Waits until [`Self::is_done`], which may never be.
    pub(in crate::cmd) async fn done(&self) {
        while !self.is_done() {
            self.feed.grown.notified().await;
        }
    }

    /// Lines taken to their end.
    pub(in crate::cmd) fn lines(&self) -> u64 {
        let lines = self.count();
        let log = self.feed.log.borrow();
        let has_last = self.place.at.get() == log.end() && self.feed.ended.get() && log.is_unfinished();
        lines + u64::from(has_last)
    }

    fn count(&self) -> u64 {
        let (log, at) = (self.feed.log.borrow(), self.place.at.get());
        let lines = log.lines_at(at, self.place.counted.get());
        self.place.counted.set((at, lines));
        lines
    }

    /// Goes back to the beginning of a line that was begun, and waits aside: what is given up meanwhile is missed.
    pub(in crate::cmd) fn step_aside(&self) {
        let at = self.place.at.get();
        let log = self.feed.log.borrow();
        if at < log.end() || (log.is_unfinished() && !self.feed.ended.get()) {
            self.place.at.set(log.line_start(at));
        }
        drop(log);
        self.count();
        self.place.stance.set(Stance::Away);
        self.feed.taken.notify_one();
    }

    /// Follows the input again, from the first whole line that is still there; tells what was missed.
    pub(in crate::cmd) fn step_back(&self) -> Lost {
        self.place.stance.set(Stance::Follows);
        self.place.holding.set(None);
        let (was_at, was_line) = (self.place.at.get(), self.place.counted.get().1);
        let log = self.feed.log.borrow();
        if was_at >= log.start() {
            return Lost::default();
        }
        let at = log.line_start(was_at);
        drop(log);
        self.place.at.set(at);
        Lost { lines: self.count().saturating_sub(was_line), bytes: at - was_at }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.feed.taken.notify_one();
    }
}
