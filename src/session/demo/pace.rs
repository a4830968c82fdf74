//! Time to read: a pause after each thing that is shown on a terminal, which a key ends.

use crate::session::wait::{expect_running, wait};
use crate::sys::poll::Interest;
use crate::sys::signal::{self, Stop};
use crate::sys::tty::{self, Mode};
use crate::sys::{Error, blocking, fd};
use std::io;
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// The pause at speed 1: for itself, and for each character that is to be read.
const LEAST: Duration = Duration::from_millis(350);
const EACH: Duration = Duration::from_millis(28);

/// The pauses of a run.
pub(super) struct Pace {
    speed: f64,
    /// The mode of the terminal whose keys are read, as it was.
    mode: Option<Mode>,
}

impl Pace {
    /// Pauses on a terminal, `speed` times as fast as usual; keys are those of standard input, if that is one.
    pub(super) fn on_terminal(speed: f64) -> crate::sys::Result<Self> {
        let input = fd::input();
        let reads = fd::is_terminal(input) && tty::in_foreground(input);
        let mode = reads.then(|| Mode::of(input)).transpose();
        let mode = mode.map_err(|e| Error::new("open", "the terminal", e))?;
        if let Some(mode) = &mode {
            mode.remember();
            signal::mind_the_terminal().map_err(|e| Error::new("sigaction", "", e))?;
        }
        Ok(Self { speed, mode })
    }

    /// Whether keys are read.
    pub(super) const fn has_keys(&self) -> bool {
        self.mode.is_some()
    }

    /// Pauses for so many characters, or until a key; `Break` after `q`, or where the terminal is gone.
    pub(super) fn rest(&mut self, characters: usize, stop: &Stop) -> anyhow::Result<ControlFlow<()>> {
        let characters = u32::try_from(characters).unwrap_or(u32::MAX);
        let deadline = Instant::now() + (LEAST + EACH * characters).div_f64(self.speed);
        let input = fd::input();
        // It is set anew each time: a shell puts its own back after a stop (Ctrl-Z).
        if let Some(mode) = self.mode.as_ref().filter(|_| tty::in_foreground(input)) {
            mode.pass_characters(input).map_err(|e| Error::new("tcsetattr", "the terminal", e))?;
        }
        let fds = if self.mode.is_some() { vec![(input, Interest::Reading)] } else { Vec::new() };
        let ready = wait(fds, stop, Some(deadline))?;
        if !ready.contains(&true) {
            return Ok(ControlFlow::Continue(()));
        }
        let mut keys = [0; 64];
        let read = blocking::read(input.as_fd(), &mut keys).unwrap_or(0);
        expect_running(stop)?;
        let ends = read == 0 || keys[..read].iter().any(|key| matches!(key, b'q' | b'Q'));
        Ok(if ends { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }
}

impl Drop for Pace {
    fn drop(&mut self) {
        if let Some(mode) = &self.mode {
            let input = fd::input();
            let _: io::Result<()> = if tty::in_foreground(input) { mode.restore(input) } else { Ok(()) };
            tty::forget();
        }
    }
}
