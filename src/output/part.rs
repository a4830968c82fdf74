//! Texts of other programs as parts of a line.

use crate::text::sanitize;

/// A text that may be absent, made visible, between `before` and `after`.
pub(super) fn part(before: &str, text: Option<&String>, after: &str) -> String {
    text.map_or_else(String::new, |text| format!("{before}{}{after}", sanitize::line(text)))
}
