//! Which reader of a shared log is too slow, and for which the writers wait. Pure: values in, an answer out; no socket and
//! no clock.
//!
//! A writer on the same machine says megabytes before any reader had its turn on the processor, so being behind says
//! nothing by itself. Who is more than half of its limit behind is *pressed*: the writers wait for it until it is down to
//! a quarter, and its rate is measured, in bytes that its peer acknowledged, over a second at a time. Below
//! [`SLOWEST`] it is *slow*: nobody waits for it, and at its limit it is given up. So the limit decides how much memory a
//! reader may cost, never how fast it has to be.
//!
//! One that takes nothing at all might be slow or have no turn, and a second of waiting for each such reader would be much.
//! So after [`STILL`] the writers go on without it, up to [`RESERVE`] beyond its limit, until its second is over.

use std::time::Duration;

/// The rate, in bytes a second, from which on a reader is waited for: any working link, and no reader that merely
/// dribbles.
pub const SLOWEST: u64 = 1 << 20;
/// How long a rate is measured: longer than a busy machine or a lost segment leaves a reader without progress.
const WINDOW: Duration = Duration::from_secs(1);
/// How long writers wait for a reader that takes nothing: it had its turn on the processor.
const STILL: Duration = Duration::from_millis(100);
/// Bytes beyond its limit that one may be behind while it is found out whether it is slow. It is memory for a second; a
/// busy room says less in that time.
pub const RESERVE: u64 = 16 << 20;

/// How one reader keeps up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LagState {
    phase: Phase,
    /// `None` until the first [`LagState::measure`] of this phase.
    measured: Option<Measured>,
    /// It has taken nothing for a while.
    still: bool,
    /// It is so far behind that memory makes the writers wait, whatever its rate.
    beyond: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Near the end of the log.
    #[default]
    Level,
    /// Far behind; not known to be slow.
    Pressed,
    /// Far behind and slow.
    SlowPolicy,
    /// Was given up and skipped what waited: slow until it took all that was left for it.
    Skipped,
}

/// A measurement under way: times since some beginning of the caller's, and bytes its peer had taken in all by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Measured {
    since: Duration,
    from: u64,
    moved: Duration,
    taken: u64,
}

impl LagState {
    /// Notes that the reader is `lag` bytes behind, of `limit` that it may be.
    pub fn note(&mut self, lag: u64, limit: u64) {
        match self.phase {
            Phase::Skipped if lag > 0 => {}
            _ if lag <= limit / 4 => *self = Self::default(),
            Phase::Level if lag > limit / 2 => self.phase = Phase::Pressed,
            _ => {}
        }
        self.beyond = lag > limit.saturating_add(RESERVE);
    }

    /// Looks at the reader's rate: its peer had taken `taken` bytes in all at `now`. To be called several times a second
    /// while it [is measured](Self::is_measured).
    pub fn measure(&mut self, now: Duration, taken: u64) {
        if !self.is_measured() {
            return;
        }
        let begun = Measured { since: now, from: taken, moved: now, taken };
        let measured = self.measured.get_or_insert(begun);
        if taken > measured.taken {
            (measured.moved, measured.taken) = (now, taken);
        }
        self.still = now.saturating_sub(measured.moved) >= STILL;
        let elapsed = now.saturating_sub(measured.since);
        if elapsed >= WINDOW {
            let enough = u128::from(SLOWEST) * elapsed.as_micros() / 1_000_000;
            let is_slow = u128::from(taken.saturating_sub(measured.from)) < enough;
            self.phase = if is_slow { Phase::SlowPolicy } else { Phase::Pressed };
            self.measured = Some(Measured { moved: measured.moved, ..begun });
        }
    }

    /// Notes that the reader was given up and skipped what waited for it.
    pub fn skip(&mut self) {
        *self = Self { phase: Phase::Skipped, ..Self::default() };
    }

    /// Whether the writers are to wait for it.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.phase == Phase::Pressed && (!self.still || self.beyond)
    }

    /// Whether it may be given up once it is at its limit.
    #[must_use]
    pub const fn is_slow(&self) -> bool {
        matches!(self.phase, Phase::SlowPolicy | Phase::Skipped)
    }

    /// Whether its rate is to be measured.
    #[must_use]
    pub const fn is_measured(&self) -> bool {
        matches!(self.phase, Phase::Pressed | Phase::SlowPolicy)
    }

    /// Whether somebody waits for the answer.
    #[must_use]
    pub const fn is_pressed(&self) -> bool {
        matches!(self.phase, Phase::Pressed)
    }
}

/// Counts the readers that matter to the writers.
#[derive(Debug, Default)]
pub struct Backpressure {
    holding: usize,
    pressed: usize,
    measured: usize,
}

impl Backpressure {
    /// Changes one reader's state, and the counts with it.
    pub fn change(&mut self, state: &mut LagState, change: impl FnOnce(&mut LagState)) {
        self.forget(*state);
        change(state);
        self.holding += usize::from(state.holds());
        self.pressed += usize::from(state.is_pressed());
        self.measured += usize::from(state.is_measured());
    }

    /// Forgets a reader that leaves.
    pub fn forget(&mut self, state: LagState) {
        self.holding -= usize::from(state.holds());
        self.pressed -= usize::from(state.is_pressed());
        self.measured -= usize::from(state.is_measured());
    }

