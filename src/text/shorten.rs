//! Text for places of limited width.

use super::sanitize;
use std::fmt::Write as _;
use unicode_width::UnicodeWidthChar as _;

/// The columns that text takes on a terminal that shows each character by itself.
#[must_use]
pub fn columns(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// A single line made visible, and cut to `limit` columns of a terminal with an ellipsis where it is longer.
#[must_use]
pub fn shorten(text: &str, limit: usize) -> String {
    // A character takes at most 4 bytes, and hardly more than one of them makes a column.
    let bytes = limit.saturating_mul(16);
    let start = text.char_indices().find(|(at, _)| *at >= bytes).map_or(text, |(at, _)| &text[..at]);
    let shown = sanitize::line(start);
    if start.len() == text.len() && columns(&shown) <= limit {
        return shown;
    }
    let mut left = limit.saturating_sub(1);
    let mut kept: String = shown
        .chars()
        .take_while(|c| {
            let width = c.width().unwrap_or(0);
            let fits = width <= left;
            left = left.saturating_sub(width);
            fits
        })
        .collect();
    kept.push('…');
    kept
}

/// The first of `names` and how many more there are, each of a length that a sentence bears.
#[must_use]
pub fn some_of(names: &[String]) -> String {
    const SHOWN: usize = 4;
    const LONGEST: usize = 60;
    let mut text = names.iter().take(SHOWN).map(|name| shorten(name, LONGEST)).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        // Writing to memory cannot fail.
        let _ = write!(text, " and {} more", names.len() - SHOWN);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn long_text_ends_with_an_ellipsis_and_hostile_text_is_visible() {
        assert_eq!(shorten("CN=example.org", 14), "CN=example.org");
        assert_eq!(shorten("CN=example.org", 13), "CN=example.o…");
        assert_eq!(shorten("a\u{1b}[2J\nb", 20), "a\u{241b}[2J\u{240a}b");
        assert_eq!(shorten("\u{65e5}\u{672c}\u{8a9e}", 5), "\u{65e5}\u{672c}…");
        assert_eq!(shorten(&"x".repeat(1 << 20), 3), "xx…");
    }

    #[test]
    fn many_names_are_counted() {
        let names: Vec<String> = (0..1000).map(|n| format!("n{n}")).collect();
        assert_eq!(some_of(&names[..2]), "n0, n1");
        assert_eq!(some_of(&names), "n0, n1, n2, n3 and 996 more");
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_it_may(text: String, limit in 1usize..40) {
            prop_assert!(columns(&shorten(&text, limit)) <= limit);
        }
    }
}
