//! The line editor's side of the console: a thread that reads keys. For the console alone.

use super::prompt::{PromptState, Turn};
use crate::sys::tty::Mode;
use crate::sys::{fd, signal};
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{ColorMode, Config, Helper, Prompt};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::io::ErrorKind;
use std::os::fd::{AsFd, OwnedFd};

/// Lines one can come back to.
const HISTORY: usize = 1000;

/// Milliseconds until Esc alone is a key of its own and no longer the begin of another, as in other line editors.
const ESCAPE: u16 = 500;

/// Clears the row above, where the editor left the line it was called away from.
const CLEAR_LEFT: &[u8] = b"\x1b[A\x1b[J";

/// Shown where keys were lost: the editor drops what it had read ahead along with those it cannot take.
const NOT_TEXT: &[u8] = b"* not UTF-8: those keys and any that came along with them were left out\n";

/// A line editor that tells when it edits.
pub(super) type Editor = rustyline::Editor<Hand, MemHistory>;

/// An editor, if this terminal can move its cursor.
pub(super) fn open(
    state: &PromptState,
) -> Option<(Editor, impl rustyline::ExternalPrinter + Send + 'static)> {
    // No colour is used, but only an editor that may use some tells what it draws.
    let config = Config::builder().max_history_size(HISTORY).ok()?.keyseq_timeout(Some(ESCAPE));
    let config = config.color_mode(ColorMode::Forced).build();
    let history = MemHistory::with_config(&config);
    let mut editor = Editor::with_history(config, history).ok()?;
    editor.set_helper(Some(Hand {
        state: state.clone(),
        line: RefCell::default(),
        redraws: Cell::default(),
    }));
    let printer = editor.create_external_printer().ok()?;
    Some((editor, printer))
}

/// Reads lines until the person has no more to say; then the terminal is in `mode` again, so that Ctrl-C is a signal.
pub(super) fn edit(editor: Editor, prompt: &'static str, mode: &Mode, state: &PromptState, into: OwnedFd) {
    state.belong_to_this_thread();
    let typed = read_lines(editor, prompt, state, into);
    // A terminal that is gone has no mode.
    state.end(|| drop(mode.restore(fd::input())));
    // Only now: whoever sees this end finds that the person ended first.
    drop(typed);
}

/// Writes lines into `into`, which it gives back at the end of input.
fn read_lines(
    mut editor: Editor,
    prompt: &'static str,
    state: &PromptState,
    into: OwnedFd,
) -> Option<OwnedFd> {
    let prompt = Announced { prompt, state: state.clone() };
    let mut begun = (String::new(), String::new());
    loop {
        let typed = editor.readline_with_initial(&prompt, (&begun.0, &begun.1));
        state.set(Turn::Between);
        begun = editor.helper().map(|hand| hand.line.take()).unwrap_or_default();
        match typed {
            Ok(mut line) => {
                begun = Default::default();
                // The history only serves the person; a failure to keep a line costs that line.
                let _ = editor.add_history_entry(&line);
                line.push('\n');
                if fd::write_all(into.as_fd(), line.as_bytes()).is_err() {
                    return Some(into);
                }
            }
            // It was called away from a key it waited for, to show what came.
            Err(ReadlineError::Eof | ReadlineError::Signal(_)) if state.is_called() => {
                let _ = fd::write_all(fd::output(), CLEAR_LEFT);
            }
            // The window has another size; the editor asks for it anew.
            Err(ReadlineError::Signal(_)) => {}
            Err(ReadlineError::Interrupted) => {
                signal::interrupt_self();
                // Not an end of input, which might be taken for the end before the signal is.
                std::mem::forget(into);
                return None;
            }
            Err(ReadlineError::Io(error)) if error.kind() == ErrorKind::InvalidData => {
                // A terminal that takes nothing has the next read fail.
                let _ = fd::write_all(fd::output(), NOT_TEXT);
            }
            Err(_) => return Some(into),
        }
    }
}

/// A prompt that tells when it is about to be shown: the editor asks for its text once it has the terminal.
struct Announced {
    prompt: &'static str,
    state: PromptState,
}

impl Prompt for Announced {
    fn raw(&self) -> &str {
        self.state.set(Turn::Editing);
        self.prompt
    }
}

/// What the editor asks while it edits; it learns nothing new, but we learn where it is.
pub(super) struct Hand {
    state: PromptState,
    /// The line before and after the cursor: bytes that are no text end the editor's turn, and the line must not go
    /// with them.
    line: RefCell<(String, String)>,
    /// Whether the editor is about to draw for a reason of its own.
    redraws: Cell<bool>,
}

/// The editor asks whether a line is complete when Enter was hit: from here on the prompt is on its way out.
impl Validator for Hand {
    fn validate(&self, _: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        self.state.set(Turn::Between);
        Ok(ValidationResult::Valid(None))
    }
}

impl Completer for Hand {
    type Candidate = String;
}

/// The editor asks for a hint after each change.
impl Hinter for Hand {
    type Hint = String;

    fn hint(&self, line: &str, cursor: usize, _: &rustyline::Context<'_>) -> Option<String> {
        let (before, after) = line.split_at(cursor);
        *self.line.borrow_mut() = (before.to_owned(), after.to_owned());
        None
    }
}

/// The editor asks for a prompt's colour whenever it draws: for a key, of which it asked for the characters first, or
/// because it has shown what was given to it.
impl Highlighter for Hand {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        if !self.redraws.take() {
            self.state.take();
        }
        Cow::Borrowed(prompt)
    }

    /// Always true: then each key is followed by a drawing, none is left to be taken for one of given text.
    fn highlight_char(&self, _: &str, _: usize, _: CmdKind) -> bool {
        self.redraws.set(true);
        true
    }
}

impl Helper for Hand {}
