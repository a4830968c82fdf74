//! A socket that a command has as its standard input and output: nothing may be taken from it that is the command's to see,
//! and what the command did with it is asked of the kernel.

use super::{Inner, StateTracker};
use crate::event::{Role, State};
use crate::sys::tcp_info;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::Ordering;

impl StateTracker {
    /// The socket is a command's from now on.
    pub(in crate::sys) fn lend(&self) {
        self.lent.store(true, Ordering::Relaxed);
        self.lock().lent = true;
    }

    /// Whether the connection is over and was not ended in order by both ends. An error that waits to be read counts where
    /// no states are observed.
    pub(in crate::sys) fn is_broken(&self) -> bool {
        let inner = self.lock();
        let observed = self.observed() && inner.state == State::Closed && !inner.orderly;
        observed || inner.error.is_some() || inner.fd.as_ref().is_some_and(|fd| has_error(fd.as_fd()))
    }

    /// Payload received and sent so far, bytes.
    pub(in crate::sys) fn counters(&self) -> (u64, u64) {
        let own = (self.bytes_in.load(Ordering::Relaxed), self.bytes_out.load(Ordering::Relaxed));
        if !self.lent.load(Ordering::Relaxed) {
            return own;
        }
        let inner = self.lock();
        let info = inner.fd.as_ref().and_then(|fd| tcp_info::read(fd.as_fd()).ok());
        inner.payload(info).unwrap_or(own)
    }
}

impl Inner {
    /// Payload received and sent according to the kernel; `None` where the own counters are right.
    pub(super) fn payload(&self, info: Option<tcp_info::TcpInfo>) -> Option<(u64, u64)> {
        let (received, sent) = info.filter(|_| self.lent)?.payload()?;
        Some((received.saturating_sub(u64::from(self.fin_received)), sent))
    }

    /// The error that ended the connection of a command. Reading it would leave the command an end of input without error,
    /// so the socket is asked only whether it has one; a reset is by far the most usual.
    pub(super) fn lent_error(&mut self, fd: BorrowedFd<'_>) -> Option<i32> {
        if self.error.is_none() && has_error(fd) {
            self.error = Some(libc::ECONNRESET);
        }
        self.error
    }

    /// Whether a command's FIN after the peer's was acknowledged, so that the connection ended in order.
    pub(super) fn lent_fin_acked(&self, fd: BorrowedFd<'_>) -> bool {
        let Ok(info) = tcp_info::read(fd) else { return false };
        let (Some((_, sent)), Some(acked)) = (info.payload(), info.bytes_acked()) else { return false };
        self.lent && acked > sent + u64::from(self.subject.role == Role::Client)
    }
}

/// Whether a socket has an error that no call has returned yet.
fn has_error(fd: BorrowedFd<'_>) -> bool {
    let mut polled = [PollFd::from_borrowed_fd(fd, PollFlags::empty())];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut polled, Some(&now)).is_ok() && polled[0].revents().contains(PollFlags::ERR)
}
