//! Quantities in the unit that fits. The types write without an allocation.

use crate::text::number::counted;
use std::fmt;

/// A number of bytes: `512 B`, `9.77 KiB`, `1.21 MiB`, at most 8 columns.
#[derive(Clone, Copy)]
pub(super) struct Bytes(pub(super) u64);

/// A time in microseconds: `529 µs`, `1.5 ms`, `876 ms`, `61.25 s`.
#[derive(Clone, Copy)]
pub(super) struct Latency(pub(super) u64);

impl fmt::Display for Bytes {
    #[allow(clippy::cast_precision_loss)] // shown with three digits
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        if self.0 < 10_000 {
            return write!(f, "{} B", self.0);
        }
        let (mut value, mut unit) = (self.0 as f64 / 1024.0, 0);
        while value >= 1023.5 && unit + 1 < UNITS.len() {
            value /= 1024.0;
            unit += 1;
        }
        let decimals = match value {
            v if v < 9.995 => 2,
            v if v < 99.95 => 1,
            _ => 0,
        };
        write!(f, "{value:.decimals$} {}", UNITS[unit])
    }
}

impl fmt::Display for Latency {
    #[allow(clippy::cast_precision_loss)] // shown with three digits
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let us = self.0;
        match us {
            0..=999 => write!(f, "{us} µs"),
            1000..=999_499 if us >= 100_000 || us.is_multiple_of(1000) => {
                write!(f, "{} ms", (us + 500) / 1000)
            }
            1000..=99_999 => write!(f, "{:.1} ms", us as f64 / 1e3),
            _ if us.is_multiple_of(1_000_000) => write!(f, "{} s", us / 1_000_000),
            _ => write!(f, "{:.2} s", us as f64 / 1e6),
        }
    }
}

/// [`Bytes`] as text.
pub(super) fn bytes(count: u64) -> String {
    Bytes(count).to_string()
}

/// [`Latency`] as text.
pub(super) fn latency(us: u64) -> String {
    Latency(us).to_string()
}

/// `1 retransmit`, `2 retransmits`.
pub(super) fn retransmits(count: u32) -> String {
    counted(count.into(), "retransmit", "retransmits")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_are_in_the_unit_that_fits_and_whole_where_they_are() {
        let shown =
            [529, 1005, 99_940, 204_000, 875_700, 999_499, 999_500, 1_000_000, 61_250_000].map(latency);
        let expected =
            ["529 µs", "1.0 ms", "99.9 ms", "204 ms", "876 ms", "999 ms", "1.00 s", "1 s", "61.25 s"];
        assert_eq!(shown, expected);
    }

    #[test]
    fn bytes_are_exact_while_they_are_short() {
        let shown = [0, 1, 9999, 10_000, 1 << 20, 24 << 20, 1_073_700_000, 1 << 40].map(bytes);
        let expected = ["0 B", "1 B", "9999 B", "9.77 KiB", "1.00 MiB", "24.0 MiB", "1.00 GiB", "1.00 TiB"];
        assert_eq!(shown, expected);
    }

    proptest! {
        #[test]
        fn no_number_of_bytes_is_wider_than_eight_columns(count: u64) {
            prop_assert!(bytes(count).len() <= 8, "{}", bytes(count));
        }
    }
}
