//! Quantities in the unit that fits.

use crate::text::number::counted;

/// `1 byte`, `512 bytes`, `1.21 MiB`.
pub(super) fn bytes(count: u64) -> String {
    match count {
        0..=9999 => counted(count, "byte", "bytes"),
        _ => indicatif::HumanBytes(count).to_string(),
    }
}

/// Microseconds: `529 µs`, `1.5 ms`, `61.25 s`.
#[allow(clippy::cast_precision_loss)] // shown with three digits
pub(super) fn latency(us: u64) -> String {
    match us {
        0..=999 => format!("{us} µs"),
        1000..=999_949 if us.is_multiple_of(1000) => format!("{} ms", us / 1000),
        1000..=999_949 => format!("{:.1} ms", us as f64 / 1e3),
        _ if us.is_multiple_of(1_000_000) => format!("{} s", us / 1_000_000),
        _ => format!("{:.2} s", us as f64 / 1e6),
    }
}

/// `1 retransmit`, `2 retransmits`.
pub(super) fn retransmits(count: u32) -> String {
    counted(count.into(), "retransmit", "retransmits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_in_the_unit_that_fits_and_whole_where_they_are() {
        let shown = [529, 1005, 204_000, 999_949, 999_950, 1_000_000, 61_250_000].map(latency);
        assert_eq!(shown, ["529 µs", "1.0 ms", "204 ms", "999.9 ms", "1.00 s", "1 s", "61.25 s"]);
    }
}
