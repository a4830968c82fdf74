//! poll(2) with deadlines as `Instant`s, and an eventfd by which one thread wakes another.

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// What to wait for on a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// Data, a client, or an ending.
    Reading,
    /// Room, or the end of a connection attempt.
    Writing,
    /// The end of the other side alone: of a pipe's reader, of a connection.
    Hangup,
}

/// Between two checks whether this process came to the foreground of its terminal, for which there is no event.
const BACKGROUND: Duration = Duration::from_millis(200);

/// Waits until one of `fds` is ready or `deadline` passes; says which are ready, in order, none at the deadline.
///
/// A terminal in whose background this process is has nothing for it to read.
pub fn wait(fds: &[(BorrowedFd<'_>, Interest)], deadline: Option<Instant>) -> io::Result<Vec<bool>> {
    let mut ready = poll_for(fds, deadline)?;
    if !has_terminal() {
        return Ok(ready);
    }
    let mut withheld = hide_withheld(fds, &mut ready);
    while withheld.contains(&true) && !ready.contains(&true) {
        let now = Instant::now();
        if deadline.is_some_and(|deadline| deadline <= now) {
            break;
        }
        // What is withheld is ready for another reader, and would end this wait at once.
        let (others, _): (Vec<_>, Vec<_>) = fds.iter().zip(&withheld).partition(|(_, withheld)| !**withheld);
        let others: Vec<_> = others.into_iter().map(|(fd, _)| *fd).collect();
        let next = now + BACKGROUND;
        poll_for(&others, Some(deadline.map_or(next, |deadline| deadline.min(next))))?;
        ready = poll_for(fds, Some(now))?;
        withheld = hide_withheld(fds, &mut ready);
    }
    Ok(ready)
}

/// Takes terminals that are not to be read out of `ready`; says which they were.
fn hide_withheld(fds: &[(BorrowedFd<'_>, Interest)], ready: &mut [bool]) -> Vec<bool> {
    let hide = |((fd, what), ready): (&(BorrowedFd<'_>, Interest), &mut bool)| {
        let withheld = *ready && *what == Interest::Reading && super::tty::in_background(*fd);
        *ready &= !withheld;
        withheld
    };
    fds.iter().zip(ready).map(hide).collect()
}

/// Whether standard input is a terminal, the one thing that may be withheld: asked once.
pub(super) fn has_terminal() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| super::fd::is_terminal(super::fd::input()))
}

fn poll_for(fds: &[(BorrowedFd<'_>, Interest)], deadline: Option<Instant>) -> io::Result<Vec<bool>> {
    let mut polled: Vec<PollFd<'_>> = fds
        .iter()
        .map(|(fd, what)| {
            let flags = match what {
                Interest::Reading => PollFlags::IN,
                Interest::Writing => PollFlags::OUT,
                // Errors and hang-ups are always reported.
                Interest::Hangup => PollFlags::empty(),
            };
            PollFd::new(fd, flags)
        })
        .collect();
    loop {
        let left = deadline.map(|d| d.saturating_duration_since(Instant::now()));
        match poll(&mut polled, left.map(timespec).as_ref()) {
            Ok(_) => return Ok(polled.iter().map(|p| !p.revents().is_empty()).collect()),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// A duration as the kernel takes it.
pub(super) fn timespec(time: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(time.subsec_nanos()),
    }
}

/// Signalled by one thread, waited for by another (eventfd(2)).
pub struct EventFd(OwnedFd);

impl EventFd {
    /// Not signalled yet.
    pub fn new() -> io::Result<Self> {
        Ok(Self(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?))
    }

    /// Makes it readable until [`Self::clear`].
    pub fn signal(&self) {
        let _ = rustix::io::write(&self.0, &1u64.to_ne_bytes());
    }

    /// Forgets the signals so far.
    pub fn clear(&self) {
        let _ = rustix::io::read(&self.0, &mut [0u8; 8]);
    }
}

impl AsFd for EventFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// A child process whose end can be waited for (`pidfd_open(2)`).
pub struct Process(OwnedFd);

impl Process {
    /// Watches a child that was not waited for yet.
    pub fn watch(child: &std::process::Child) -> io::Result<Self> {
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::NotFound)?;
        Ok(Self(pidfd_open(pid, PidfdFlags::empty())?))
    }

    /// Waits until the child ends (`true`) or, if `stop` is given, until it turns readable.
    pub fn wait_or(&self, stop: Option<BorrowedFd<'_>>) -> io::Result<bool> {
        let mut fds = vec![(self.0.as_fd(), Interest::Reading)];
        fds.extend(stop.map(|fd| (fd, Interest::Reading)));
        Ok(wait(&fds, None)?[0])
    }

    /// Sends the child the signal this program got.
    pub fn pass_on(&self, signal: super::signal::Signal) -> io::Result<()> {
        let signal = match signal {
            super::signal::Signal::Interrupt => Signal::INT,
            super::signal::Signal::Terminate => Signal::TERM,
            super::signal::Signal::HangUp => Signal::HUP,
        };
        Ok(pidfd_send_signal(&self.0, signal)?)
    }
}

impl AsFd for Process {
    /// Readable once the child has ended.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
