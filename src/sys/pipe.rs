//! Pipes to and from a command (pipe(7)): its ends wait, ours are waited for in the runtime or by poll(2).

use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use rustix::pipe::{PipeFlags, pipe_with};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use tokio::net::unix::pipe::{Receiver, Sender};

/// Both ends of a command's standard input and output.
pub struct CommandPipes {
    /// Its standard input and output, for the command.
    pub theirs: (OwnedFd, OwnedFd),
    /// The end that its input is written to.
    pub input: OwnedFd,
    /// The end that its output is read from.
    pub output: OwnedFd,
}

impl CommandPipes {
    /// Makes two pipes; no end but a command's own is passed on to it.
    pub fn new() -> io::Result<Self> {
        Self::with(pipe_with(PipeFlags::CLOEXEC)?)
    }

    /// As [`Self::new`], for a command whose every write is one datagram: its output is a socket that keeps them apart.
    pub fn with_records() -> io::Result<Self> {
        Self::with(socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?)
    }

    fn with((output, their_output): (OwnedFd, OwnedFd)) -> io::Result<Self> {
        let (their_input, input) = pipe_with(PipeFlags::CLOEXEC)?;
        rustix::io::ioctl_fionbio(&input, true)?;
        rustix::io::ioctl_fionbio(&output, true)?;
        Ok(Self { theirs: (their_input, their_output), input, output })
    }
}

/// Puts our ends of a command's pipes into the runtime this is called in.
pub fn register_pipes(input: OwnedFd, output: OwnedFd) -> io::Result<(Sender, Receiver)> {
    Ok((Sender::from_owned_fd(input)?, Receiver::from_owned_fd(output)?))
}

/// Reads what is in a pipe now, whatever the runtime knows of it; `WouldBlock` if that is nothing.
pub fn read_now(pipe: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match rustix::io::read(pipe.as_fd(), &mut *buffer) {
            Err(rustix::io::Errno::INTR) => {}
            answer => return Ok(answer?),
        }
    }
}

/// Writes what a pipe has room for now; `WouldBlock` if that is nothing.
pub fn write_now(pipe: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    loop {
        match rustix::io::write(pipe.as_fd(), bytes) {
            Err(rustix::io::Errno::INTR) => {}
            answer => return Ok(answer?),
        }
    }
}
