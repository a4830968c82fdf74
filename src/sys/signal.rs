//! SIGINT, SIGTERM and SIGHUP as something that can be waited for: the first asks to end in order, a later one ends at once.
//! Whatever signal ends the program, a terminal whose mode was changed gets it back.
#![allow(unsafe_code)]

use super::error::{Error, Result};
use super::tty;
use rustix::pipe::{PipeFlags, pipe_with};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// Signals that end a program at once: a quit, an abort, an alarm, the two for users (signal(7)).
const DEADLY: [libc::c_int; 5] = [libc::SIGQUIT, libc::SIGABRT, libc::SIGALRM, libc::SIGUSR1, libc::SIGUSR2];

/// A signal asked the program to end; there is one for all of it.
static END_REQUESTED: AtomicBool = AtomicBool::new(false);

/// Whether a signal asked the program to end, so that what is closed now is interrupted and has not failed.
#[must_use]
pub fn end_requested() -> bool {
    END_REQUESTED.load(Ordering::Relaxed)
}

/// A signal that asks the program to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// kill(1).
    Terminate,
    /// The terminal is gone.
    HangUp,
}

impl Signal {
    const ALL: [Self; 3] = [Self::Interrupt, Self::Terminate, Self::HangUp];

    /// The signal's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
            Self::HangUp => "SIGHUP",
        }
    }

    /// Its number (signal(7)).
    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            Self::Interrupt => libc::SIGINT,
            Self::Terminate => libc::SIGTERM,
            Self::HangUp => libc::SIGHUP,
        }
    }

    /// Ends the program by this very signal, so that the parent process sees why: a shell ends its loop, a service
    /// manager knows that it was asked for. Comes back in process 1, which no signal ends by default (kill(2)).
    pub fn end_program(self) {
        if !rustix::process::getpid().is_init() {
            die_of(self.number());
        }
    }

    /// The exit status of a program it ended: 128 and the signal's number.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
            Self::HangUp => 129,
        }
    }
}

/// Asks this program to end, as Ctrl-C does on a terminal whose mode passes it on as a key.
pub fn interrupt_self() {
    // Signalling oneself is always allowed (kill(2)).
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::INT);
}

/// A repetition this soon is the same request: timeout(1) signals the program and then its group, a terminal the group and
/// a shell the program.
const SAME_WISH: u64 = 100_000_000; // nanoseconds

/// A hang-up is never a repetition: the terminal and the shell both send it, and nobody is impatient.
fn end_at_once_if_repeated(signal: Signal, first: Arc<AtomicU64>) -> io::Result<()> {
    let (number, may_repeat) = (signal.number(), signal != Signal::HangUp);
    // The first call looks the clock up (vdso(7)), which allocates and reads files: no work for a handler.
    let _ = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let action = move || {
        END_REQUESTED.store(true, Ordering::Relaxed);
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        let now = now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs();
        if let Err(at) = first.compare_exchange(0, now, Ordering::SeqCst, Ordering::SeqCst)
            && may_repeat
            && now.saturating_sub(at) > SAME_WISH
        {
            die_of(number);
        }
    };
    on_signal(number, action)
}

/// From now on a signal that ends the program puts the terminal's mode back first, see [`tty::Mode::remember`].
/// Signals that are ignored (nohup) stay so.
pub fn mind_the_terminal() -> io::Result<()> {
    for number in DEADLY.into_iter().filter(|&number| !is_ignored(number)) {
        on_signal(number, move || die_of(number))?;
    }
    Ok(())
}

/// Readable once the program went on after a stop (SIGCONT), a byte for each time.
pub fn resumed() -> io::Result<OwnedFd> {
    readable_after(libc::SIGCONT)
}

/// Readable once the terminal has another size (SIGWINCH), a byte for each time.
pub fn resized() -> io::Result<OwnedFd> {
    readable_after(libc::SIGWINCH)
}

fn readable_after(number: libc::c_int) -> io::Result<OwnedFd> {
    let (readable, writable) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
    signal_hook::low_level::pipe::register(number, writable)?;
    Ok(readable)
}

/// A thread of this program.
#[derive(Clone, Copy, Debug)]
pub struct Thread(rustix::thread::Pid);

impl Thread {
    /// The one that calls this.
    #[must_use]
    pub fn current() -> Self {
        Self(rustix::thread::gettid())
    }
}

/// Ends a system call in which this thread waits, by the signal for another window size: the one a line editor minds and
/// everything else ignores.
pub fn wake(thread: Thread) {
    let (program, thread) = (rustix::process::getpid(), thread.0);
    // SAFETY: tgkill(2) takes numbers; a thread that has ended is an error (ESRCH), and needs no wake-up.
    unsafe {
        libc::syscall(libc::SYS_tgkill, program.as_raw_pid(), thread.as_raw_pid(), libc::SIGWINCH);
    }
}

