//! Whether the room hears faster than its readers take. Pure; the room keeps one, the server asks it before it reads.
//!
//! A talker on the same machine says megabytes before any reader had its turn on the processor, so being behind says
//! little by itself. A reader that falls behind makes the talkers wait, but only for the time of two reviews: if it has
//! caught up by then it is as good as any; if not it holds nobody again before it has, and is cut off or skips at its
//! limit. To skip is not to catch up: who skipped holds nobody before it took all that was left for it.

/// How one member keeps up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pulse {
    /// Near the end of the log.
    #[default]
    Level,
    /// Far behind since the last review.
    Pressed,
    /// Far behind at the last review already.
    Late,
    /// Did not catch up in time.
    Slow,
    /// Was so far behind that it skipped.
    Skipped,
}

/// Counts the members that make the talkers wait.
#[derive(Debug, Default)]
pub struct Pace {
    holding: usize,
}

impl Pace {
    /// Notes that a member is `lag` bytes behind: far behind from half of its `limit` until it is down to a quarter.
    pub fn note(&mut self, pulse: &mut Pulse, lag: u64, limit: u64) {
        let next = match *pulse {
            Pulse::Skipped if lag > 0 => Pulse::Skipped,
            _ if lag <= limit / 4 => Pulse::Level,
            Pulse::Level if lag > limit / 2 => Pulse::Pressed,
            same => same,
        };
        self.change(pulse, next);
    }

    /// Looks at a member again, a moment after the last time.
    pub fn review(&mut self, pulse: &mut Pulse) {
        let next = match *pulse {
            Pulse::Level => Pulse::Level,
            Pulse::Pressed => Pulse::Late,
            Pulse::Late | Pulse::Slow => Pulse::Slow,
            Pulse::Skipped => Pulse::Skipped,
        };
        self.change(pulse, next);
    }

    /// Notes that a member skipped what waited for it.
    pub fn skip(&mut self, pulse: &mut Pulse) {
        self.change(pulse, Pulse::Skipped);
    }

    /// Forgets a member that leaves.
    pub fn forget(&mut self, pulse: Pulse) {
        self.holding -= usize::from(holds(pulse));
    }

    /// Whether the talkers should wait.
    #[must_use]
    pub const fn crowded(&self) -> bool {
        self.holding > 0
    }

    fn change(&mut self, pulse: &mut Pulse, next: Pulse) {
        self.holding = self.holding + usize::from(holds(next)) - usize::from(holds(*pulse));
        *pulse = next;
    }
}

const fn holds(pulse: Pulse) -> bool {
    matches!(pulse, Pulse::Pressed | Pulse::Late)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn talkers_wait_from_half_of_the_limit_to_a_quarter() {
        let mut pace = Pace::default();
        let mut pulses = [Pulse::Level; 2];
        for (lag, crowded) in [(50, false), (51, true), (26, true), (25, false), (50, false)] {
            pace.note(&mut pulses[0], lag, 100);
            assert_eq!(pace.crowded(), crowded, "{lag}");
        }
        pace.note(&mut pulses[1], 60, 100);
        pace.forget(pulses[1]);
        assert!(!pace.crowded());
    }

    #[test]
    fn who_does_not_catch_up_in_time_holds_nobody_until_it_has() {
        let mut pace = Pace::default();
        let mut pulse = Pulse::Level;
        pace.note(&mut pulse, 60, 100);
        pace.review(&mut pulse);
        assert!(pace.crowded(), "it has a review's time at least");
        pace.note(&mut pulse, 40, 100);
        pace.review(&mut pulse);
        assert!(!pace.crowded());
        pace.note(&mut pulse, 80, 100);
        assert!(!pace.crowded());
        pace.note(&mut pulse, 0, 100);
        pace.note(&mut pulse, 60, 100);
        assert!(pace.crowded());
    }
    #[test]
    fn who_skips_holds_nobody_until_it_took_everything() {
        let mut pace = Pace::default();
        let mut pulse = Pulse::Level;
        pace.note(&mut pulse, 60, 100);
        pace.skip(&mut pulse);
        for lag in [1, 60] {
            pace.note(&mut pulse, lag, 100);
            pace.review(&mut pulse);
            assert!(!pace.crowded(), "{lag}");
        }
        pace.note(&mut pulse, 0, 100);
        pace.note(&mut pulse, 60, 100);
        assert!(pace.crowded());
    }
}
