//! Moves bytes between a socket and a descriptor, by the cheapest call both ends allow, for a thread of its own;
//! and between two sockets of a runtime, through a pipe (`pool`).
//!
//! Where a call refuses the descriptors, bytes are copied. The socket is non-blocking and waited for by poll(2): a splice
//! that slept on it would keep the pipe locked, and block the process at the pipe's other end.

mod discard;
mod pool;
mod receive;
mod send;
mod trial;

pub use discard::{discard, discard_some};
pub use pool::SplicePipe;
pub use receive::{receive, receive_copying};
pub use send::{send, send_copying};

use rustix::io::Errno;
use rustix::pipe::{fcntl_getpipe_size, fcntl_setpipe_size};
use std::io;
use std::os::fd::BorrowedFd;

/// The most one splice or sendfile is asked for, and a copying receiver's buffer: 1 MiB is also the largest pipe an
/// unprivileged process may have (`pipe-max-size`, pipe(7)).
const CHUNK: usize = 1 << 20;
/// A copying sender reads this much at once: measured best of 64 KiB to 1 MiB.
const COPY: usize = 512 << 10;

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

/// Whether the kernel, or a sandbox around us, refused to move bytes by itself, so that they are to be copied: these
/// descriptors or this file system cannot (EINVAL), or a filter forbids it (a seccomp(2) filter may answer with any
/// error). Nothing was moved then; a refusal for another reason comes back from the copying call.
fn is_refused(error: &io::Error) -> bool {
    const REFUSALS: [Errno; 5] = [Errno::INVAL, Errno::NOSYS, Errno::PERM, Errno::ACCESS, Errno::OPNOTSUPP];
    Errno::from_io_error(error).is_some_and(|errno| REFUSALS.contains(&errno))
}

/// Gives a pipe room for a whole chunk, if it may have it (`pipe-user-pages-soft`, pipe(7)); says whether it has it.
pub(crate) fn widen(pipe: BorrowedFd<'_>) -> bool {
    let room = fcntl_getpipe_size(pipe).unwrap_or(0);
    room >= CHUNK || fcntl_setpipe_size(pipe, CHUNK).is_ok()
}
