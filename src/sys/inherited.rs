//! Descriptors that the parent process passed on and named by number (`--ready-fd N`, `--events fd:N`).
#![allow(unsafe_code)]

use super::fd;
use rustix::fs::{OFlags, fcntl_getfl};
use rustix::io::{Errno, FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};
use std::io;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// The first number that is no standard stream.
const FIRST: RawFd = 3;

/// Takes over a descriptor that is to be written to, so that closing it here is seen by the other end and no command inherits it;
/// of a standard stream, which stays where it is, a second one. `EBADF` if nothing to be written to was passed on.
///
/// To be called before anything is opened, at most once for each number: later a number may be one of our own.
pub fn take(number: RawFd) -> io::Result<OwnedFd> {
    if number < 0 || (number < FIRST && !fd::was_given(number)) {
        return Err(Errno::BADF.into());
    }
    // SAFETY: the borrow ends here; the calls it is for answer EBADF if the number is not open.
    let passed_on = unsafe { BorrowedFd::borrow_raw(number) };
    if fcntl_getfl(passed_on)? & OFlags::ACCMODE == OFlags::RDONLY {
        return Err(Errno::BADF.into());
    }
    if number < FIRST {
        return Ok(fcntl_dupfd_cloexec(passed_on, FIRST)?);
    }
    take_over(number)
}

/// Takes over a descriptor that is no standard stream, by the same rule; `EBADF` if it is not open.
pub(super) fn take_over(number: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: the borrow ends with the call, which answers EBADF if the number is not open.
    fcntl_setfd(unsafe { BorrowedFd::borrow_raw(number) }, FdFlags::CLOEXEC)?;
    // SAFETY: the number is open, was passed to this process for this use, and by the rule above nothing else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}
