//! When the next bytes may pass: a rate, and a pause between lines. Pure: the caller says what time it is.

use std::num::NonZero;
use std::time::{Duration, Instant};

/// How often a limited stream moves at most, and how much time that was not used may be made up for: timers are late by a
/// millisecond or more.
const SLICE: Duration = Duration::from_millis(20);

/// A token bucket over one direction of a stream.
#[derive(Debug)]
pub(super) struct Throttle {
    /// Bytes a second.
    rate: Option<NonZero<u64>>,
    /// The pause after each line.
    delay: Option<Duration>,
    /// No byte passes before.
    next: Instant,
}

impl Throttle {
    /// Limits to `rate` bytes a second, and rests for `delay` after each line; the first byte may pass `now`.
    pub(super) fn new(rate: Option<NonZero<u64>>, delay: Option<Duration>, now: Instant) -> Self {
        Self { rate, delay, next: now }
    }

    /// When the next bytes may pass, if not at `now`.
    pub(super) fn holds(&self, now: Instant) -> Option<Instant> {
        (self.next > now).then_some(self.next)
    }

    /// The most bytes that may pass at once.
    pub(super) fn limit(&self) -> usize {
        let slice = |rate: NonZero<u64>| u128::from(rate.get()) * SLICE.as_nanos() / NANOS;
        self.rate.map_or(usize::MAX, |rate| usize::try_from(slice(rate)).unwrap_or(usize::MAX).max(1))
    }

    /// Whether bytes pass line by line.
    pub(super) fn by_line(&self) -> bool {
        self.delay.is_some()
    }

    /// Notes that `bytes` passed, and whether the last of them ended a line.
    pub(super) fn passed(&mut self, bytes: usize, ends_line: bool, now: Instant) {
        if let Some(rate) = self.rate {
            let due = bytes as u128 * NANOS / u128::from(rate.get());
            let earliest = now.checked_sub(SLICE).unwrap_or(now);
            let due = Duration::from_nanos(u64::try_from(due).unwrap_or(u64::MAX));
            self.next = later(self.next.max(earliest), due);
        }
        if let Some(delay) = self.delay.filter(|_| ends_line) {
            self.next = self.next.max(later(now, delay));
        }
    }
}

const NANOS: u128 = 1_000_000_000;

/// A time beyond the range of the clock is a year from now.
fn later(then: Instant, time: Duration) -> Instant {
    const YEAR: Duration = Duration::from_hours(365 * 24);
    then + time.min(YEAR)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long `total` bytes take through a throttle whose owner wakes `late` after each time it waited for.
    fn takes(rate: u64, total: usize, late: Duration) -> Duration {
        let start = Instant::now();
        let (mut now, mut left) = (start, total);
        let mut throttle = Throttle::new(NonZero::new(rate), None, now);
        while left > 0 {
            if let Some(then) = throttle.holds(now) {
                now = then + late;
                continue;
            }
            let bytes = left.min(throttle.limit());
            throttle.passed(bytes, false, now);
            left -= bytes;
        }
        now - start
    }

    #[test]
    fn a_rate_holds_over_time_however_late_the_timer_is() {
        for late in [0, 1, 5] {
            let time = takes(64 << 10, 128 << 10, Duration::from_millis(late));
            assert!(
                time > Duration::from_millis(1950) && time < Duration::from_millis(2050),
                "{late}: {time:?}"
            );
        }
        assert!(takes(1 << 30, 1 << 30, Duration::from_millis(1)) < Duration::from_millis(1050));
        assert!(takes(2, 4, Duration::ZERO) > Duration::from_millis(1400), "a byte at a time");
    }

    #[test]
    fn time_that_was_not_used_is_lost() {
        let start = Instant::now();
        let mut throttle = Throttle::new(NonZero::new(1000), None, start);
        let later = start + Duration::from_mins(1);
        throttle.passed(throttle.limit(), false, later);
        throttle.passed(throttle.limit(), false, later);
        assert!(throttle.holds(later).is_some());
    }

    #[test]
    fn the_pause_follows_a_whole_line() {
        let start = Instant::now();
        let mut throttle = Throttle::new(None, Some(Duration::from_secs(1)), start);
        throttle.passed(5, false, start);
        assert_eq!(throttle.holds(start), None);
        throttle.passed(1, true, start);
        assert_eq!(throttle.holds(start), Some(start + Duration::from_secs(1)));
        throttle.passed(1, true, start + Duration::from_secs(9));
        let mut forever = Throttle::new(NonZero::new(1), Some(Duration::MAX), start);
        forever.passed(usize::MAX, true, start);
        assert!(forever.holds(start).is_some());
    }
}
