//! Arrows of text between two lifelines.

use super::Side;
use crate::text::shorten::{columns, shorten};

/// The least of a line beside its label: a blank, a dash and a head or another dash, on both sides.
const LINE: usize = 6;

/// A label on a line with a head, `width` columns; a segment that got `lost` ends half-way, an `implied` one is dashed.
#[must_use]
pub fn arrow(from: Side, label: &str, width: usize, lost: bool, implied: bool) -> String {
    let line = if implied { '╌' } else { '─' };
    let label = shorten(label, width.saturating_sub(LINE));
    let room = width.saturating_sub(columns(&label) + 2).max(LINE - 2);
    let (before, behind) = (room / 2, room - room / 2);
    let lines = |n: usize| std::iter::repeat_n(line, n).collect::<String>();
    match (from, lost) {
        (Side::Left, false) => format!("{} {label} {}▶", lines(before), lines(behind - 1)),
        (Side::Right, false) => format!("◀{} {label} {}", lines(before - 1), lines(behind)),
        (Side::Left, true) => format!("{} {label} ✗{}", lines(before), " ".repeat(behind - 1)),
        (Side::Right, true) => format!("{}✗ {label} {}", " ".repeat(before - 1), lines(behind)),
    }
}
