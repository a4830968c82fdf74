//! SIGINT and SIGTERM as something that can be waited for: the first asks to end in order, a second ends at once.

use super::error::{Error, Result};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// A signal that asks the program to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// kill(1).
    Terminate,
}

impl Signal {
    /// The signal's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
        }
    }

    /// The exit status of a program it ended: 128 and the signal's number.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

/// Asks this program to end, as Ctrl-C does on a terminal whose mode passes it on as a key.
pub fn interrupt_self() {
    // Signalling oneself is always allowed (kill(2)).
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::INT);
}

/// Turns readable once the program was asked to end. Cheap to clone.
#[derive(Clone)]
pub struct Stop {
    readable: Arc<OwnedFd>,
    seen: Arc<AtomicUsize>,
}

impl Stop {
    /// Installs the handlers, also where a script's shell started the program in the background with SIGINT ignored:
    /// who sends it a signal by name means it.
    pub fn install() -> Result<Self> {
        let failed = |e: io::Error| Error::new("sigaction", "", e);
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let (readable, writable) =
            socketpair(AddressFamily::UNIX, SocketType::STREAM, flags, None).map_err(|e| failed(e.into()))?;
        let seen = Arc::new(AtomicUsize::new(0));
        let second = Arc::new(AtomicBool::new(false));
        for (number, signal) in [(libc::SIGINT, Signal::Interrupt), (libc::SIGTERM, Signal::Terminate)] {
            signal_hook::flag::register_conditional_default(number, Arc::clone(&second)).map_err(failed)?;
            signal_hook::flag::register(number, Arc::clone(&second)).map_err(failed)?;
            let code = usize::from(signal.exit_code());
            signal_hook::flag::register_usize(number, Arc::clone(&seen), code).map_err(failed)?;
            let writable = writable.try_clone().map_err(failed)?;
            signal_hook::low_level::pipe::register(number, writable).map_err(failed)?;
        }
        // The write end must outlive the handlers' copies, or the read end would look ready when none is installed.
        std::mem::forget(writable);
        Ok(Self { readable: Arc::new(readable), seen })
    }

    /// The signal that came, if one did.
    #[must_use]
    pub fn signal(&self) -> Option<Signal> {
        match self.seen.load(Ordering::SeqCst) {
            130 => Some(Signal::Interrupt),
            143 => Some(Signal::Terminate),
            _ => None,
        }
    }
}

impl AsFd for Stop {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.readable.as_fd()
    }
}

impl AsRawFd for Stop {
    fn as_raw_fd(&self) -> RawFd {
        self.readable.as_raw_fd()
    }
}
