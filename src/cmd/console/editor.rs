//! The line editor's side of the console: a thread that reads keys, and the turns it takes with the printer.

use crate::sys::terminal::Mode;
use crate::sys::{signal, stdio};
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Config, Helper, Prompt};
use std::cell::RefCell;
use std::io::ErrorKind;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Lines one can come back to.
const HISTORY: usize = 1000;

/// Shown where keys were lost: the editor drops what it had read ahead along with those it cannot take.
const NOT_TEXT: &[u8] = b"* not UTF-8: those keys and any that came along with them were left out\n";

/// A line editor that tells when it edits.
pub(super) type Editor = rustyline::Editor<Hand, MemHistory>;

/// What the editor does, for the printer: text goes through the editor while it edits, and past it when it is done.
/// Between two lines it is neither here nor there, and text would end up beside the prompt.
#[derive(Clone, Default)]
pub(super) struct Turns(Arc<(Mutex<Turn>, Condvar)>);

/// See [`Turns`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Turn {
    /// Between two lines.
    #[default]
    Between,
    /// A prompt stands on the screen.
    Editing,
    /// No prompt will come any more.
    Over,
}

impl Turns {
    fn set(&self, turn: Turn) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = turn;
        self.0.1.notify_all();
    }

    /// Waits while the editor is between two lines, but not longer than `limit`.
    pub(super) fn wait(&self, limit: Duration) -> Turn {
        let turn = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.0.1.wait_timeout_while(turn, limit, |turn| *turn == Turn::Between);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// An editor, if this terminal can move its cursor.
pub(super) fn open(turns: &Turns) -> Option<(Editor, impl rustyline::ExternalPrinter + Send + 'static)> {
    let config = Config::builder().max_history_size(HISTORY).ok()?.build();
    let history = MemHistory::with_config(&config);
    let mut editor = Editor::with_history(config, history).ok()?;
    editor.set_helper(Some(Hand { turns: turns.clone(), line: RefCell::default() }));
    let printer = editor.create_external_printer().ok()?;
    Some((editor, printer))
}

/// Reads lines until the person has no more to say; then the terminal is in `mode` again, so that Ctrl-C is a signal.
pub(super) fn edit(editor: Editor, prompt: &'static str, mode: &Mode, turns: &Turns, into: OwnedFd) {
    read_lines(editor, prompt, turns, into);
    // A terminal that is gone has no mode.
    let _ = mode.restore(stdio::input());
    turns.set(Turn::Over);
}

fn read_lines(mut editor: Editor, prompt: &'static str, turns: &Turns, into: OwnedFd) {
    let prompt = Announced { prompt, turns: turns.clone() };
    let mut begun = (String::new(), String::new());
    loop {
        let typed = editor.readline_with_initial(&prompt, (&begun.0, &begun.1));
        turns.set(Turn::Between);
        begun = editor.helper().map(|hand| hand.line.take()).unwrap_or_default();
        match typed {
            Ok(mut line) => {
                begun = Default::default();
                // The history only serves the person; a failure to keep a line costs that line.
                let _ = editor.add_history_entry(&line);
                line.push('\n');
                if stdio::write_all(into.as_fd(), line.as_bytes()).is_err() {
                    return;
                }
            }
            Err(ReadlineError::Interrupted) => {
                signal::interrupt_self();
                // Not an end of input, which might be taken for the end before the signal is.
                return std::mem::forget(into);
            }
            Err(ReadlineError::Io(error)) if error.kind() == ErrorKind::InvalidData => {
                // A terminal that takes nothing has the next read fail.
                let _ = stdio::write_all(stdio::output(), NOT_TEXT);
            }
            Err(_) => return,
        }
    }
}

/// A prompt that tells when it is about to be shown: the editor asks for its text once it has the terminal.
struct Announced {
    prompt: &'static str,
    turns: Turns,
}

impl Prompt for Announced {
    fn raw(&self) -> &str {
        self.turns.set(Turn::Editing);
        self.prompt
    }
}

/// What the editor asks while it edits; it learns nothing new, but we learn where it is.
pub(super) struct Hand {
    turns: Turns,
    /// The line before and after the cursor: bytes that are no text end the editor's turn, and the line must not go
    /// with them.
    line: RefCell<(String, String)>,
}

/// The editor asks whether a line is complete when Enter was hit: from here on the prompt is on its way out.
impl Validator for Hand {
    fn validate(&self, _: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        self.turns.set(Turn::Between);
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

impl Highlighter for Hand {}

impl Helper for Hand {}
