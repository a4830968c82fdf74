//! A line that is rewritten in place on a terminal, and taken away before anything else is shown.

use rustix::termios::tcgetwinsize;
use std::fs::File;

/// Columns where the terminal does not say how many it has.
const COLUMNS: u16 = 80;

/// The line in place, if one is shown.
#[derive(Default)]
pub(super) struct Momentary {
    /// Columns it takes.
    shown: usize,
}

impl Momentary {
    /// Adds what takes the line away.
    pub(super) fn erase(&mut self, out: &mut Vec<u8>) {
        if self.shown > 0 {
            out.push(b'\r');
            out.resize(out.len() + self.shown, b' ');
            out.push(b'\r');
            self.shown = 0;
        }
    }

    /// Adds `text`, cut to the width of the terminal it goes to.
    pub(super) fn show(&mut self, text: &str, terminal: &File, out: &mut Vec<u8>) {
        let columns = tcgetwinsize(terminal).ok().map(|size| size.ws_col).filter(|n| *n > 0);
        // A character in the last column may move the cursor to the next line.
        let most = usize::from(columns.unwrap_or(COLUMNS)).saturating_sub(1);
        self.erase(out);
        let cut: String = text.chars().take(most).collect();
        out.extend_from_slice(cut.as_bytes());
        self.shown = cut.chars().count();
    }
}
