//! The terminal of the live view: its other screen, its keys, its size. Dropping it restores the terminal.

use crate::event::Kind;
use crate::session::Context;
use crate::sys::poll::{Interest, wait};
use crate::sys::tty::{self, Mode};
use crate::sys::{self, Error, blocking, fd, signal};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

/// Ctrl-C, Ctrl-L.
const INTERRUPT: u8 = 3;
const REDRAW: u8 = 12;

/// What ended a wait.
pub(super) enum Input {
    /// It is time for the next frame.
    Due,
    /// The terminal has another size, or shows something else.
    Redraw,
    /// A key or a signal asks for the end, or the terminal is gone.
    Quit,
}

/// The terminal.
pub(super) struct Screen {
    mode: Mode,
    resumed: OwnedFd,
    resized: OwnedFd,
}

impl Screen {
    /// Takes the terminal over; an error of kind `Usage` where there is none.
    pub(super) fn open(context: &Context) -> sys::Result<Self> {
        let failed = |e: io::Error| Error::new("open", "the terminal", e).about(Kind::File);
        let input = fd::input();
        let is_terminal = fd::is_terminal(input) && fd::is_terminal(fd::output());
        if context.json || !is_terminal || !tty::in_foreground(input) {
            let why = io::Error::other(
                "--top needs a terminal in the foreground; type --watch for a stream of changes",
            );
            return Err(Error::new("stat", "--top", why).about(Kind::Usage));
        }
        let mode = Mode::of(input).map_err(failed)?;
        let (resumed, resized) = (signal::resumed().map_err(failed)?, signal::resized().map_err(failed)?);
        mode.remember();
        signal::mind_the_terminal().map_err(failed)?;
        context.echoed.settle();
        let screen = Self { mode, resumed, resized };
        screen.enter().map_err(failed)?;
        Ok(screen)
    }

    fn enter(&self) -> io::Result<()> {
        self.mode.pass_keys(fd::input())?;
        tty::use_other_screen(true);
        blocking::write_all(fd::output(), tty::OTHER_SCREEN)
    }

    /// Waits until the next frame is due, or for a reason to draw or to end before.
    pub(super) fn wait(&self, due: Instant, context: &Context) -> sys::Result<Input> {
        loop {
            let fds = [context.stop.as_fd(), fd::input(), self.resumed.as_fd(), self.resized.as_fd()];
            let fds = fds.map(|fd| (fd, Interest::Reading));
            let ready = wait(&fds, Some(due)).map_err(|e| Error::new("poll", "", e))?;
            if ready[0] {
                return Ok(Input::Quit);
            }
            if ready[2] {
                discard(&self.resumed);
                // The shell has set the mode, and has written to the screen.
                let _ = self.enter();
                return Ok(Input::Redraw);
            }
            if ready[3] {
                discard(&self.resized);
                return Ok(Input::Redraw);
            }
            if !ready[1] {
                return Ok(Input::Due);
            }
            if let Some(input) = keys() {
                return Ok(input);
            }
        }
    }
}

/// One byte came for each signal; one redraw is enough.
fn discard(pipe: &OwnedFd) {
    let _ = blocking::read(pipe.as_fd(), &mut [0; 64]);
}

/// What the keys that were typed ask for.
fn keys() -> Option<Input> {
    let mut keys = [0; 64];
    let count = blocking::read(fd::input(), &mut keys).unwrap_or(0);
    let keys = &keys[..count];
    if keys.contains(&INTERRUPT) {
        signal::interrupt_self();
        return None; // the signal ends the next wait
    }
    if keys.is_empty() || keys.iter().any(|key| matches!(key, b'q' | b'Q')) {
        return Some(Input::Quit);
    }
    keys.contains(&REDRAW).then_some(Input::Redraw)
}

impl Drop for Screen {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing.
        let _ = blocking::write_all(fd::output(), tty::OWN_SCREEN);
        let _ = self.mode.restore(fd::input());
        tty::use_other_screen(false);
        tty::forget();
    }
}
