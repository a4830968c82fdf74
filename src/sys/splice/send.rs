//! From a descriptor to the socket: a sender is fastest by sendfile(2) from a file; from a pipe it depends (`trial`).

use super::trial::{Trial, Way};
use super::{CHUNK, COPY, Filter, PumpError, is_refused, local, socket, widen};
use crate::sys::blocking;
use crate::sys::fd::{self, Nature};
use crate::sys::options::SocketOption;
use crate::sys::poll::{Interest, wait};
use crate::sys::socket::Socket;
use rustix::fs::sendfile;
use rustix::io::Errno;
use rustix::pipe::{SpliceFlags, splice};
use std::io::ErrorKind;
use std::ops::Deref;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

/// Unsent bytes the kernel may hold for a sender: past them a write waits, and segments leave in its own context
/// instead of in the receiver's acknowledgements (`TCP_NOTSENT_LOWAT`, tcp(7)); measured best of 64 to 256 KiB.
const UNSENT: u32 = 128 << 10;

/// Sends `input` to its end. `to` gives the socket for each step, or `None` once no more is wanted: a thread that
/// waits for input keeps no socket open.
pub fn send<S: Deref<Target = Socket>>(
    input: BorrowedFd<'_>,
    to: impl Fn() -> Option<S>,
) -> Result<(), PumpError> {
    match fd::nature(input).map_err(local)? {
        Nature::File | Nature::AppendFile => {
            prefer_own_context(&to);
            send_file(input, to)
        }
        // In a narrow pipe splice moves little at a time, and copying is better.
        Nature::Pipe if widen(input) => {
            prefer_own_context(&to);
            send_pipe(input, to)
        }
        _ => send_copying(input, to, None),
    }
}

fn prefer_own_context<S: Deref<Target = Socket>>(to: &impl Fn() -> Option<S>) {
    if let Some(socket) = to() {
        socket.prefer(&SocketOption::UnsentLow(UNSENT));
    }
}

fn send_pipe<S: Deref<Target = Socket>>(
    input: BorrowedFd<'_>,
    to: impl Fn() -> Option<S>,
) -> Result<(), PumpError> {
    let mut buffer = vec![0; COPY];
    let mut trial = Trial::new(Instant::now());
    loop {
        let moved = match trial.way() {
            Way::Copy => match blocking::read(input, &mut buffer).map_err(local)? {
                0 => return Ok(()),
                n => {
                    let Some(socket_now) = to() else { return Ok(()) };
                    send_all(&socket_now, &buffer[..n])?;
                    n
                }
            },
            Way::Splice => {
                wait(&[(input, Interest::Reading)], None).map_err(local)?;
                let Some(socket_now) = to() else { return Ok(()) };
                match splice_once(input, &socket_now)? {
                    Spliced::End => return Ok(()),
                    Spliced::Some(n) => n,
                    Spliced::Refused => {
                        trial.settle(Way::Copy);
                        continue;
                    }
                }
            }
        };
        trial.count(moved, Instant::now());
    }
}

enum Spliced {
    /// Bytes moved; 0 if the call must be repeated.
    Some(usize),
    /// The pipe's end.
    End,
    /// Nothing was moved and nothing will be.
    Refused,
}

/// Moves what the pipe holds, or waits until the socket has room.
fn splice_once(input: BorrowedFd<'_>, to: &Socket) -> Result<Spliced, PumpError> {
    match to.send_by(|| Ok(splice(input, None, to, None, CHUNK, SpliceFlags::MOVE)?)) {
        Ok(0) => Ok(Spliced::End),
        Ok(n) => Ok(Spliced::Some(n)),
        Err(error) => match error.kind() {
            ErrorKind::Interrupted => Ok(Spliced::Some(0)),
            ErrorKind::WouldBlock => {
                wait(&[(to.as_fd(), Interest::Writing)], None).map_err(socket)?;
                Ok(Spliced::Some(0))
            }
            _ if is_refused(&error) => Ok(Spliced::Refused),
            _ => Err(socket(error)),
        },
    }
}

fn send_file<S: Deref<Target = Socket>>(
    input: BorrowedFd<'_>,
    to: impl Fn() -> Option<S>,
) -> Result<(), PumpError> {
    while let Some(socket_now) = to() {
        match socket_now.send_by(|| Ok(sendfile(&*socket_now, input, None, CHUNK)?)) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) => match Errno::from_io_error(&error) {
                Some(Errno::INTR) => {}
                Some(Errno::AGAIN) => {
                    wait(&[(socket_now.as_fd(), Interest::Writing)], None).map_err(socket)?;
                }
                // A file without a page cache, as under /proc, among others.
                _ if is_refused(&error) => {
                    drop(socket_now);
                    return send_copying(input, to, None);
                }
                Some(Errno::IO | Errno::BADF | Errno::ISDIR | Errno::OVERFLOW) => return Err(local(error)),
                _ => return Err(socket(error)),
            },
        }
    }
    Ok(())
}

/// As [`send`] through a buffer, where `filter` may change the bytes.
pub fn send_copying<S: Deref<Target = Socket>>(
    input: BorrowedFd<'_>,
    to: impl Fn() -> Option<S>,
    mut filter: Option<Filter>,
) -> Result<(), PumpError> {
    let mut buffer = vec![0; COPY];
    let mut changed = Vec::new();
    loop {
        let n = blocking::read(input, &mut buffer).map_err(local)?;
        if n == 0 {
            return Ok(());
        }
        let Some(socket_now) = to() else { return Ok(()) };
        let bytes = match &mut filter {
            Some(filter) => {
                changed.clear();
                filter(&buffer[..n], &mut changed);
                &changed
            }
            None => &buffer[..n],
        };
        send_all(&socket_now, bytes)?;
    }
}

fn send_all(to: &Socket, mut bytes: &[u8]) -> Result<(), PumpError> {
    while !bytes.is_empty() {
        match to.send(bytes) {
            Ok(n) => bytes = &bytes[n..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                wait(&[(to.as_fd(), Interest::Writing)], None).map_err(socket)?;
            }
            Err(error) => return Err(socket(error)),
        }
    }
    Ok(())
}
