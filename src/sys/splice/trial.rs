//! Chooses the faster way from a pipe into a socket by trying both in turns.
//!
//! read(2) and send(2) copy, but pack the bytes into fragments of 32 KiB, which a receiver that passes them on takes out
//! at a fraction of the cost. splice(2) moves the pipe's pages one by one, and is far ahead where the receiver throws
//! them away or the writer lent them. The sender can see neither its reader nor its writer, but it has a clock.

use std::time::{Duration, Instant};

/// How to move bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// read(2), send(2).
    Copy,
    /// splice(2).
    Splice,
}

/// Bytes of one leg: several times what the socket's buffers hold of the leg before (`tcp_rmem`, 6 MiB, tcp(7)).
const LEG: usize = 32 << 20;
/// Legs of each way; the best one counts, since it was disturbed least.
const LEGS: u32 = 3;

/// A comparison in legs, one way after the other; afterwards the faster way is used.
pub(super) struct Trial {
    way: Way,
    /// Legs to come, this one included; 0 once it is decided.
    left: u32,
    started: Instant,
    moved: usize,
    best: [Duration; 2],
}

impl Trial {
    /// Begins with copying, which is the better way for what is over before the trial is.
    pub(super) fn new(now: Instant) -> Self {
        Self { way: Way::Copy, left: 2 * LEGS, started: now, moved: 0, best: [Duration::MAX; 2] }
    }

    /// The way to take now.
    pub(super) fn way(&self) -> Way {
        self.way
    }

    /// Ends the trial: there is no other way.
    pub(super) fn settle(&mut self, way: Way) {
        (self.way, self.left) = (way, 0);
    }

    /// Counts what was moved until `now` by the way that was to be taken.
    pub(super) fn count(&mut self, bytes: usize, now: Instant) {
        if self.left == 0 {
            return;
        }
        self.moved += bytes;
        if self.moved < LEG {
            return;
        }
        let best = &mut self.best[self.way as usize];
        *best = (*best).min(now.saturating_duration_since(self.started));
        (self.moved, self.started) = (0, now);
        self.left -= 1;
        self.way = match (self.left, self.way) {
            (0, _) if self.best[Way::Splice as usize] < self.best[Way::Copy as usize] => Way::Splice,
            (0, _) | (_, Way::Splice) => Way::Copy,
            (_, Way::Copy) => Way::Splice,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a trial in which the legs take so many milliseconds; the way taken in each, and after the last.
    fn ways(times: &[u64]) -> Vec<Way> {
        let mut now = Instant::now();
        let mut trial = Trial::new(now);
        let mut ways = vec![trial.way()];
        for &time in times {
            now += Duration::from_millis(time);
            trial.count(LEG / 2, now);
            assert_eq!(trial.way(), ways[ways.len() - 1], "a leg goes one way");
            trial.count(LEG / 2, now);
            ways.push(trial.way());
        }
        ways
    }

    #[test]
    fn both_ways_are_tried_in_turns() {
        let turns = [Way::Copy, Way::Splice, Way::Copy, Way::Splice, Way::Copy, Way::Splice];
        assert_eq!(ways(&[1; 5]), turns);
    }

    #[test]
    fn the_way_with_the_best_leg_is_kept() {
        assert_eq!(ways(&[90, 20, 30, 20, 30, 500])[6], Way::Splice);
        assert_eq!(ways(&[90, 20, 19, 20, 500, 500])[6], Way::Copy);
        assert_eq!(ways(&[20; 6])[6], Way::Copy, "neither is ahead");
        assert_eq!(ways(&[90, 20, 30, 20, 30, 20, 900, 900])[6..], [Way::Splice; 3], "it is over");
    }

    #[test]
    fn a_way_that_is_refused_is_not_tried_again() {
        let now = Instant::now();
        let mut trial = Trial::new(now);
        trial.count(LEG, now);
        trial.settle(Way::Copy);
        for _ in 0..10 {
            trial.count(LEG, now);
            assert_eq!(trial.way(), Way::Copy);
        }
    }
}
