//! A line that is rewritten in place on a terminal, and taken away before anything else is shown.

use super::sanitize;
use crate::event::Event;
use rustix::termios::tcgetwinsize;
use std::fs::File;

/// Columns where the terminal does not say how many it has.
const COLUMNS: u16 = 80;

/// The line in place, if one is shown.
#[derive(Default)]
pub(super) struct Momentary {
    /// Columns it takes.
    shown: usize,
    /// What is to be shown, unless something else comes after it.
    next: Option<String>,
}

impl Momentary {
    /// What is to be shown when the lines before it are written.
    pub(super) fn set(&mut self, text: String) {
        self.next = Some(text);
    }

    /// Nothing is to be shown.
    pub(super) fn clear(&mut self) {
        self.next = None;
    }

    /// Adds what takes the line away.
    pub(super) fn erase(&mut self, out: &mut Vec<u8>) {
        if self.shown > 0 {
            out.push(b'\r');
            out.resize(out.len() + self.shown, b' ');
            out.push(b'\r');
            self.shown = 0;
        }
    }

    /// Adds what is to be shown, cut to the width of the terminal it goes to.
    pub(super) fn show(&mut self, terminal: &File, out: &mut Vec<u8>) {
        let Some(text) = self.next.take() else { return };
        let columns = tcgetwinsize(terminal).ok().map(|size| size.ws_col).filter(|n| *n > 0);
        // A character in the last column may move the cursor to the next line.
        let most = usize::from(columns.unwrap_or(COLUMNS)).saturating_sub(1);
        self.erase(out);
        let cut: String = text.chars().take(most).collect();
        out.extend_from_slice(cut.as_bytes());
        self.shown = cut.chars().count();
    }
}

/// How far a wait has come: `localhost:80 closed, try 12 (Connection refused; 7s left)`.
pub(super) fn waiting(event: &Event) -> Option<String> {
    let Event::Target { target, outcome, attempt: Some(attempt), text, .. } = event else { return None };
    let why = text.as_ref().map_or_else(String::new, |t| format!(" ({})", sanitize::line(t)));
    Some(format!("{} {}, try {attempt}{why}", sanitize::line(target), outcome.name()))
}
