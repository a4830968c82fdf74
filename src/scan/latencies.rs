//! The latencies of one target over many tries, and their statistics.

use crate::event::report::{Bin, TimesRow};
use hdrhistogram::Histogram;

/// Significant digits that the histogram keeps.
const DIGITS: u8 = 3;
/// Bins of the histogram that is reported.
const BINS: usize = 8;
/// A range wider than this is divided by factors, a narrower one by differences.
const WIDE: u64 = 10;

/// The tries of one target.
pub struct Latencies {
    /// All of them.
    pub tries: u64,
    /// Those that found it as wanted, in microseconds.
    times: Histogram<u32>,
    /// The shortest and the longest, exactly.
    ends: Option<(u64, u64)>,
}

impl Latencies {
    /// No try yet. Memory grows with the range of the latencies to 100 KiB at most, not with their number.
    #[must_use]
    pub fn new() -> Option<Self> {
        let times = Histogram::new(DIGITS).ok()?;
        Some(Self { tries: 0, times, ends: None })
    }

    /// Counts one try; `None` if the target was not as wanted.
    pub fn count(&mut self, latency_us: Option<u64>) {
        self.tries += 1;
        let Some(us) = latency_us.map(|us| us.min(u64::from(u32::MAX))) else { return };
        // The histogram grows as needed, to an hour and more.
        let _ = self.times.record(us);
        let (least, most) = self.ends.unwrap_or((us, us));
        self.ends = Some((least.min(us), most.max(us)));
    }

    /// The tries that found the target as wanted.
    #[must_use]
    pub fn good(&self) -> u64 {
        self.times.len()
    }

    /// The part of the tries that did not.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // a ratio
    pub fn loss(&self) -> f64 {
        (self.tries - self.good()) as f64 / self.tries.max(1) as f64
    }

    /// Percentiles to three digits: of those tries, that part took this long or less.
    #[must_use]
    pub fn times(&self) -> Option<TimesRow> {
        let (min_us, max_us) = self.ends?;
        let part = |quantile| self.times.value_at_quantile(quantile).clamp(min_us, max_us);
        Some(TimesRow { min_us, median_us: part(0.5), p99_us: part(0.99), max_us })
    }

    /// The histogram: bins of equal width, or of equal ratio where the longest time is a multiple of the shortest.
    #[must_use]
    pub fn histogram(&self) -> Vec<Bin> {
        let Some((least, most)) = self.ends else { return Vec::new() };
        let edges = edges(least, most);
        let mut bins: Vec<Bin> =
            edges.windows(2).map(|pair| Bin { from_us: pair[0], to_us: pair[1], count: 0 }).collect();
        for value in self.times.iter_recorded() {
            let us = value.value_iterated_to().clamp(least, most);
            let bin = bins.partition_point(|bin| bin.to_us <= us).min(bins.len() - 1);
            bins[bin].count += u64::from(value.count_at_value());
        }
        bins
    }
}

/// The ends of the bins between `least` and `most`, in ascending order, at least two.
fn edges(least: u64, most: u64) -> Vec<u64> {
    let is_wide = most / least.max(1) >= WIDE;
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    // below 2^32
    let at = |bin: usize| {
        let part = bin as f64 / BINS as f64;
        let (least, most) = (least.max(u64::from(is_wide)) as f64, most as f64);
        let edge = if is_wide { least * (most / least).powf(part) } else { least + (most - least) * part };
        edge.round() as u64
    };
    let mut edges: Vec<u64> = (0..=BINS).map(at).collect();
    (edges[0], edges[BINS]) = (least, most);
    edges.dedup();
    if edges.len() < 2 {
        edges.push(most);
    }
    edges
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(times: &[u64]) -> Latencies {
        let mut latencies = Latencies::new().unwrap();
        for us in times {
            latencies.count(Some(*us));
        }
        latencies
    }

    #[test]
    fn percentiles_are_those_of_the_tries() {
        let hundred: Vec<u64> = (1..=100).map(|n| n * 10).collect();
        let times = of(&hundred).times().unwrap();
        assert_eq!(times, TimesRow { min_us: 10, median_us: 500, p99_us: 990, max_us: 1000 });
        let times = of(&[7]).times().unwrap();
        assert_eq!(times, TimesRow { min_us: 7, median_us: 7, p99_us: 7, max_us: 7 });
        assert_eq!(of(&[]).times(), None);
    }

    #[test]
    #[allow(clippy::float_cmp)] // a quarter is exact
    fn loss_is_the_part_that_failed() {
        let mut latencies = of(&[1, 2, 3]);
        latencies.count(None);
        assert_eq!((latencies.tries, latencies.good(), latencies.loss()), (4, 3, 0.25));
        assert_eq!(Latencies::new().unwrap().loss(), 0.0);
    }

    #[test]
    fn wide_ranges_are_divided_by_factors() {
        let bins = of(&[1, 100_000_000]).histogram();
        assert_eq!((bins[0].to_us, bins[1].to_us), (10, 100));
        let bins = of(&[1000, 1080]).histogram();
        assert_eq!((bins[0].to_us, bins[1].to_us), (1010, 1020));
        assert_eq!(of(&[5, 5]).histogram(), [Bin { from_us: 5, to_us: 5, count: 2 }]);
        assert!(of(&[]).histogram().is_empty());
    }

    proptest! {
        #[test]
        fn every_try_is_in_one_bin(times in proptest::collection::vec(0u64..10_000_000_000, 1..60)) {
            let latencies = of(&times);
            let bins = latencies.histogram();
            prop_assert_eq!(bins.iter().map(|bin| bin.count).sum::<u64>(), times.len() as u64);
            prop_assert!(bins.len() <= BINS && bins.windows(2).all(|pair| pair[0].to_us == pair[1].from_us));
            let TimesRow { min_us, median_us, p99_us, max_us } = latencies.times().unwrap();
            prop_assert!(min_us <= median_us && median_us <= p99_us && p99_us <= max_us);
        }
    }
}
