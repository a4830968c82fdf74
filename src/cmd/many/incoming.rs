//! What one connection sends, on its way to the output all share: made visible for a terminal, cut into tagged lines.

use super::lines::Lines;
use crate::sys::pump::Filter;

/// The text of one connection.
pub(in crate::cmd) struct Incoming {
    visible: Option<Filter>,
    lines: Option<Lines>,
    shown: Vec<u8>,
}

impl Incoming {
    /// Bytes as they come, but for `visible`.
    pub(in crate::cmd) fn bytes(visible: Option<Filter>) -> Self {
        Self { visible, lines: None, shown: Vec::new() }
    }

    /// Whole lines that begin with `tag`.
    pub(in crate::cmd) fn lines(visible: Option<Filter>, tag: String) -> Self {
        Self { visible, lines: Some(Lines::new(tag)), shown: Vec::new() }
    }

    /// Appends what `bytes` makes complete to `out`.
    pub(in crate::cmd) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.shown.clear();
        let bytes = match &mut self.visible {
            Some(filter) => {
                filter(bytes, &mut self.shown);
                &self.shown
            }
            None => bytes,
        };
        match &mut self.lines {
            Some(lines) => lines.push(bytes, out),
            None => out.extend_from_slice(bytes),
        }
    }

    /// Appends what was held back when the connection ended: a last line without line feed gets one.
    pub(in crate::cmd) fn finish(&mut self, out: &mut Vec<u8>) {
        if let Some(lines) = &mut self.lines {
            lines.finish(out);
        }
    }
}
