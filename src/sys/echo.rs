//! Where the cursor of a terminal is left in the middle of a line: behind the `^C` that it echoed when Ctrl-C ends the
//! program, and behind received text without a line feed.

use super::signal::{Signal, Stop};
use super::{cursor, fd, tty};
use rustix::termios::{LocalModes, tcgetattr};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};

/// Asks whether a line feed is due on standard error before anything else is printed there.
pub struct EchoedInterrupt {
    stop: Stop,
    /// Standard error, if it is a terminal.
    terminal: Option<OwnedFd>,
    settled: AtomicBool,
}

impl EchoedInterrupt {
    /// Watches standard error until the program is asked to end.
    #[must_use]
    pub fn new(stop: Stop) -> Self {
        let terminal = fd::is_terminal(fd::errors()).then(|| fd::duplicate(fd::errors()).ok()).flatten();
        Self { stop, terminal, settled: AtomicBool::new(false) }
    }

    /// Whether a line feed is due; true at most once.
    pub fn take(&self) -> bool {
        self.is_echoed() && !self.settled.swap(true, Ordering::SeqCst)
    }

    /// Whether a line feed is due after received text, where that goes to the same terminal; true once for each such text.
    pub fn take_unfinished(&self) -> bool {
        !self.settled.load(Ordering::SeqCst) && cursor::take_unfinished()
    }

    /// Somebody else looks after the terminal: no line feed will be due.
    pub fn settle(&self) {
        self.settled.store(true, Ordering::SeqCst);
    }

    fn is_echoed(&self) -> bool {
        let Some(terminal) = self.terminal.as_ref().filter(|_| self.stop.signal() == Some(Signal::Interrupt))
        else {
            return false;
        };
        let echo = LocalModes::ECHO | LocalModes::ECHOCTL | LocalModes::ISIG;
        tty::in_foreground(terminal.as_fd())
            && tcgetattr(terminal).is_ok_and(|mode| mode.local_modes.contains(echo))
    }
}
