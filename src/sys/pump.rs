//! Moves bytes between a socket and a descriptor, by the cheapest call both ends allow, for a thread of its own.
//!
//! Measured on loopback: a receiver is fastest with splice(2) into pipe, file and device alike; a sender by splice from
//! a pipe that can be made wide, and by sendfile(2) from a file. Where a call refuses the descriptors, bytes are copied.
//!
//! The socket is non-blocking and waited for by poll(2): a splice that slept on it would keep the pipe locked, and with it
//! whoever reads or writes the pipe's other end.

use super::options::SocketOption;
use super::socket::Tracked;
use super::stdio::{self, Nature};
use super::wait::{For, wait};
use rustix::fs::sendfile;
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_getpipe_size, fcntl_setpipe_size, pipe_with, splice};
use std::io;
use std::ops::Deref;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// One copy's buffer, and the most one splice or sendfile is asked for: 1 MiB is also the largest pipe an unprivileged
/// process may have (`pipe-max-size`, pipe(7)).
const CHUNK: usize = 1 << 20;
/// A copying sender reads this much at once: measured best of 64 KiB to 1 MiB.
const SEND_BUFFER: usize = 256 << 10;
/// Unsent bytes the kernel may hold for a sender: past them a write waits, and segments leave in its own context
/// instead of in the receiver's acknowledgements (`TCP_NOTSENT_LOWAT`, tcp(7)); measured best of 64 to 256 KiB.
const UNSENT: u32 = 128 << 10;

/// Which end of a transfer failed.
#[derive(Debug)]
pub enum PumpError {
    /// The socket.
    Socket(io::Error),
    /// The descriptor read from or written to.
    Local(io::Error),
}

/// Changes bytes on their way (line ends for `--crlf`, visible controls for a terminal).
pub type Filter = Box<dyn FnMut(&[u8], &mut Vec<u8>) + Send>;

fn socket(error: impl Into<io::Error>) -> PumpError {
    PumpError::Socket(error.into())
}

fn local(error: impl Into<io::Error>) -> PumpError {
    PumpError::Local(error.into())
}

/// Receives until the peer's FIN, into `output`.
pub fn receive(from: &Tracked, output: BorrowedFd<'_>, filter: Option<Filter>) -> Result<(), PumpError> {
    if let Some(filter) = filter {
        return receive_copying(from, output, Some(filter));
    }
    match stdio::nature(output).map_err(local)? {
        Nature::Pipe => receive_into_pipe(from, output),
        Nature::File | Nature::Device => receive_through_pipe(from, output),
        Nature::AppendFile | Nature::Stream => receive_copying(from, output, None),
    }
}

/// Receives and throws away until the peer's FIN.
pub fn discard(from: &Tracked) -> Result<(), PumpError> {
    let mut buffer = vec![0; SEND_BUFFER];
    while recv(from, &mut buffer)? > 0 {}
    Ok(())
}

fn receive_into_pipe(from: &Tracked, output: BorrowedFd<'_>) -> Result<(), PumpError> {
    // A pipe's slot holds one page of a segment however little it is, so a pipe of 16 slots makes for small steps.
    widen(output);
    loop {
        match splice(from, None, output, None, CHUNK, SpliceFlags::MOVE | SpliceFlags::MORE) {
            Err(Errno::INTR) => {}
            // One of the two would have to wait, the call does not say which; only a pipe that somebody made
            // non-blocking can be the full one.
            Err(Errno::AGAIN) => {
                wait(&[(from.as_fd(), For::Reading)], None).map_err(socket)?;
                wait(&[(output, For::Writing)], None).map_err(local)?;
            }
            Err(Errno::PIPE) => return Err(local(Errno::PIPE)),
            Err(Errno::INVAL) => return receive_copying(from, output, None),
            answer => {
                if from.account_in(answer.map_err(io::Error::from)).map_err(socket)? == 0 {
                    return Ok(());
                }
            }
        }
    }
}

fn receive_through_pipe(from: &Tracked, output: BorrowedFd<'_>) -> Result<(), PumpError> {
    let Ok((drain, fill)) = wide_pipe() else { return receive_copying(from, output, None) };
    loop {
        let answer = match splice(from, None, &fill, None, CHUNK, SpliceFlags::MOVE | SpliceFlags::MORE) {
            Err(Errno::INTR) => continue,
            Err(Errno::AGAIN) => {
                wait(&[(from.as_fd(), For::Reading)], None).map_err(socket)?;
                continue;
            }
            Err(Errno::INVAL) => return receive_copying(from, output, None),
            answer => answer,
        };
        let mut held = from.account_in(answer.map_err(io::Error::from)).map_err(socket)?;
        if held == 0 {
            return Ok(());
        }
        while held > 0 {
            match splice(&drain, None, output, None, held, SpliceFlags::MOVE) {
                Ok(n) => held -= n,
                Err(Errno::INTR) => {}
                Err(Errno::INVAL) => {
                    copy_exactly(drain.as_fd(), output, held).map_err(local)?;
                    return receive_copying(from, output, None);
                }
                Err(error) => return Err(local(error)),
            }
        }
    }
}

