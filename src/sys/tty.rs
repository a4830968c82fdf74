//! The terminal's mode, its foreground process group, and pipes put between it and the program.
#![allow(unsafe_code)]

use rustix::termios::{
    InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetpgrp, tcgetwinsize,
    tcsetattr,
};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

/// Ends the mode in which terminals mark pasted text, which a line editor switches on.
pub const NO_PASTE_MARKS: &[u8] = b"\x1b[?2004l";

/// Shows the other screen of a terminal, which scrolls nothing away, without a cursor.
pub const OTHER_SCREEN: &[u8] = b"\x1b[?1049h\x1b[?25l";
/// Shows the screen that was there before, with the cursor.
pub const OWN_SCREEN: &[u8] = b"\x1b[?25h\x1b[?1049l";

/// Whether the other screen is shown, for a signal that ends the program.
static ON_OTHER_SCREEN: AtomicBool = AtomicBool::new(false);

/// Says whether the other screen is shown, so that a signal that ends the program shows the own one again.
pub fn use_other_screen(is_shown: bool) {
    ON_OTHER_SCREEN.store(is_shown, Ordering::SeqCst);
}

/// Columns and lines of a terminal; 80 and 24 of one that does not say.
#[must_use]
pub fn size(terminal: BorrowedFd<'_>) -> (usize, usize) {
    let size = tcgetwinsize(terminal).ok().filter(|size| size.ws_col > 0 && size.ws_row > 0);
    size.map_or((80, 24), |size| (size.ws_col.into(), size.ws_row.into()))
}

/// The mode standard input had before it was changed, for a signal that ends the program. What it points to is never
/// freed: a handler may be reading it.
static BEFORE: AtomicPtr<Mode> = AtomicPtr::new(ptr::null_mut());

/// A terminal's mode at some moment, to come back to.
pub struct Mode(Termios);

impl Mode {
    /// The mode in force.
    pub fn of(terminal: BorrowedFd<'_>) -> io::Result<Self> {
        Ok(Self(tcgetattr(terminal)?))
    }

    /// Changes the mode so that keys are passed on as they are typed, unechoed, none of them a signal (termios(3)).
    pub fn pass_keys(&self, terminal: BorrowedFd<'_>) -> io::Result<()> {
        let mut keys = self.0.clone();
        keys.local_modes -= LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG | LocalModes::IEXTEN;
        keys.input_modes -= InputModes::ICRNL | InputModes::IXON;
        Ok(tcsetattr(terminal, OptionalActions::Now, &keys)?)
    }

    /// Changes the mode so that keys are passed on as they are typed, unechoed; those that are signals stay so (termios(3)).
    pub fn pass_characters(&self, terminal: BorrowedFd<'_>) -> io::Result<()> {
        let mut keys = self.0.clone();
        keys.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
        Ok(tcsetattr(terminal, OptionalActions::Now, &keys)?)
    }

    /// Changes a mode that passes keys so that a read ends empty after a tenth of a second without one (termios(3)).
    pub fn read_shortly(&self, terminal: BorrowedFd<'_>) -> io::Result<()> {
        let mut shortly = self.0.clone();
        shortly.special_codes[SpecialCodeIndex::VMIN] = 0;
        shortly.special_codes[SpecialCodeIndex::VTIME] = 1;
        Ok(tcsetattr(terminal, OptionalActions::Now, &shortly)?)
    }

    /// Has this mode put back by a signal that ends the program, until [`forget`].
    pub fn remember(&self) {
        BEFORE.store(Box::into_raw(Box::new(Self(self.0.clone()))), Ordering::SeqCst);
    }

    /// Puts the mode back; what was typed and not read stays to be read.
    pub fn restore(&self, terminal: BorrowedFd<'_>) -> io::Result<()> {
        Ok(tcsetattr(terminal, OptionalActions::Now, &self.0)?)
    }
}

/// The terminal is as it was: a signal has nothing to put back.
pub fn forget() {
    BEFORE.store(ptr::null_mut(), Ordering::SeqCst);
}

