//! Data over a socket: counted, and with one answer to what ended the connection, whoever was told first.

use super::Tracked;
use rustix::net::{self, RecvFlags, SendFlags};
use socket2::SockRef;
use std::io::{self, IoSlice};
use std::os::fd::AsFd;
use std::sync::atomic::Ordering;

impl Tracked {
    /// recv(2): 0 at the peer's FIN; an error that ended the connection is returned even if the watcher saw it first.
    pub fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let received = net::recv(self, buffer, RecvFlags::empty()).map(|(n, _)| n);
        self.account_in(received.map_err(io::Error::from))
    }

    /// Counts what another system call received from this socket, and gives it [`Self::recv`]'s errors.
    pub(in crate::sys) fn account_in(&self, received: io::Result<usize>) -> io::Result<usize> {
        match received {
            Ok(0) => self.life.ended_by().map_or(Ok(0), Err),
            Ok(n) => {
                self.life.bytes_in.fetch_add(n as u64, Ordering::Relaxed);
                Ok(n)
            }
            Err(error) => {
                if let Some(errno) = error.raw_os_error().filter(|e| ends_connection(*e)) {
                    self.life.note_error(errno);
                }
                Err(self.life.ended_by().unwrap_or(error))
            }
        }
    }

    /// send(2); a closed connection gives an error, not a signal.
    pub fn send(&self, data: &[u8]) -> io::Result<usize> {
        self.account_out(net::send(self, data, SendFlags::NOSIGNAL).map_err(io::Error::from))
    }

    /// writev(2) on the socket.
    pub fn send_vectored(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.account_out(SockRef::from(&self.as_fd()).send_vectored_with_flags(parts, libc::MSG_NOSIGNAL))
    }

    /// Counts what another system call sent over this socket, and gives it [`Self::send`]'s errors.
    pub(in crate::sys) fn account_out(&self, sent: io::Result<usize>) -> io::Result<usize> {
        match sent {
            Ok(n) => {
                self.life.bytes_out.fetch_add(n as u64, Ordering::Relaxed);
                Ok(n)
            }
            Err(error) => Err(self.failed_with(error)),
        }
    }

    fn failed_with(&self, error: io::Error) -> io::Error {
        match error.raw_os_error() {
            // The kernel tells the cause once, to whoever asks first; everybody after that gets EPIPE.
            Some(libc::EPIPE) => self.life.cause_of_broken_pipe().unwrap_or(error),
            Some(errno) if ends_connection(errno) => {
                self.life.note_error(errno);
                error
            }
            _ => error,
        }
    }
}

/// Errors after which a connection is over.
const fn ends_connection(errno: i32) -> bool {
    matches!(errno, libc::ECONNRESET | libc::ETIMEDOUT | libc::EHOSTUNREACH | libc::EPIPE)
}
