//! Reading and writing that waits: for descriptors made non-blocking by another process, and for the foreground of a
//! terminal.

use super::fd::is_terminal;
use super::{poll, tty};
use rustix::io::Errno;
use std::io;
use std::os::fd::BorrowedFd;

/// Writes all of `data`, waiting where another process made the descriptor non-blocking.
pub fn write_all(fd: BorrowedFd<'_>, mut data: &[u8]) -> io::Result<()> {
    while !data.is_empty() {
        match rustix::io::write(fd, data) {
            Ok(n) => data = &data[n..],
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => drop(poll::wait(&[(fd, poll::Interest::Writing)], None)?),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Reads some bytes, waiting where another process made the descriptor non-blocking, or is a terminal and this process
/// in its background; 0 at the end.
pub fn read(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    let terminal = poll::has_terminal() && is_terminal(fd);
    loop {
        if terminal {
            poll::wait(&[(fd, poll::Interest::Reading)], None)?;
        }
        let answer = if terminal { tty::read(fd, buffer) } else { rustix::io::read(fd, &mut *buffer) };
        match answer {
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => drop(poll::wait(&[(fd, poll::Interest::Reading)], None)?),
            // It went to the background after it was looked at.
            Err(Errno::IO) if terminal && tty::in_background(fd) => {}
            answer => return Ok(answer?),
        }
    }
}