/// Puts back what was remembered. For signal handlers: system calls alone.
pub(super) fn restore_remembered() {
    // SAFETY: it is null or was leaked by `remember`, and nobody writes to it.
    let Some(before) = (unsafe { BEFORE.load(Ordering::SeqCst).as_ref() }) else { return };
    let (input, output) = (super::fd::input(), super::fd::output());
    // In the background the change would stop the program (SIGTTOU), which is to end; its shell has the terminal.
    if !in_foreground(input) {
        return;
    }
    // Neither a terminal that is gone nor one that was stopped (Ctrl-S) holds the end up.
    let _ = before.restore(input);
    let mut room = [rustix::event::PollFd::new(&output, rustix::event::PollFlags::OUT)];
    if rustix::event::poll(&mut room, Some(&rustix::event::Timespec::default())).is_ok_and(|n| n > 0) {
        if ON_OTHER_SCREEN.load(Ordering::SeqCst) {
            let _ = rustix::io::write(output, OWN_SCREEN);
            return;
        }
        let _ = rustix::io::write(output, NO_PASTE_MARKS);
        let _ = rustix::io::write(output, b"\n");
    }
}

/// The columns of a terminal; `None` of what is none, or does not know.
#[must_use]
pub fn columns(terminal: BorrowedFd<'_>) -> Option<usize> {
    let columns = tcgetwinsize(terminal).ok()?.ws_col;
    (columns > 0).then_some(usize::from(columns))
}

/// Whether this process may read the terminal: one in the background would be stopped for it (SIGTTIN).
#[must_use]
pub fn in_foreground(terminal: BorrowedFd<'_>) -> bool {
    tcgetpgrp(terminal).is_ok_and(|group| group == rustix::process::getpgrp())
}

/// Whether reading this terminal would stop this process, a job in the background (SIGTTIN), and take what is meant for
/// somebody else. A terminal that is not the one of its session stops nobody.
#[must_use]
pub fn in_background(terminal: BorrowedFd<'_>) -> bool {
    tcgetpgrp(terminal).is_ok_and(|group| group != rustix::process::getpgrp())
}

/// Reads a terminal as read(2) does, but in the background it is an error (`EIO`) and not a stop.
pub(super) fn read(terminal: BorrowedFd<'_>, buffer: &mut [u8]) -> rustix::io::Result<usize> {
    // SAFETY: the sets are filled in before they are read, and the thread's mask is as before at the end; a blocked SIGTTIN
    // is not sent (termios(3), credentials(7)).
    unsafe {
        let (mut stop, mut before) = (std::mem::zeroed(), std::mem::zeroed());
        libc::sigemptyset(&raw mut stop);
        libc::sigaddset(&raw mut stop, libc::SIGTTIN);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const stop, &raw mut before);
        let answer = rustix::io::read(terminal, &mut *buffer);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, ptr::null_mut());
        if let Ok(length) = answer {
            super::cursor::printed(&buffer[..length]);
        }
        answer
    }
}

/// A pipe: its reading and its writing end.
pub fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?)
}

/// How many bytes wait in a pipe.
#[must_use]
pub fn waiting(pipe: BorrowedFd<'_>) -> u64 {
    rustix::io::ioctl_fionread(pipe).unwrap_or(0)
}

/// A descriptor number that leads elsewhere until this is dropped.
pub struct Diverted {
    number: RawFd,
    original: OwnedFd,
}

/// Makes `number`, which is open and stays so for the rest of the run, lead to `to`.
pub fn divert(number: RawFd, to: &OwnedFd) -> io::Result<Diverted> {
    let original = super::fd::duplicate_of(number)?;
    point(number, to.as_fd())?;
    Ok(Diverted { number, original })
}

impl Drop for Diverted {
    fn drop(&mut self) {
        // It worked once with the same number.
        let _ = point(self.number, self.original.as_fd());
    }
}

fn point(number: RawFd, to: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: dup3(2) takes numbers; replacing what an open number leads to leaves every owner of it valid.
    let answer = unsafe { libc::dup3(to.as_raw_fd(), number, libc::O_CLOEXEC) };
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
