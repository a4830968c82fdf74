//! The end of a connection that knows no TCP (unix(7), vsock(7)): the facts that take the place of `TCP_INFO`.
//!
//! A write is in the peer's receive queue when it returns, and counts as sent until the peer reads it. A UNIX peer that closes
//! with bytes unread leaves ECONNRESET behind, before it gives their memory back (`unix_release_sock`): whoever finds
//! nothing unread and then no error knows that everything was read.

use crate::sys::tcp_info;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::SocketType;
use rustix::net::sockopt::socket_type;
use std::os::fd::BorrowedFd;

/// Bytes of memory that hold what was written and not read by the peer (`SIOCOUTQ`, unix(7)), more than the payload itself; 0
/// where the kernel does not say (vsock before Linux 6.12).
pub(super) fn unread_by_peer(socket: BorrowedFd<'_>) -> u64 {
    tcp_info::unsent(socket).map_or(0, u64::from)
}

/// Whether an error waits to be taken.
pub(super) fn is_broken(socket: BorrowedFd<'_>) -> bool {
    ready(socket).contains(PollFlags::ERR)
}

/// Whether the peer closed, or shut down both directions; so it is too once each side shut down its own.
pub(super) fn is_hung_up(socket: BorrowedFd<'_>) -> bool {
    ready(socket).contains(PollFlags::HUP)
}

/// Whether a connection about to be closed ends in order, its error apart: the peer ended its direction, and all it sent was
/// read. What was sent is the peer's from the start. Datagrams have no order to end in.
pub(in crate::sys) fn ended_in_order(socket: BorrowedFd<'_>) -> bool {
    if !matches!(socket_type(socket), Ok(SocketType::STREAM)) {
        return true;
    }
    let unread = rustix::io::ioctl_fionread(socket).is_ok_and(|n| n > 0);
    ready(socket).intersects(PollFlags::RDHUP | PollFlags::HUP) && !unread
}

fn ready(socket: BorrowedFd<'_>) -> PollFlags {
    let mut polled = [PollFd::from_borrowed_fd(socket, PollFlags::RDHUP)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    // An interrupted poll(2) is a look without an answer; callers look again.
    let _ = poll(&mut polled, Some(&now));
    polled[0].revents()
}
