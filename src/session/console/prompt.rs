//! The state that the editor, the printer and the console share.
//!
//! Text goes through the editor while it edits, and directly to the terminal when it has ended; between two lines the
//! printer waits, because text would land beside the prompt.

use crate::sys::fd;
use crate::sys::signal::{self, Thread};
use crate::sys::tty::{self, Mode};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Shared by the threads of the editor and the printer, and the console.
#[derive(Clone, Default)]
pub(super) struct PromptState(Arc<(Mutex<State>, Condvar)>);

/// See [`PromptState`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum EditorState {
    /// Between two lines.
    #[default]
    BetweenLines,
    /// The prompt is on the screen.
    Editing,
    /// There are no more prompts.
    Ended,
}

#[derive(Default)]
struct State {
    editor: EditorState,
    thread: Option<Thread>,
    /// Text was submitted to the editor, which has not shown it yet.
    submitted: bool,
    /// The mode the terminal had when the editor was interrupted while it waited for a key.
    interrupted: Option<Mode>,
    /// The console closes: the program waits for the last text to be shown.
    closing: bool,
}

impl PromptState {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.0.1.notify_all();
    }

    fn wait_while(&self, limit: Duration, wait: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let waited = self.0.1.wait_timeout_while(self.state(), limit, |state| wait(state));
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// For the editor: registers this thread as the one that reads keys.
    pub(super) fn register_editor_thread(&self) {
        self.change(|state| state.thread = Some(Thread::current()));
    }

    /// For the editor: sets its state.
    pub(super) fn set(&self, editor: EditorState) {
        self.change(|state| state.editor = editor);
    }

    /// For the editor: it has ended; `leave` runs while no other thread changes the terminal's mode.
    pub(super) fn end(&self, leave: impl FnOnce()) {
        self.change(|state| {
            leave();
            state.editor = EditorState::Ended;
        });
    }

    /// For the editor: the submitted text is shown.
    pub(super) fn set_shown(&self) {
        self.change(|state| state.submitted = false);
    }

    /// For the editor: whether it was interrupted while it waited for a key.
    pub(super) fn is_interrupted(&self) -> bool {
        self.state().interrupted.is_some()
    }

    /// For the console: from now on the printer interrupts the editor for the last text.
    pub(super) fn close(&self) {
        self.change(|state| state.closing = true);
    }

    /// Whether no more keys are read.
    pub(super) fn is_ended(&self) -> bool {
        self.state().editor == EditorState::Ended
    }

    /// Whether the console closes.
    pub(super) fn is_closing(&self) -> bool {
        self.state().closing
    }

    /// Waits while the editor is between two lines, for `limit` at most.
    pub(super) fn wait(&self, limit: Duration) -> EditorState {
        self.wait_while(limit, |state| state.editor == EditorState::BetweenLines).editor
    }

    /// For the printer: text is about to be submitted to the editor.
    pub(super) fn submit(&self) {
        self.change(|state| state.submitted = true);
    }

    /// Waits until the editor has shown the submitted text, for `limit` at most; `None` if it has not, false if it never
    /// will.
    pub(super) fn wait_shown(&self, limit: Duration) -> Option<bool> {
        let state = self.wait_while(limit, |state| state.submitted && state.editor != EditorState::Ended);
        if state.submitted && state.editor != EditorState::Ended { None } else { Some(!state.submitted) }
    }

    /// Interrupts the editor if it waits for a key; otherwise it goes on as before.
    pub(super) fn interrupt(&self) {
        self.change(|state| {
            let input = fd::input();
            let Some(thread) = state.thread.filter(|_| state.editor != EditorState::Ended) else { return };
            // In the background the change would stop the program (SIGTTOU), and no key arrives.
            if state.interrupted.is_none() && tty::in_foreground(input) {
                state.interrupted = Mode::of(input).ok().filter(|mode| mode.read_shortly(input).is_ok());
            }
            signal::wake(thread);
        });
    }

    /// Restores the mode that [`Self::interrupt`] changed.
    pub(super) fn end_interrupt(&self) {
        self.change(|state| {
            let interrupted = state.interrupted.take().filter(|_| state.editor != EditorState::Ended);
            if let Some(mode) = interrupted.filter(|_| tty::in_foreground(fd::input())) {
                // A terminal that is gone has no mode.
                let _ = mode.restore(fd::input());
            }
        });
    }

    /// Runs `change` if keys are still read, while no other thread changes the terminal's mode.
    pub(super) fn change_mode(&self, change: impl FnOnce()) {
        let state = self.state();
        if state.editor != EditorState::Ended && tty::in_foreground(fd::input()) {
            change();
        }
    }
}
