//! The waits between attempts: each twice the one before, up to a limit, and never in step with other clients. Pure.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// The waits after failures in a row.
pub struct Backoff {
    next: Duration,
    limit: Duration,
    /// The source of the jitter, different in each instance.
    chance: RandomState,
    waits: u64,
}

/// The first wait: a server that is restarted is often back at once.
const FIRST: Duration = Duration::from_millis(100);

impl Backoff {
    /// Waits that grow up to `limit`.
    #[must_use]
    pub fn new(limit: Duration) -> Self {
        Self { next: FIRST, limit, chance: RandomState::new(), waits: 0 }
    }

    /// The next wait, at random between half of it and all of it, so that a thousand clients that a server lost at once do
    /// not come back at once.
    pub fn wait(&mut self) -> Duration {
        let full = self.next.min(self.limit);
        self.next = (full * 2).min(self.limit);
        self.waits += 1;
        let draw = u32::try_from(self.chance.hash_one(self.waits) >> 32).unwrap_or(u32::MAX);
        full.mul_f64(0.5 + 0.5 * f64::from(draw) / f64::from(u32::MAX))
    }

    /// An attempt succeeded: the next failure is a first one again.
    pub fn reset(&mut self) {
        self.next = FIRST;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_limit_and_vary() {
        let limit = Duration::from_secs(1);
        let mut backoff = Backoff::new(limit);
        let mut full = FIRST;
        for _ in 0..8 {
            let wait = backoff.wait();
            assert!(full / 2 <= wait && wait <= full, "{wait:?} of {full:?}");
            full = (full * 2).min(limit);
        }
        let first: Vec<Duration> = (0..20).map(|_| Backoff::new(limit).wait()).collect();
        assert!(first.iter().any(|wait| *wait != first[0]), "no two the same: {first:?}");
        backoff.reset();
        assert!(backoff.wait() <= FIRST);
    }
}
