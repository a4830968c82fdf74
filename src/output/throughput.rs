//! The throughput of a transfer over its last seconds.

use super::sparkline::sparkline;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The time that one column stands for.
const SLICE: Duration = Duration::from_millis(250);
/// Columns: the last four seconds.
const WIDTH: usize = 16;

/// Bytes a slice, of the last slices.
pub(super) struct Throughput {
    slices: VecDeque<u64>,
    /// The bytes moved when the current slice began, and when that was.
    began: (u64, Instant),
}

impl Throughput {
    pub(super) fn new(now: Instant) -> Self {
        Self { slices: VecDeque::new(), began: (0, now) }
    }

    /// So many bytes were moved until now. What was moved since the last call is spread over the slices that ended.
    pub(super) fn add(&mut self, bytes: u64, now: Instant) {
        let ended = now.saturating_duration_since(self.began.1).as_millis() / SLICE.as_millis();
        if ended == 0 {
            return;
        }
        let moved = u128::from(bytes.saturating_sub(self.began.0));
        let slice = u64::try_from(moved / ended).unwrap_or(u64::MAX);
        let kept = usize::try_from(ended).unwrap_or(WIDTH).min(WIDTH);
        self.slices.extend(std::iter::repeat_n(slice, kept));
        self.slices.drain(..self.slices.len().saturating_sub(WIDTH));
        let passed = SLICE * u32::try_from(ended).unwrap_or(u32::MAX);
        self.began = (bytes, self.began.1.checked_add(passed).unwrap_or(now));
    }

    /// As a line of columns.
    pub(super) fn line(&self) -> String {
        sparkline(self.slices.iter().copied(), WIDTH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_column_is_a_quarter_of_a_second() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut throughput = Throughput::new(start);
        for (bytes, millis) in [(10, 100), (100, 250), (100, 400), (150, 500)] {
            throughput.add(bytes, at(millis));
        }
        assert_eq!(throughput.line().trim_start(), "█▄");
        // A second without a call, in which as much was moved as in the first slice.
        throughput.add(250, at(1500));
        assert_eq!(throughput.line().trim_start(), "█▄▂▂▂▂");
        throughput.add(250, at(1_000_000));
        assert_eq!(throughput.line(), "▁".repeat(WIDTH));
    }
}
