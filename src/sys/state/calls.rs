//! Data calls of several threads on one socket: the kernel reports an error once, to the first call, and every thread has
//! to agree on it.

use super::StateTracker;
use crate::event::State;
use crate::sys::tcp_info;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// A thread that got an error records it within microseconds, or later where it is not scheduled; past this
/// the call it is in is one that waits for something else, as splice(2) into a full pipe does.
const ANOTHER_THREADS_WORD: Duration = Duration::from_millis(100);
/// Between two looks whether it did.
const GLANCE: Duration = Duration::from_micros(50);

impl StateTracker {
    /// Makes a data call. An error that ended the connection is recorded before another thread concludes from an error
    /// that is gone that there was none.
    pub(in crate::sys) fn during<T>(&self, call: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        self.under_way(|| self.noted(call()))
    }

    /// As [`Self::during`], for a call that sends. The kernel reports what ended the connection once, and answers EPIPE to
    /// every later call; which one this is, is found out before another thread may conclude anything.
    pub(in crate::sys) fn during_send<T>(&self, call: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        self.under_way(|| match self.noted(call()) {
            Err(error) if error.raw_os_error() == Some(libc::EPIPE) => {
                Err(self.cause_of_broken_pipe().unwrap_or(error))
            }
            answer => answer,
        })
    }

    fn under_way<T>(&self, work: impl FnOnce() -> T) -> T {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let done = work();
        self.calls.fetch_sub(1, Ordering::SeqCst);
        done
    }

    fn noted<T>(&self, answer: io::Result<T>) -> io::Result<T> {
        if let Some(errno) = answer.as_ref().err().and_then(io::Error::raw_os_error)
            && matches!(errno, libc::ECONNRESET | libc::ETIMEDOUT | libc::EHOSTUNREACH)
        {
            self.note_error(errno);
        }
        answer
    }

    pub(super) fn calls_under_way(&self) -> bool {
        self.calls.load(Ordering::SeqCst) > 0
    }

    /// Waits until no more than `own` calls are under way, those of this thread.
    fn let_calls_return(&self, own: u32) {
        let deadline = Instant::now() + ANOTHER_THREADS_WORD;
        while self.calls.load(Ordering::SeqCst) > own && Instant::now() < deadline {
            std::thread::park_timeout(GLANCE);
        }
    }

    /// Records an error that a call returned, since the kernel reports it once.
    pub(in crate::sys) fn note_error(&self, errno: i32) {
        self.lock().error.get_or_insert(errno);
        self.observe();
    }

    /// The error that ended a connection on which receiving finds an end, if another thread got it.
    pub(in crate::sys) fn ended_by(&self) -> Option<io::Error> {
        self.observe();
        if self.observed() && self.is_unsure() {
            self.let_calls_return(0);
            self.observe();
        }
        self.known_error()
    }

    /// The error that ended the connection, whether a call returned it or not.
    pub(in crate::sys) fn broken_by(&self) -> Option<io::Error> {
        self.observe();
        let mut inner = self.lock();
        if let Some(fd) = inner.fd.clone() {
            inner.error(fd.as_fd());
        }
        drop(inner);
        self.known_error()
    }

    /// Whether a call returned an error that ended the connection.
    pub(in crate::sys) fn is_known_broken(&self) -> bool {
        self.lock().error.is_some()
    }

    fn known_error(&self) -> Option<io::Error> {
        self.lock().error.map(|errno| {
            // A reset that comes after the peer's FIN is EPIPE to the kernel (`tcp_reset`); to people it is a reset.
            io::Error::from_raw_os_error(if errno == libc::EPIPE { libc::ECONNRESET } else { errno })
        })
    }

    /// Whether the connection is over and nothing is written down of it yet.
    fn is_unsure(&self) -> bool {
        let inner = self.lock();
        let closed = |fd: &Arc<OwnedFd>| matches!(tcp_info::state(fd.as_fd()), Ok(State::Closed));
        !matches!(inner.state, State::Closed | State::TimeWait) && inner.fd.as_ref().is_some_and(closed)
    }

    /// What ended a connection on which sending answers EPIPE: the error another thread got, or none, and then
    /// EPIPE is the kernel's own word for a reset after the peer's FIN.
    fn cause_of_broken_pipe(&self) -> Option<io::Error> {
        self.let_calls_return(1);
        let known = self.known_error();
        if known.is_none() {
            self.note_error(libc::EPIPE);
        }
        known
    }
}
