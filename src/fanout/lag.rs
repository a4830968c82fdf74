//! The policy for readers that fall behind: which reader is too slow, and which the writers wait for. Values in, an answer
//! out.
//!
//! A writer on the same machine appends megabytes before any reader was scheduled, so lag alone proves
//! nothing. A reader that is more than half of its limit behind is *pressed*: the writers wait for it until it is down to a
//! quarter, and its rate is measured, in bytes that it took, over a second at a time. Below [`MIN_RATE`] it is *slow*:
//! the writers do not wait for it, and at its limit it is given up. So the limit decides how much memory a reader may
//! cost, never how fast it has to be.
//!
//! A reader that takes nothing at all is either slow or had no turn, and a second of waiting for each such reader would be
//! long. So after [`STALL`] the writers go on without it, up to [`RESERVE`] beyond its limit, until its second is over.

use std::time::Duration;

/// The rate, in bytes a second, from which on the writers wait for a reader: below any working link, above a reader that
/// dribbles.
pub const MIN_RATE: u64 = 1 << 20;
/// How long a rate is measured: longer than a busy machine or a lost segment leaves a reader without progress.
const WINDOW: Duration = Duration::from_secs(1);
/// How long writers wait for a reader that takes nothing: it was scheduled meanwhile.
const STALL: Duration = Duration::from_millis(100);
/// Bytes beyond its limit that a reader may be behind while its rate is measured. It is memory for a second; a busy chat
/// says less in that time.
pub const RESERVE: u64 = 16 << 20;

/// How one reader keeps up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LagState {
    phase: Phase,
    /// `None` until the first [`LagState::measure`] of this phase.
    measured: Option<Measured>,
    /// It took nothing for a while.
    stalled: bool,
    /// It is so far behind that memory makes the writers wait, whatever its rate.
    beyond_reserve: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Near the end of the log.
    #[default]
    Current,
    /// Far behind; not known to be slow.
    Pressed,
    /// Far behind and slow.
    Slow,
    /// Given up: it skipped what waited, and is slow until it took all that was left for it.
    Skipped,
}

/// A measurement under way: times since an origin of the caller's, and bytes the reader had taken in all by then.
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
            Phase::Current if lag > limit / 2 => self.phase = Phase::Pressed,
            _ => {}
        }
        self.beyond_reserve = lag > limit.saturating_add(RESERVE);
    }

    /// Measures the rate: the reader had taken `taken` bytes in all at `now`. The caller measures several times a second
    /// while the reader [is measured](Self::is_measured).
    pub fn measure(&mut self, now: Duration, taken: u64) {
        if !self.is_measured() {
            return;
        }
        let begun = Measured { since: now, from: taken, moved: now, taken };
        let measured = self.measured.get_or_insert(begun);
        if taken > measured.taken {
            (measured.moved, measured.taken) = (now, taken);
        }
        self.stalled = now.saturating_sub(measured.moved) >= STALL;
        let elapsed = now.saturating_sub(measured.since);
        if elapsed >= WINDOW {
            let enough = u128::from(MIN_RATE) * elapsed.as_micros() / 1_000_000;
            let is_slow = u128::from(taken.saturating_sub(measured.from)) < enough;
            self.phase = if is_slow { Phase::Slow } else { Phase::Pressed };
            self.measured = Some(Measured { moved: measured.moved, ..begun });
        }
    }

    /// Forgets the measurement: the reader takes nothing for a reason that is not its own.
    pub fn excuse(&mut self) {
        if self.is_measured() {
            *self = Self { phase: Phase::Pressed, measured: None, stalled: false, ..*self };
        }
    }

    /// Notes that the reader was given up and skipped what waited for it.
    pub fn skip(&mut self) {
        *self = Self { phase: Phase::Skipped, ..Self::default() };
    }

    /// Whether the writers are to wait for it.
    #[must_use]
    pub fn blocks_writers(&self) -> bool {
        self.phase == Phase::Pressed && (!self.stalled || self.beyond_reserve)
    }

    /// Whether it is to be given up once it is at its limit.
    #[must_use]
    pub const fn is_slow(&self) -> bool {
        matches!(self.phase, Phase::Slow | Phase::Skipped)
    }

    /// Whether its rate is to be measured.
    #[must_use]
    pub const fn is_measured(&self) -> bool {
        matches!(self.phase, Phase::Pressed | Phase::Slow)
    }

    /// Whether it is far behind and not known to be slow.
    #[must_use]
    pub const fn is_pressed(&self) -> bool {
        matches!(self.phase, Phase::Pressed)
    }
}

/// Counts the readers that matter to the writers.
#[derive(Debug, Default)]
pub struct Backpressure {
    blocking: usize,
    pressed: usize,
    measured: usize,
}

