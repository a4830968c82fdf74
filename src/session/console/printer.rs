//! Where text is shown: above the prompt while there is one. For the console alone.

use super::prompt::{PromptState, Turn};
use crate::sys::{fd, tty};
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

/// How long the printer waits for the editor between two lines; an editor that is stuck does not hide what comes.
const BETWEEN: Duration = Duration::from_millis(200);
/// How long text waits for somebody in the middle of several keys (a search, Ctrl-V, Ctrl-X) before they are cut short.
const PATIENCE: Duration = Duration::from_secs(3);
/// The same while so much waits that the room might take us for too slow; a paste takes less.
const GRACE: Duration = Duration::from_millis(300);
/// Bytes that wait then: half of what a pipe holds.
const MUCH: u64 = 32 << 10;
/// How long the prompt waits for the editor to draw it after a stop.
const SOON: Duration = Duration::from_millis(200);
/// How often the printer looks whether to be patient still.
const POLL_FIRST: Duration = Duration::from_millis(50);
/// An editor that was called and has told nothing after this long was about to stop or to go on (Ctrl-Z): then text is
/// shown past it, and it does not tell.
const CALLED: Duration = Duration::from_millis(400);
/// Has the editor draw its prompt where the cursor is: up a row and, by its line end, down again.
const NOTHING: &str = "\x1b[A\n";

/// Shows text through the editor.
pub(super) struct PromptPrinter<P> {
    pub(super) printer: P,
    pub(super) state: PromptState,
}

impl<P: rustyline::ExternalPrinter> PromptPrinter<P> {
    /// Shows `text`; more of it waits in `pipe`.
    pub(super) fn show(&mut self, text: &str, pipe: BorrowedFd<'_>) {
        let editing = self.state.wait(BETWEEN) == Turn::Editing;
        if !(editing && self.pass(text, pipe, PATIENCE)) {
            // A terminal that is gone needs no text.
            let _ = fd::write_all(fd::output(), text.as_bytes());
        }
    }

    /// Draws the prompt anew.
    pub(super) fn redraw(&mut self, pipe: BorrowedFd<'_>) {
        if self.state.wait(BETWEEN) == Turn::Editing {
            self.pass(NOTHING, pipe, SOON);
        }
    }

    /// Gives `text` to the editor and waits until it is shown; false if it never will be.
    fn pass(&mut self, text: &str, pipe: BorrowedFd<'_>, patience: Duration) -> bool {
        self.state.give();
        if self.printer.print(text.to_owned()).is_err() {
            return false;
        }
        let begun = Instant::now();
        let mut called = None;
        loop {
            if let Some(shown) = self.state.wait_taken(POLL_FIRST) {
                self.state.end_call();
                return shown;
            }
            match called {
                None if begun.elapsed() >= patience || self.is_urgent(begun.elapsed(), pipe) => {
                    self.state.call();
                    called = Some(Instant::now());
                }
                Some(at) if at.elapsed() >= CALLED => {
                    self.state.end_call();
                    return true;
                }
                _ => {}
            }
        }
    }

    fn is_urgent(&self, waited: Duration, pipe: BorrowedFd<'_>) -> bool {
        let much = || tty::waiting(pipe) >= MUCH;
        self.state.is_hurried() || (waited >= GRACE && much())
    }
}