fn wide_pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (drain, fill) = pipe_with(PipeFlags::CLOEXEC)?;
    // Less room only means smaller steps.
    widen(fill.as_fd());
    Ok((drain, fill))
}

fn copy_exactly(from: BorrowedFd<'_>, to: BorrowedFd<'_>, mut left: usize) -> io::Result<()> {
    let mut buffer = vec![0; SEND_BUFFER];
    while left > 0 {
        let room = left.min(buffer.len());
        let n = stdio::read(from, &mut buffer[..room])?;
        stdio::write_all(to, &buffer[..n])?;
        left -= n;
    }
    Ok(())
}

fn receive_copying(
    from: &Tracked,
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
        stdio::write_all(output, bytes).map_err(local)?;
    }
}

fn recv(from: &Tracked, buffer: &mut [u8]) -> Result<usize, PumpError> {
    loop {
        match from.recv(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                wait(&[(from.as_fd(), For::Reading)], None).map_err(socket)?;
            }
            answer => return answer.map_err(socket),
        }
    }
}

/// Sends `input` to its end. `to` gives the socket for each step, or `None` once nobody wants more: a thread that
/// waits for input holds no socket open.
pub fn send<S: Deref<Target = Tracked>>(
    input: BorrowedFd<'_>,
    to: impl Fn() -> Option<S>,
    filter: Option<Filter>,
) -> Result<(), PumpError> {
    match stdio::nature(input).map_err(local)? {
        Nature::File | Nature::AppendFile if filter.is_none() => {
            prefer_own_context(&to);
            send_file(input, to)
        }
        // In a narrow pipe splice moves little at a time, and copying is better.
        Nature::Pipe if filter.is_none() && widen(input) => {
            prefer_own_context(&to);
            send_pipe(input, to)
        }
        _ => send_copying(input, to, filter),
    }
}

fn prefer_own_context<S: Deref<Target = Tracked>>(to: &impl Fn() -> Option<S>) {
    if let Some(socket) = to() {
        socket.prefer(&SocketOption::UnsentLow(UNSENT));
    }
}

/// Gives a pipe room for a whole chunk; says whether it has it.
fn widen(pipe: BorrowedFd<'_>) -> bool {
    let room = fcntl_getpipe_size(pipe).unwrap_or(0);
    room >= CHUNK || fcntl_setpipe_size(pipe, CHUNK).is_ok()
}

fn send_pipe<S: Deref<Target = Tracked>>(
    input: BorrowedFd<'_>,
    to: impl Fn() -> Option<S>,
) -> Result<(), PumpError> {
    loop {
        wait(&[(input, For::Reading)], None).map_err(local)?;
        let Some(socket_now) = to() else { return Ok(()) };
        match splice(input, None, &*socket_now, None, CHUNK, SpliceFlags::MOVE) {
            Ok(0) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                wait(&[(socket_now.as_fd(), For::Writing)], None).map_err(socket)?;
            }
            Err(Errno::INVAL) => {
                drop(socket_now);
                return send_copying(input, to, None);
            }
            answer => {
                socket_now.account_out(answer.map_err(io::Error::from)).map_err(socket)?;
            }
        }
    }
}

fn send_file<S: Deref<Target = Tracked>>(
    input: BorrowedFd<'_>,
    to: impl Fn() -> Option<S>,
) -> Result<(), PumpError> {
    while let Some(socket_now) = to() {
        match sendfile(&*socket_now, input, None, CHUNK) {
            Ok(0) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                wait(&[(socket_now.as_fd(), For::Writing)], None).map_err(socket)?;
            }
            // A file without a page cache, as under /proc, is copied.
            Err(Errno::INVAL | Errno::NOSYS) => {
                drop(socket_now);
                return send_copying(input, to, None);
            }
            Err(error @ (Errno::IO | Errno::BADF | Errno::ISDIR | Errno::OVERFLOW)) => {
                return Err(local(error));
            }
            answer => {
                socket_now.account_out(answer.map_err(io::Error::from)).map_err(socket)?;
            }
        }
    }
    Ok(())
}

fn send_copying<S: Deref<Target = Tracked>>(
    input: BorrowedFd<'_>,
    to: impl Fn() -> Option<S>,
    mut filter: Option<Filter>,
) -> Result<(), PumpError> {
    let mut buffer = vec![0; SEND_BUFFER];
    let mut changed = Vec::new();
    loop {
        let n = stdio::read(input, &mut buffer).map_err(local)?;
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

fn send_all(to: &Tracked, mut bytes: &[u8]) -> Result<(), PumpError> {
    while !bytes.is_empty() {
        match to.send(bytes) {
            Ok(n) => bytes = &bytes[n..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                wait(&[(to.as_fd(), For::Writing)], None).map_err(socket)?;
            }
            Err(error) => return Err(socket(error)),
        }
    }
    Ok(())
}