/// Ends the program as `number` does by default, so that its status names the signal; process 1 by the number that stands
/// for it. For signal handlers too.
fn die_of(number: libc::c_int) {
    tty::restore_remembered();
    if rustix::process::getpid().is_init() {
        // SAFETY: _exit(2) takes a number, does not come back, and is safe in a handler.
        unsafe { libc::_exit(128 + number) }
    }
    // It does not come back from these signals.
    let _ = signal_hook::low_level::emulate_default_handler(number);
}

/// Whether a signal is ignored.
pub(super) fn is_ignored(number: libc::c_int) -> bool {
    // SAFETY: all zeroes are a valid sigaction, which the call fills in; with a null action it changes nothing.
    unsafe {
        let mut now: libc::sigaction = std::mem::zeroed();
        libc::sigaction(number, std::ptr::null(), &raw mut now) == 0 && now.sa_sigaction == libc::SIG_IGN
    }
}

/// Ignores a signal in this program alone: a command that it starts has the default again (execve(2)).
pub(super) fn disregard(number: libc::c_int) {
    extern "C" fn nothing(_: libc::c_int) {}
    let handler: extern "C" fn(libc::c_int) = nothing;
    // SAFETY: the handler does nothing. A number that may not be handled is refused (signal(2)).
    unsafe { libc::signal(number, handler as libc::sighandler_t) };
}

/// `run` may make system calls that are safe in a handler (signal-safety(7)) and use atomics, and nothing else.
fn on_signal(number: libc::c_int, run: impl Fn() + Send + Sync + 'static) -> io::Result<()> {
    // SAFETY: both callers keep to the rule above: they read the clock, use atomics and call `die_of`, which makes system
    // calls alone; nothing allocates, locks or panics.
    unsafe { signal_hook::low_level::register(number, run) }.map(drop)
}

/// Asks one part of the program to end, as a signal asks the whole; see [`Stop::of_part`].
pub struct StopRequest {
    writable: OwnedFd,
    seen: Arc<AtomicUsize>,
}

impl StopRequest {
    /// Makes the request.
    pub fn make(&self, signal: Signal) {
        self.seen.store(usize::from(signal.exit_code()), Ordering::SeqCst);
        // It fails only without a reader.
        let _ = rustix::io::write(&self.writable, &[0]);
    }
}

/// Turns readable once the program was asked to end. Cheap to clone.
#[derive(Clone)]
pub struct Stop {
    readable: Arc<OwnedFd>,
    seen: Arc<AtomicUsize>,
}

impl Stop {
    /// Installs the handlers, also where a script's shell started the program in the background with SIGINT ignored:
    /// a signal sent to it by name is meant. An ignored SIGHUP stays so: nohup(1) asks for that.
    pub fn install() -> Result<Self> {
        let failed = |e: io::Error| Error::new("pipe for", "signals", e);
        let refused = |e: io::Error| Error::new("sigaction", "", e);
        // No pair of sockets, which the socket table would show.
        let (readable, writable) =
            pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).map_err(|e| failed(e.into()))?;
        let seen = Arc::new(AtomicUsize::new(0));
        let first = Arc::new(AtomicU64::new(0));
        let survives_hang_up = is_ignored(libc::SIGHUP);
        for signal in Signal::ALL.into_iter().filter(|s| !(survives_hang_up && *s == Signal::HangUp)) {
            let number = signal.number();
            end_at_once_if_repeated(signal, Arc::clone(&first)).map_err(refused)?;
            let code = usize::from(signal.exit_code());
            signal_hook::flag::register_usize(number, Arc::clone(&seen), code).map_err(refused)?;
            let writable = writable.try_clone().map_err(failed)?;
            signal_hook::low_level::pipe::register(number, writable).map_err(refused)?;
        }
        // The write end must outlive the handlers' copies, or the read end would look ready when none is installed.
        std::mem::forget(writable);
        Ok(Self { readable: Arc::new(readable), seen })
    }

    /// The wish to end of one part of the program, and what makes it.
    pub fn of_part() -> Result<(Self, StopRequest)> {
        let pipe = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK);
        let (readable, writable) = pipe.map_err(|e| Error::new("pipe for", "signals", e))?;
        let seen = Arc::new(AtomicUsize::new(0));
        let request = StopRequest { writable, seen: Arc::clone(&seen) };
        Ok((Self { readable: Arc::new(readable), seen }, request))
    }

    /// The signal that came, if one did.
    #[must_use]
    pub fn signal(&self) -> Option<Signal> {
        let seen = self.seen.load(Ordering::SeqCst);
        Signal::ALL.into_iter().find(|signal| usize::from(signal.exit_code()) == seen)
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
