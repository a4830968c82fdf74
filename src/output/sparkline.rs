//! Figures as blocks: a line of columns for the last values, a bar for a part of a whole.

/// Columns of one character, from low to high.
const COLUMNS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// The last character of a bar, by eighths.
const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// The last `width` values as columns, the highest of them full; right-aligned.
pub(super) fn sparkline(values: impl IntoIterator<Item = u64>, width: usize) -> String {
    let values: Vec<u64> = values.into_iter().collect();
    let last = &values[values.len().saturating_sub(width)..];
    let most = last.iter().copied().max().unwrap_or(0).max(1);
    let column = |value: u64| COLUMNS[usize::try_from(u128::from(value) * 7 / u128::from(most)).unwrap_or(7)];
    let blank = std::iter::repeat_n(' ', width - last.len());
    blank.chain(last.iter().map(|value| column(*value))).collect()
}

/// A bar of `width` characters, filled by `part` of `whole`; anything but nothing is seen.
pub(super) fn bar(part: u64, whole: u64, width: usize) -> String {
    let eighths = width * 8;
    let filled = u128::from(part) * eighths as u128 / u128::from(whole.max(1));
    let filled = usize::try_from(filled).unwrap_or(eighths).clamp(usize::from(part > 0), eighths);
    let mut bar: String = std::iter::repeat_n('█', filled / 8).collect();
    if filled % 8 > 0 {
        bar.push(EIGHTHS[filled % 8]);
    }
    bar.extend(std::iter::repeat_n(' ', width - filled.div_ceil(8)));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_highest_of_the_last_values_is_full() {
        assert_eq!(sparkline([9, 0, 7, 14], 3), "▁▄█");
        assert_eq!(sparkline([5], 3), "  █");
        assert_eq!(sparkline([0, 0], 2), "▁▁");
        assert_eq!(sparkline([], 2), "  ");
    }

    #[test]
    fn a_bar_shows_eighths_and_never_hides_a_value() {
        assert_eq!(bar(1, 2, 3), "█▌ ");
        assert_eq!(
            (bar(1, 1_000_000, 2), bar(0, 9, 2), bar(9, 9, 2)),
            ("▏ ".into(), "  ".into(), "██".into())
        );
        assert_eq!((bar(7, 0, 1), bar(20, 9, 1)), ("█".into(), "█".into()));
    }

    proptest! {
        #[test]
        fn a_bar_has_its_width(part: u64, whole: u64, width in 1usize..40) {
            prop_assert_eq!(bar(part, whole, width).chars().count(), width);
        }
    }
}
