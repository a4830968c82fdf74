//! From the socket to a descriptor: splice(2) is fastest into pipes, files and devices, and discarding faster still.

use super::{CHUNK, COPY, Filter, PumpError, discard, is_refused, local, socket, widen};
use crate::sys::fd::{self, Nature};
use crate::sys::poll::{Interest, wait};
use crate::sys::socket::Socket;
use crate::sys::{blocking, cursor};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, SpliceFlags, pipe_with, splice};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Receives until the peer's FIN, into `output`.
pub fn receive(from: &Socket, output: BorrowedFd<'_>) -> Result<(), PumpError> {
    if fd::throws_away(output) {
        return discard(from);
    }
    match fd::nature(output).map_err(local)? {
        Nature::Pipe => receive_into_pipe(from, output),
        Nature::File | Nature::Device => receive_through_pipe(from, output),
        Nature::AppendFile | Nature::Stream => receive_copying(from, output, None),
    }
}

fn receive_into_pipe(from: &Socket, output: BorrowedFd<'_>) -> Result<(), PumpError> {
    // A pipe's slot holds one page of a segment however little it is, so a pipe of 16 slots makes for small steps.
    widen(output);
    loop {
        match splice_from(from, output) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            // One of the two would block, and the call does not say which; only a pipe that another process made
            // non-blocking can be the full one.
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                wait(&[(from.as_fd(), Interest::Reading)], None).map_err(socket)?;
                wait(&[(output, Interest::Writing)], None).map_err(local)?;
            }
            Err(error) => match error.kind() {
                ErrorKind::Interrupted => {}
                ErrorKind::BrokenPipe => return Err(local(error)),
                _ if is_refused(&error) => return receive_copying(from, output, None),
                _ => return Err(socket(error)),
            },
        }
    }
}

fn receive_through_pipe(from: &Socket, output: BorrowedFd<'_>) -> Result<(), PumpError> {
    let Ok((drain, fill)) = wide_pipe() else { return receive_copying(from, output, None) };
    loop {
        let mut held = match splice_from(from, fill.as_fd()) {
            Ok(0) => return Ok(()),
            Ok(n) => n,
            Err(error) => match error.kind() {
                ErrorKind::Interrupted => continue,
                ErrorKind::WouldBlock => {
                    wait(&[(from.as_fd(), Interest::Reading)], None).map_err(socket)?;
                    continue;
                }
                _ if is_refused(&error) => return receive_copying(from, output, None),
                _ => return Err(socket(error)),
            },
        };
        while held > 0 {
            match splice(&drain, None, output, None, held, SpliceFlags::MOVE) {
                Ok(n) => held -= n,
                Err(Errno::INTR) => {}
                Err(error) if is_refused(&error.into()) => {
                    copy_exactly(drain.as_fd(), output, held).map_err(local)?;
                    return receive_copying(from, output, None);
                }
                Err(error) => return Err(local(error)),
            }
        }
    }
}

fn splice_from(from: &Socket, pipe: BorrowedFd<'_>) -> io::Result<usize> {
    let flags = SpliceFlags::MOVE | SpliceFlags::MORE;
    from.receive_by(|| Ok(splice(from, None, pipe, None, CHUNK, flags)?))
}

fn wide_pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (drain, fill) = pipe_with(PipeFlags::CLOEXEC)?;
    // Less room only means smaller steps.
    widen(fill.as_fd());
    Ok((drain, fill))
}

fn copy_exactly(from: BorrowedFd<'_>, to: BorrowedFd<'_>, mut left: usize) -> io::Result<()> {
    let mut buffer = vec![0; COPY];
    while left > 0 {
        let room = left.min(buffer.len());
        let n = blocking::read(from, &mut buffer[..room])?;
        blocking::write_all(to, &buffer[..n])?;
        left -= n;
    }
    Ok(())
}

/// As [`receive`] through a buffer, where `filter` may change the bytes.
pub fn receive_copying(
    from: &Socket,
    output: BorrowedFd<'_>,
    mut filter: Option<Filter>,
) -> Result<(), PumpError> {
    let mut buffer = vec![0; CHUNK];
    let mut shown = Vec::new();
    loop {
        let n = recv(from, &mut buffer)?;
        if n == 0 {
            return Ok(());
        }
        let bytes = match &mut filter {
            Some(filter) => {
                shown.clear();
                filter(&buffer[..n], &mut shown);
                &shown
            }
            None => &buffer[..n],
        };
        blocking::write_all(output, bytes).map_err(local)?;
        cursor::printed(bytes);
    }
}

fn recv(from: &Socket, buffer: &mut [u8]) -> Result<usize, PumpError> {
    loop {
        match from.recv(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                wait(&[(from.as_fd(), Interest::Reading)], None).map_err(socket)?;
            }
            answer => return answer.map_err(socket),
        }
    }
}
