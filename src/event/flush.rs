//! Events before output: where both go to the same terminal, pipe or file, the events that led to it are written first.

use super::Events;
use super::flood::Inner;
use super::queue::{FULL_TIMEOUT, Queue};
use std::sync::PoisonError;

impl Events {
    /// The same, whose events go to the same file as standard output if `shares_output`.
    #[must_use]
    pub fn sharing_output(mut self, shares_output: bool) -> Self {
        self.shares_output = shares_output;
        self
    }

    /// Whether [`Self::before_output`] has anything to do.
    #[must_use]
    pub fn shares_output(&self) -> bool {
        self.shares_output && self.enabled()
    }

    /// To be called before received bytes are written to standard output: where events go to the same file, those that
    /// were emitted before are written first, as by [`Self::flush`].
    pub fn before_output(&self) {
        if self.shares_output() {
            self.queue.flush();
        }
    }

    /// Waits until the events emitted so far are written, at most `FULL_TIMEOUT`: for output to the same terminal.
    pub fn flush(&self) {
        self.queue.flush();
    }
}

impl Queue {
    fn flush(&self) {
        let mut inner = self.lock();
        inner.waiters += 1;
        let unwritten = |i: &mut Inner| !i.gone && (i.writing || !i.queued.is_empty());
        let answer = self.drained.wait_timeout_while(inner, FULL_TIMEOUT, unwritten);
        inner = answer.unwrap_or_else(PoisonError::into_inner).0;
        inner.waiters -= 1;
    }
}
