//! Connection attempts under way, each looked at now and then: when SYNs cross, SYN-RECEIVED comes without a wake-up.
//! Used by `watch`.

use super::state::StateTracker;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The first look. Most answers are there before it, and what lasts no longer is implied.
const FIRST_LOOK: Duration = Duration::from_millis(1);
/// Later looks are this part of the attempt's age apart: some forty until the kernel gives up.
const PART_OF_AGE: u32 = 4;

/// The attempts, by the time of the next look and the socket's number.
#[derive(Default)]
pub(super) struct Attempts(BTreeMap<(Instant, u64), Attempt>);

struct Attempt {
    life: Arc<StateTracker>,
    began: Instant,
}

impl Attempts {
    /// Adds one that begins now. Returns whether its first look is the next of all.
    pub fn add(&mut self, id: u64, life: &Arc<StateTracker>) -> bool {
        let began = Instant::now();
        let first = (began + FIRST_LOOK, id);
        self.0.insert(first, Attempt { life: Arc::clone(life), began });
        self.0.first_key_value().is_some_and(|(next, _)| *next == first)
    }

    /// When the next one is to be looked at.
    pub fn next_look(&self) -> Option<Instant> {
        self.0.first_key_value().map(|((at, _), _)| *at)
    }

    /// Looks at those whose time has come, and lets go of those that are over.
    pub fn look(&mut self, now: Instant) {
        while let Some(due) = self.0.first_entry().filter(|entry| entry.key().0 <= now) {
            let ((_, id), attempt) = due.remove_entry();
            if attempt.life.look_at_attempt() {
                let gap = (now.saturating_duration_since(attempt.began) / PART_OF_AGE).max(FIRST_LOOK);
                self.0.insert((now + gap, id), attempt);
            }
        }
    }
}
