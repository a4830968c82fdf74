//! Data over a socket: counted, and with one answer to what ended the connection, whichever call the kernel answered first.

use super::Socket;
use crate::event::Dir;
use crate::sys::tcp_info;
use rustix::net::{self, RecvFlags, SendFlags};
use socket2::SockRef;
use std::io::{self, IoSlice};
use std::os::fd::AsFd;

impl Socket {
    /// recv(2): 0 at the peer's FIN; an error that ended the connection is returned even if another thread saw it first.
    pub fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.receive_by(|| Ok(net::recv(self, buffer, RecvFlags::empty())?.0))
    }

    /// recv(2) that leaves what it returns in the queue; not counted.
    pub fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.tracker.during(|| Ok(net::recv(self, buffer, RecvFlags::PEEK)?.0))
    }

    /// Makes another system call that receives from this socket, counts what it moved, and gives it [`Self::recv`]'s
    /// errors.
    pub(in crate::sys) fn receive_by(&self, call: impl FnOnce() -> io::Result<usize>) -> io::Result<usize> {
        let n = match self.tracker.during(call) {
            // Multipath TCP answers so where TCP answers 0, once the error was reported.
            Err(error) if error.raw_os_error() == Some(libc::ENOTCONN) => {
                return Err(self.tracker.ended_by().unwrap_or(error));
            }
            answer => answer?,
        };
        if n == 0 {
            return self.tracker.ended_by().map_or(Ok(0), Err);
        }
        self.tracker.moved(Dir::In, n);
        Ok(n)
    }

    /// send(2); a closed connection gives an error, not a signal.
    pub fn send(&self, data: &[u8]) -> io::Result<usize> {
        self.send_by(|| Ok(net::send(self, data, SendFlags::NOSIGNAL)?))
    }

    /// writev(2) on the socket.
    pub fn send_vectored(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.send_by(|| SockRef::from(&self.as_fd()).send_vectored_with_flags(parts, libc::MSG_NOSIGNAL))
    }

    /// Bytes sent that the peer has not acknowledged (`SIOCOUTQ`, tcp(7)); 0 where the kernel does not say.
    #[must_use]
    pub fn unacknowledged(&self) -> u64 {
        tcp_info::unsent(self.as_fd()).map_or(0, u64::from)
    }

    /// Makes another system call that sends over this socket, counts what it moved, and gives it [`Self::send`]'s errors.
    pub(in crate::sys) fn send_by(&self, call: impl FnOnce() -> io::Result<usize>) -> io::Result<usize> {
        let sent = self.tracker.during_send(call)?;
        self.tracker.moved(Dir::Out, sent);
        Ok(sent)
    }
}
