//! What one connection sends, on its way to the output all share: made visible for a terminal, cut into tagged lines.

use super::lines::Lines;
use crate::sys::pump::Filter;

/// The text of one connection.
pub(in crate::cmd) struct Incoming {
    visible: Option<Filter>,
    lines: Option<Lines>,
    shown: Vec<u8>,
    text: Vec<u8>,
}

impl Incoming {
    /// Bytes as they come, but for `visible`.
    pub(in crate::cmd) fn bytes(visible: Option<Filter>) -> Self {
        Self { visible, lines: None, shown: Vec::new(), text: Vec::new() }
    }

    /// Whole lines that begin with `tag`.
    pub(in crate::cmd) fn lines(visible: Option<Filter>, tag: String) -> Self {
        Self { visible, lines: Some(Lines::new(tag)), shown: Vec::new(), text: Vec::new() }
    }

    /// Adds what came.
    pub(in crate::cmd) fn push(&mut self, bytes: &[u8]) {
        self.shown.clear();
        let bytes = match &mut self.visible {
            Some(filter) => {
                filter(bytes, &mut self.shown);
                &self.shown
            }
            None => bytes,
        };
        match &mut self.lines {
            Some(lines) => lines.push(bytes, &mut self.text),
            None => self.text.extend_from_slice(bytes),
        }
    }

    /// The connection ended: a last line without line feed gets one.
    pub(in crate::cmd) fn finish(&mut self) {
        if let Some(lines) = &mut self.lines {
            lines.finish(&mut self.text);
        }
    }

    /// Whether there is something to print.
    pub(in crate::cmd) fn is_ready(&self) -> bool {
        !self.text.is_empty()
    }

    /// Takes what can be printed.
    pub(in crate::cmd) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.text)
    }
}
