//! What the editor does, for the printer: text goes through the editor while it edits, and past it when it is done.
//! Between two lines it is neither here nor there, and text would end up beside the prompt. For the console alone.

use crate::sys::fd;
use crate::sys::signal::{self, Thread};
use crate::sys::tty::{self, Mode};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Shared by the editor's thread, the printer's and the console.
#[derive(Clone, Default)]
pub(super) struct PromptState(Arc<(Mutex<State>, Condvar)>);

/// See [`PromptState`].
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

#[derive(Default)]
struct State {
    turn: Turn,
    editor: Option<Thread>,
    /// Text was given to the editor, which has not shown it yet.
    given: bool,
    /// The mode the terminal had when the editor was called away from a key it waits for.
    called: Option<Mode>,
    /// The program waits for the last text to be shown.
    ending: bool,
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

    /// For the editor: the thread that reads keys is this one.
    pub(super) fn belong_to_this_thread(&self) {
        self.change(|state| state.editor = Some(Thread::current()));
    }

    /// For the editor: another turn begins.
    pub(super) fn set(&self, turn: Turn) {
        self.change(|state| state.turn = turn);
    }

    /// For the editor: the last turn is over; `leave` runs while nobody changes the terminal's mode.
    pub(super) fn end(&self, leave: impl FnOnce()) {
        self.change(|state| {
            leave();
            state.turn = Turn::Over;
        });
    }

    /// For the editor: what was given is shown.
    pub(super) fn take(&self) {
        self.change(|state| state.given = false);
    }

    /// For the editor: whether it was called away from a key it waited for.
    pub(super) fn is_called(&self) -> bool {
        self.state().called.is_some()
    }

    /// For the console: from now on nothing is worth waiting for but the last text.
    pub(super) fn hurry(&self) {
        self.change(|state| state.ending = true);
    }

    /// Whether no more keys are read.
    pub(super) fn is_over(&self) -> bool {
        self.state().turn == Turn::Over
    }

    pub(super) fn is_hurried(&self) -> bool {
        self.state().ending
    }

    /// Waits while the editor is between two lines, but not longer than `limit`.
    pub(super) fn wait(&self, limit: Duration) -> Turn {
        self.wait_while(limit, |state| state.turn == Turn::Between).turn
    }

    /// For the printer: text is about to be given to the editor.
    pub(super) fn give(&self) {
        self.change(|state| state.given = true);
    }

    /// Waits until the editor has shown what was given to it, but not longer than `limit`; `None` if it has not, and
    /// false if it never will.
    pub(super) fn wait_taken(&self, limit: Duration) -> Option<bool> {
        let state = self.wait_while(limit, |state| state.given && state.turn != Turn::Over);
        if state.given && state.turn != Turn::Over { None } else { Some(!state.given) }
    }

    /// Calls the editor away from a key it waits for; one that waits for none goes on as before.
    pub(super) fn call(&self) {
        self.change(|state| {
            let input = fd::input();
            let Some(editor) = state.editor.filter(|_| state.turn != Turn::Over) else { return };
            // In the background the change would stop the program (SIGTTOU), and no key is on its way.
            if state.called.is_none() && tty::in_foreground(input) {
                state.called = Mode::of(input).ok().filter(|mode| mode.read_shortly(input).is_ok());
            }
            signal::wake(editor);
        });
    }

    /// Takes [`Self::call`] back.
    pub(super) fn end_call(&self) {
        self.change(|state| {
            let called = state.called.take().filter(|_| state.turn != Turn::Over);
            if let Some(mode) = called.filter(|_| tty::in_foreground(fd::input())) {
                // A terminal that is gone has no mode.
                let _ = mode.restore(fd::input());
            }
        });
    }

    /// Runs `renew` if keys are still read, while nobody else changes the terminal's mode.
    pub(super) fn renew(&self, renew: impl FnOnce()) {
        let state = self.state();
        if state.turn != Turn::Over && tty::in_foreground(fd::input()) {
            renew();
        }
    }
}
