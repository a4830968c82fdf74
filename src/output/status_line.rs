//! The last line of a terminal, rewritten in place and erased before anything else is printed.

use crate::text::shorten::{columns, shorten};
use rustix::termios::tcgetwinsize;
use std::fs::File;

/// The width of a terminal that does not report one.
const COLUMNS: u16 = 80;

/// The line, if one is shown.
#[derive(Default)]
pub(super) struct StatusLine {
    /// Columns of the line shown.
    shown: usize,
    /// The text to show at the end of the batch.
    next: Option<String>,
}

impl StatusLine {
    /// Sets the text to show after the lines of the batch.
    pub(super) fn set(&mut self, text: String) {
        self.next = Some(text);
    }

    /// Drops the text to show.
    pub(super) fn clear(&mut self) {
        self.next = None;
    }

    /// Appends the bytes that erase the line.
    pub(super) fn erase(&mut self, out: &mut Vec<u8>) {
        if self.shown > 0 {
            out.push(b'\r');
            out.resize(out.len() + self.shown, b' ');
            out.push(b'\r');
            self.shown = 0;
        }
    }

    /// Appends the text to show, truncated to the width of `terminal`.
    pub(super) fn show(&mut self, terminal: &File, out: &mut Vec<u8>) {
        let Some(text) = self.next.take() else { return };
        let width = tcgetwinsize(terminal).ok().map(|size| size.ws_col).filter(|n| *n > 0);
        // A character in the last column may move the cursor to the next line.
        let most = usize::from(width.unwrap_or(COLUMNS)).saturating_sub(1);
        self.erase(out);
        let cut = shorten(&text, most);
        out.extend_from_slice(cut.as_bytes());
        self.shown = columns(&cut);
    }
}
