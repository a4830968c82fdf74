//! Memory for long lines that are not complete yet: a little belongs to each connection, more is shared by all.

use std::cell::Cell;
use std::time::Duration;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// What a connection may hold of a line without a share, and one read more.
pub(super) const OWN: usize = 64 << 10;
/// Longer lines that are collected at once, others wait; with the longest line there is, 8 MiB.
const SHARES: usize = 8;
/// How long a line may hold its share while others wait for it, and how much longer for each of its bytes: a line that
/// dribbles loses its share soon, one on a busy machine keeps it.
const TIME_LIMIT: Duration = Duration::from_secs(2);
const BYTE_TIME: Duration = Duration::from_micros(8);

/// The shares, and the connections that wait for one.
pub(super) struct LineBudget {
    shares: Semaphore,
    waiting: Cell<usize>,
    /// A connection begins to wait.
    crowded: Notify,
}

/// The right to collect one long line.
pub(super) struct Share<'a> {
    _permit: Option<SemaphorePermit<'a>>,
    since: Instant,
}

struct Waiter<'a>(&'a Cell<usize>);

impl LineBudget {
    /// A budget whose shares are all free.
    pub(super) fn new() -> Self {
        Self { shares: Semaphore::new(SHARES), waiting: Cell::new(0), crowded: Notify::new() }
    }

    /// Waits for a share.
    pub(super) async fn enter(&self) -> Share<'_> {
        if let Ok(permit) = self.shares.try_acquire() {
            return Share { _permit: Some(permit), since: Instant::now() };
        }
        let _waiter = Waiter::count(&self.waiting);
        self.crowded.notify_waiters();
        // It is never closed, which is the only failure.
        let permit = self.shares.acquire().await.ok();
        Share { _permit: permit, since: Instant::now() }
    }

    /// Resolves when others have waited too long for this share, of whose line `held` bytes are there.
    pub(super) async fn overdue(&self, share: &Share<'_>, held: usize) {
        let came = u32::try_from(held.saturating_sub(OWN)).unwrap_or(u32::MAX);
        tokio::time::sleep_until(share.since + TIME_LIMIT + BYTE_TIME * came).await;
        while self.waiting.get() == 0 {
            self.crowded.notified().await;
        }
    }
}

impl<'a> Waiter<'a> {
    fn count(waiting: &'a Cell<usize>) -> Self {
        waiting.set(waiting.get() + 1);
        Self(waiting)
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}
