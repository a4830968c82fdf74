//! The line editor's side of the console: a thread that reads keys. For the console alone.

use super::names::{Completion, Names};
use super::prompt::{EditorState, PromptState};
use super::{Config, typed};
use crate::sys::blocking;
use crate::sys::tty::Mode;
use crate::sys::{fd, signal};
use crate::text::clock::Clock;
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{ColorMode, CompletionType, Helper, Prompt};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::io::ErrorKind;
use std::os::fd::{AsFd, OwnedFd};

/// Lines one can come back to.
const HISTORY: usize = 1000;

/// Milliseconds after which Esc is a key of its own and no longer the beginning of another, as in other line editors.
const ESCAPE: u16 = 500;

/// Clears the row above, where the interrupted editor left its line.
const CLEAR_LEFT: &[u8] = b"\x1b[A\x1b[J";

/// Shown where keys were lost: the editor drops what it had read ahead together with those it cannot take.
const NOT_TEXT: &[u8] = b"* input that is not UTF-8 was ignored, and any keys typed with it\n";

/// A line editor that reports its state.
pub(super) type Editor = rustyline::Editor<EditorHooks, MemHistory>;

/// An editor, if this terminal can move its cursor.
pub(super) fn open(
    state: &PromptState,
    names: &Names,
) -> Option<(Editor, impl rustyline::ExternalPrinter + Send + 'static)> {
    // No colour is used, but only an editor that may use colour calls the highlighter.
    let config = rustyline::Config::builder().max_history_size(HISTORY).ok()?.keyseq_timeout(Some(ESCAPE));
    // A list of one candidate is completed without another key.
    let config = config.color_mode(ColorMode::Forced).completion_type(CompletionType::List).build();
    let history = MemHistory::with_config(&config);
    let mut editor = Editor::with_history(config, history).ok()?;
    editor.set_helper(Some(EditorHooks {
        state: state.clone(),
        line: RefCell::default(),
        redraws: Cell::default(),
        names: names.clone(),
        completion: RefCell::default(),
    }));
    let printer = editor.create_external_printer().ok()?;
    Some((editor, printer))
}

/// Reads lines until the end of input; then the terminal is in `mode` again, so that Ctrl-C is a signal.
pub(super) fn edit(editor: Editor, config: Config, mode: &Mode, state: &PromptState, into: OwnedFd) {
    state.register_editor_thread();
    let typed = read_lines(editor, config, state, into);
    // A terminal that is gone has no mode.
    state.end(|| drop(mode.restore(fd::input())));
    // Only now: a reader that finds the end of this pipe finds the state ended.
    drop(typed);
}

/// Writes lines into `into`, which it returns at the end of input.
fn read_lines(mut editor: Editor, config: Config, state: &PromptState, into: OwnedFd) -> Option<OwnedFd> {
    let Config { prompt, stamps, .. } = config;
    let tracked = TrackedPrompt { prompt, state: state.clone() };
    let mut line = (String::new(), String::new());
    let mut clock = Clock::local();
    loop {
        let typed = editor.readline_with_initial(&tracked, (&line.0, &line.1));
        state.set(EditorState::BetweenLines);
        line = editor.helper().map(|hooks| hooks.line.take()).unwrap_or_default();
        match typed {
            Ok(typed) if typed.is_empty() => typed::erase(prompt, ""),
            Ok(mut typed) => {
                line = Default::default();
                if stamps {
                    typed::stamp(prompt, &typed, &mut clock);
                }
                // A line that cannot be kept is only missing in the history.
                let _ = editor.add_history_entry(&typed);
                typed.push('\n');
                if blocking::write_all(into.as_fd(), typed.as_bytes()).is_err() {
                    return Some(into);
                }
            }
            // It was interrupted while it waited for a key, to show text.
            Err(ReadlineError::Eof | ReadlineError::Signal(_)) if state.is_interrupted() => {
                let _ = blocking::write_all(fd::output(), CLEAR_LEFT);
            }
            // The window has another size; the editor asks for it again.
            Err(ReadlineError::Signal(_)) => {}
            Err(ReadlineError::Interrupted) if line != Default::default() => {
                let (before, after) = std::mem::take(&mut line);
                typed::erase(prompt, &(before + &after));
            }
            Err(ReadlineError::Interrupted) => {
                signal::interrupt_self();
                // No end of input, which might be handled before the signal.
                std::mem::forget(into);
                return None;
            }
            Err(ReadlineError::Io(error)) if error.kind() == ErrorKind::InvalidData => {
                // On a terminal that takes nothing the next read fails.
                let _ = blocking::write_all(fd::output(), NOT_TEXT);
            }
            Err(_) => return Some(into),
        }
    }
}

/// A prompt that reports when it is about to be shown: the editor asks for its text once it has the terminal.
struct TrackedPrompt {
    prompt: &'static str,
    state: PromptState,
}

impl Prompt for TrackedPrompt {
    fn raw(&self) -> &str {
        self.state.set(EditorState::Editing);
        self.prompt
    }
}

/// The callbacks of the editor. But for what Tab completes they change nothing; their calls show what the editor does.
pub(super) struct EditorHooks {
    state: PromptState,
    /// The line before and after the cursor: bytes that are not text end the editor's read, and the line must not be
    /// lost with them.
    line: RefCell<(String, String)>,
    /// Whether the editor is about to draw because of a key.
    redraws: Cell<bool>,
    names: Names,
    completion: RefCell<Completion>,
}

/// The editor asks whether a line is complete after Enter: from here on the prompt is about to end.
impl Validator for EditorHooks {
    fn validate(&self, _: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        self.state.set(EditorState::BetweenLines);
        Ok(ValidationResult::Valid(None))
    }
}

/// One candidate at most: with several the editor would wait for a key, and show no text meanwhile.
impl Completer for EditorHooks {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        cursor: usize,
        _: &rustyline::Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let next = self.completion.borrow_mut().next(&line[..cursor], &self.names);
        Ok(next.map_or((cursor, Vec::new()), |(start, candidate)| (start, vec![candidate])))
    }
}

/// The editor asks for a hint after each change.
impl Hinter for EditorHooks {
    type Hint = String;

    fn hint(&self, line: &str, cursor: usize, _: &rustyline::Context<'_>) -> Option<String> {
        let (before, after) = line.split_at(cursor);
        *self.line.borrow_mut() = (before.to_owned(), after.to_owned());
        None
    }
}

/// The editor asks for the prompt's colour whenever it draws: for a key, about whose character it asked first, or
/// because it has shown the submitted text.
impl Highlighter for EditorHooks {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        if !self.redraws.take() {
            self.state.set_shown();
        }
        Cow::Borrowed(prompt)
    }

    /// Always true: then the editor draws after each key, and no such drawing is taken for one of submitted text.
    fn highlight_char(&self, _: &str, _: usize, _: CmdKind) -> bool {
        self.redraws.set(true);
        true
    }
}

impl Helper for EditorHooks {}
