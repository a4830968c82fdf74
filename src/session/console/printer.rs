//! Shows text: above the prompt while there is one. For the console alone.

use super::prompt::{EditorState, PromptState};
use crate::sys::blocking;
use crate::sys::{fd, tty};
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

/// How long the printer waits for the editor between two lines; an editor that is stuck does not hide text.
const BETWEEN_TIMEOUT: Duration = Duration::from_millis(200);
/// How long text waits while the editor waits for one of several keys (a search, Ctrl-V, Ctrl-X) before it is interrupted.
const KEY_TIMEOUT: Duration = Duration::from_secs(3);
/// The same while so much waits that the server might find us too slow; a paste takes less.
const FULL_TIMEOUT: Duration = Duration::from_millis(300);
/// Bytes that wait then: half of what a pipe holds.
const FULL: u64 = 32 << 10;
/// How long the prompt waits for the editor to draw it after a stop.
const REDRAW_TIMEOUT: Duration = Duration::from_millis(200);
/// How often the printer checks whether to wait longer.
const POLL_EVERY: Duration = Duration::from_millis(50);
/// An editor that was interrupted and does not answer within this time was about to stop or to continue (Ctrl-Z): then it
/// shows the text without reporting it.
const INTERRUPT_TIMEOUT: Duration = Duration::from_millis(400);
/// Makes the editor draw its prompt where the cursor is: up a row and, by its line end, down again.
const REDRAW: &str = "\x1b[A\n";

/// Shows text through the editor.
pub(super) struct PromptPrinter<P> {
    pub(super) printer: P,
    pub(super) state: PromptState,
}

impl<P: rustyline::ExternalPrinter> PromptPrinter<P> {
    /// Shows `text`; more of it waits in `pipe`.
    pub(super) fn show(&mut self, text: &str, pipe: BorrowedFd<'_>) {
        let editing = self.state.wait(BETWEEN_TIMEOUT) == EditorState::Editing;
        if !(editing && self.submit(text, pipe, KEY_TIMEOUT)) {
            // A terminal that is gone needs no text.
            let _ = blocking::write_all(fd::output(), text.as_bytes());
        }
    }

    /// Draws the prompt again.
    pub(super) fn redraw(&mut self, pipe: BorrowedFd<'_>) {
        if self.state.wait(BETWEEN_TIMEOUT) == EditorState::Editing {
            self.submit(REDRAW, pipe, REDRAW_TIMEOUT);
        }
    }

    /// Submits `text` to the editor and waits until it is shown; false if it never will be.
    fn submit(&mut self, text: &str, pipe: BorrowedFd<'_>, timeout: Duration) -> bool {
        self.state.submit();
        if self.printer.print(text.to_owned()).is_err() {
            return false;
        }
        let begun = Instant::now();
        let mut interrupted = None;
        loop {
            if let Some(shown) = self.state.wait_shown(POLL_EVERY) {
                self.state.end_interrupt();
                return shown;
            }
            match interrupted {
                None if begun.elapsed() >= timeout || self.is_urgent(begun.elapsed(), pipe) => {
                    self.state.interrupt();
                    interrupted = Some(Instant::now());
                }
                Some(at) if at.elapsed() >= INTERRUPT_TIMEOUT => {
                    self.state.end_interrupt();
                    return true;
                }
                _ => {}
            }
        }
    }

    fn is_urgent(&self, waited: Duration, pipe: BorrowedFd<'_>) -> bool {
        let is_full = || tty::waiting(pipe) >= FULL;
        self.state.is_closing() || (waited >= FULL_TIMEOUT && is_full())
    }
}