    /// Whether the writers are to wait.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.holding > 0
    }

    /// Whether it is to be found out soon how fast a reader is.
    #[must_use]
    pub const fn is_pressed(&self) -> bool {
        self.pressed > 0
    }

    /// Whether the rate of any is to be measured.
    #[must_use]
    pub const fn is_measured(&self) -> bool {
        self.measured > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMIT: u64 = 4 << 20;
    /// How often the tests measure.
    const STEP: Duration = Duration::from_millis(50);

    #[test]
    fn writers_wait_from_half_of_the_limit_to_a_quarter() {
        let mut all = Backpressure::default();
        let mut readers = [LagState::default(); 2];
        for (lag, waits) in [(50, false), (51, true), (26, true), (25, false), (50, false)] {
            all.change(&mut readers[0], |reader| reader.note(lag, 100));
            assert_eq!((all.holds(), all.is_pressed(), all.is_measured()), (waits, waits, waits), "{lag}");
        }
        all.change(&mut readers[1], |reader| reader.note(60, 100));
        all.forget(readers[1]);
        assert!(!all.holds());
    }

    #[test]
    fn one_that_takes_nothing_holds_for_a_tenth_of_a_second_and_is_slow_after_one() {
        let mut reader = LagState::default();
        reader.note(LIMIT, LIMIT);
        for step in 0..20 {
            reader.measure(STEP * step, 7);
            assert_eq!(reader.holds(), step < 2, "{step}");
            reader.note(LIMIT + RESERVE + 1, LIMIT);
            assert!(reader.holds(), "memory is bounded");
            reader.note(LIMIT + RESERVE, LIMIT);
            assert!(!reader.is_slow());
        }
        reader.measure(STEP * 20, 7);
        reader.note(LIMIT + RESERVE + 1, LIMIT);
        assert!(reader.is_slow() && !reader.holds());
    }

    #[test]
    fn a_slow_one_that_becomes_fast_is_waited_for_again() {
        let mut reader = LagState::default();
        reader.note(LIMIT, LIMIT);
        (0..=20).for_each(|step| reader.measure(STEP * step, 0));
        assert!(reader.is_slow());
        (21..=40).for_each(|step| reader.measure(STEP * step, SLOWEST * u64::from(step)));
        assert!(!reader.is_slow() && reader.holds());
    }

    #[test]
    fn one_that_skipped_holds_nobody_until_it_took_everything() {
        let mut reader = LagState::default();
        reader.note(60, 100);
        reader.skip();
        for lag in [1, 60, 1000] {
            reader.note(lag, 100);
            reader.measure(WINDOW * 2, 0);
            assert!(reader.is_slow() && !reader.holds() && !reader.is_measured(), "{lag}");
        }
        reader.note(0, 100);
        reader.note(60, 100);
        assert!(!reader.is_slow() && reader.holds());
    }

    /// How a reader of this rate fares that writers never let catch up, looked at for five seconds.
    fn verdicts(limit: u64, rate: u64, step: Duration) -> Vec<bool> {
        let mut reader = LagState::default();
        let mut now = Duration::ZERO;
        let mut slow = Vec::new();
        while now < Duration::from_secs(5) {
            reader.note(limit, limit);
            let taken = u128::from(rate) * now.as_micros() / 1_000_000;
            reader.measure(now, u64::try_from(taken).unwrap());
            slow.push(reader.is_slow());
            now += step;
        }
        slow
    }

    proptest! {
        #[test]
        fn the_limit_says_nothing_of_how_fast_a_reader_must_be(
            limit in 1_u64 << 10..1 << 40,
            fast in SLOWEST + SLOWEST / 50..1 << 34,
            slow in 0..SLOWEST - SLOWEST / 50,
            step in 1_u64..300,
        ) {
            let step = Duration::from_millis(step);
            prop_assert!(verdicts(limit, fast, step).iter().all(|slow| !slow));
            let verdicts = verdicts(limit, slow, step);
            prop_assert_eq!(verdicts.last(), Some(&true));
            let first = verdicts.iter().position(|slow| *slow).unwrap();
            let after = step * u32::try_from(first).unwrap();
            prop_assert!(after >= WINDOW && after < WINDOW + step, "after {:?}", after);
        }

        #[test]
        fn the_counts_are_those_of_the_readers(steps in proptest::collection::vec(
            (0..3_usize, 0..4_u8, 0_u64..200, 0_u64..5_000), 0..200,
        )) {
            let mut all = Backpressure::default();
            let mut readers = [LagState::default(); 3];
            let (mut now, mut taken) = (Duration::ZERO, 0);
            for (who, what, lag, more) in steps {
                now += Duration::from_millis(more);
                taken += more << 10;
                all.change(&mut readers[who], |reader| match what {
                    0 | 1 => reader.note(lag, 100),
                    2 => reader.measure(now, taken),
                    _ => reader.skip(),
                });
                prop_assert_eq!(all.holds(), readers.iter().any(LagState::holds));
                prop_assert_eq!(all.is_pressed(), readers.iter().any(LagState::is_pressed));
                prop_assert_eq!(all.is_measured(), readers.iter().any(LagState::is_measured));
            }
        }
    }
}
