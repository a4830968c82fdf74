//! From the socket to nowhere: the kernel drops the bytes without touching them (`MSG_TRUNC`, tcp(7)), and they count.

use super::{CHUNK, PumpError, socket};
use crate::sys::poll::{Interest, wait};
use crate::sys::socket::Socket;
use rustix::net::{RecvFlags, recv};
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;

/// Receives and discards until the peer's FIN.
pub fn discard(from: &Socket) -> Result<(), PumpError> {
    // Zeroed memory that is never touched takes no space.
    let mut room = vec![0; CHUNK];
    loop {
        match discard_some(from, &mut room) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                wait(&[(from.as_fd(), Interest::Reading)], None).map_err(socket)?;
            }
            Err(error) => return Err(socket(error)),
        }
    }
}

/// Discards received data, at most the length of `room`; returns the number of bytes, 0 at the peer's FIN, and the errors
/// of [`Socket::recv`]. The contents of `room` are unspecified: a kernel without the flag receives into it.
pub fn discard_some(from: &Socket, room: &mut [u8]) -> io::Result<usize> {
    from.receive_by(|| Ok(recv(from, room, RecvFlags::TRUNC)?.1))
}
