//! Pipes that carry bytes from one socket to another (splice(2)), and the few that each thread keeps for reuse.
//!
//! Pipes are scarce: two descriptors each, and an unprivileged user has a limited number of pages for all
//! (`pipe-user-pages-soft`, pipe(7)). A connection holds one only while bytes are in it.

use super::{CHUNK, is_refused, widen};
use crate::sys::blocking;
use crate::sys::socket::Socket;
use rustix::pipe::{PipeFlags, SpliceFlags, pipe_with, splice};
use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The most pipes of one thread, which bounds what slow connections hold: 64 MiB, the pages of an unprivileged user.
const MOST: usize = 64;
/// The most pipes kept for reuse: connections take turns, so few are in use at once.
const KEPT: usize = 4;

thread_local! {
    static KEPT_PIPES: RefCell<Vec<Ends>> = const { RefCell::new(Vec::new()) };
    static IN_USE: Cell<usize> = const { Cell::new(0) };
}

struct Ends {
    drain: OwnedFd,
    fill: OwnedFd,
}

/// A pipe of 1 MiB between two sockets. Dropped empty, it is kept for the next connection of this thread.
pub struct SplicePipe {
    /// Absent only while the pipe is dropped.
    ends: Option<Ends>,
    held: usize,
}

impl SplicePipe {
    /// A pipe, unless too many are in use or the kernel grants none of this size.
    #[must_use]
    pub fn take() -> Option<Self> {
        if IN_USE.get() >= MOST {
            return None;
        }
        let ends = KEPT_PIPES.with_borrow_mut(Vec::pop).or_else(open)?;
        IN_USE.set(IN_USE.get() + 1);
        Some(Self { ends: Some(ends), held: 0 })
    }

    /// Bytes in the pipe.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held
    }

    /// Receives into the empty pipe, as [`Socket::recv`] does into a buffer.
    pub fn fill(&mut self, from: &Socket) -> io::Result<usize> {
        let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
        let received =
            from.receive_by(|| Ok(splice(from, None, self.fd(|e| &e.fill), None, CHUNK, flags)?))?;
        self.held += received;
        Ok(received)
    }

    /// Sends from the pipe, as [`Socket::send`] does from a buffer.
    pub fn drain(&mut self, to: &Socket) -> io::Result<usize> {
        let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
        // Never more than the pipe holds: the kernel would wait for the rest before it sends a small segment.
        let sent = to.send_by(|| Ok(splice(self.fd(|e| &e.drain), None, to, None, self.held, flags)?))?;
        self.held -= sent;
        Ok(sent)
    }

    /// Reads the pipe empty, for a socket that refuses splice.
    pub fn read_all(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; self.held];
        let mut read = 0;
        while read < bytes.len() {
            match blocking::read(self.fd(|e| &e.drain), &mut bytes[read..])? {
                0 => break,
                n => read += n,
            }
        }
        bytes.truncate(read);
        self.held = 0;
        Ok(bytes)
    }

    /// Whether an error of [`Self::fill`] or [`Self::drain`] means that the bytes are to be copied instead.
    #[must_use]
    pub fn is_refused(error: &io::Error) -> bool {
        is_refused(error)
    }

    fn fd(&self, end: impl Fn(&Ends) -> &OwnedFd) -> BorrowedFd<'_> {
        // The ends are given up in `drop` alone.
        end(self.ends.as_ref().expect("the pipe is open until it is dropped")).as_fd()
    }
}

fn open() -> Option<Ends> {
    let (drain, fill) = pipe_with(PipeFlags::CLOEXEC).ok()?;
    // Through a narrow pipe splice moves little at a time, and copying is better.
    widen(fill.as_fd()).then_some(Ends { drain, fill })
}

impl Drop for SplicePipe {
    fn drop(&mut self) {
        IN_USE.set(IN_USE.get().saturating_sub(1));
        if let Some(ends) = self.ends.take().filter(|_| self.held == 0) {
            // Fails only at the end of the thread, when nothing is kept any more.
            let _ = KEPT_PIPES.try_with(|kept| {
                let mut kept = kept.borrow_mut();
                if kept.len() < KEPT {
                    kept.push(ends);
                }
            });
        }
    }
}