impl Backpressure {
    /// Changes one reader's state, and the counts with it.
    pub fn change(&mut self, state: &mut LagState, change: impl FnOnce(&mut LagState)) {
        self.remove(*state);
        change(state);
        self.blocking += usize::from(state.blocks_writers());
        self.pressed += usize::from(state.is_pressed());
        self.measured += usize::from(state.is_measured());
    }

    /// Uncounts a reader that leaves.
    pub fn remove(&mut self, state: LagState) {
        self.blocking -= usize::from(state.blocks_writers());
        self.pressed -= usize::from(state.is_pressed());
        self.measured -= usize::from(state.is_measured());
    }

    /// Whether the writers are to wait.
    #[must_use]
    pub const fn blocks_writers(&self) -> bool {
        self.blocking > 0
    }

    /// Whether a reader is far behind and not known to be slow.
    #[must_use]
    pub const fn is_pressed(&self) -> bool {
        self.pressed > 0
    }

    /// Whether the rate of a reader is to be measured.
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
            assert_eq!(
                (all.blocks_writers(), all.is_pressed(), all.is_measured()),
                (waits, waits, waits),
                "{lag}"
            );
        }
        all.change(&mut readers[1], |reader| reader.note(60, 100));
        all.remove(readers[1]);
        assert!(!all.blocks_writers());
    }

    #[test]
    fn a_stalled_reader_blocks_the_writers_for_a_tenth_of_a_second_and_is_slow_after_one() {
        let mut reader = LagState::default();
        reader.note(LIMIT, LIMIT);
        for step in 0..20 {
            reader.measure(STEP * step, 7);
            assert_eq!(reader.blocks_writers(), step < 2, "{step}");
            reader.note(LIMIT + RESERVE + 1, LIMIT);
            assert!(reader.blocks_writers(), "memory is bounded");
            reader.note(LIMIT + RESERVE, LIMIT);
            assert!(!reader.is_slow());
        }
        reader.measure(STEP * 20, 7);
        reader.note(LIMIT + RESERVE + 1, LIMIT);
        assert!(reader.is_slow() && !reader.blocks_writers());
    }

    #[test]
    fn the_writers_wait_again_for_a_slow_reader_that_becomes_fast() {
        let mut reader = LagState::default();
        reader.note(LIMIT, LIMIT);
        (0..=20).for_each(|step| reader.measure(STEP * step, 0));
        assert!(reader.is_slow());
        (21..=40).for_each(|step| reader.measure(STEP * step, MIN_RATE * u64::from(step)));
        assert!(!reader.is_slow() && reader.blocks_writers());
    }

    #[test]
    fn a_reader_that_skipped_blocks_nobody_until_it_took_everything() {
        let mut reader = LagState::default();
        reader.note(60, 100);
        reader.skip();
        for lag in [1, 60, 1000] {
            reader.note(lag, 100);
            reader.measure(WINDOW * 2, 0);
            assert!(reader.is_slow() && !reader.blocks_writers() && !reader.is_measured(), "{lag}");
        }
        reader.note(0, 100);
        reader.note(60, 100);
        assert!(!reader.is_slow() && reader.blocks_writers());
    }

    #[test]
    fn an_excused_reader_is_waited_for_and_never_slow() {
        let mut reader = LagState::default();
        reader.excuse();
        assert_eq!(reader, LagState::default());
        for step in 0..100 {
            reader.note(LIMIT, LIMIT);
            reader.measure(STEP * step, 0);
            reader.excuse();
            assert!(reader.blocks_writers() && !reader.is_slow(), "{step}");
        }
    }

    /// Whether a reader of this rate is slow, asked every `step` for five seconds in which it never catches up.
    fn slowness(limit: u64, rate: u64, step: Duration) -> Vec<bool> {
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
            fast in MIN_RATE + MIN_RATE / 50..1 << 34,
            slow in 0..MIN_RATE - MIN_RATE / 50,
            step in 1_u64..300,
        ) {
            let step = Duration::from_millis(step);
            prop_assert!(slowness(limit, fast, step).iter().all(|slow| !slow));
            let slowness = slowness(limit, slow, step);
            prop_assert_eq!(slowness.last(), Some(&true));
            let first = slowness.iter().position(|slow| *slow).unwrap();
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
            for (reader, what, lag, more) in steps {
                now += Duration::from_millis(more);
                taken += more << 10;
                all.change(&mut readers[reader], |reader| match what {
                    0 | 1 => reader.note(lag, 100),
                    2 => reader.measure(now, taken),
                    _ => reader.skip(),
                });
                prop_assert_eq!(all.blocks_writers(), readers.iter().any(LagState::blocks_writers));
                prop_assert_eq!(all.is_pressed(), readers.iter().any(LagState::is_pressed));
                prop_assert_eq!(all.is_measured(), readers.iter().any(LagState::is_measured));
            }
        }
    }
}
