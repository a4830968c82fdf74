//! Datagrams on their way in, and those ICMP sent back.
#![allow(unsafe_code)]

use super::BATCH;
use super::control::{Control, Origin, Said};
use super::name::Name;
use crate::sys::socket::Tracked;
use std::io;
use std::mem::{size_of, zeroed};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;

/// Room for one datagram: the longest there is (65,527 bytes, IPv6) and a little more, so that the beginnings of
/// neighbours do not fall on the same cache lines. Pages nothing was received into cost no memory.
const STRIDE: usize = (64 << 10) + (4 << 10) + 128;

/// Room for a batch of datagrams. What one call received stays until the next.
pub struct Inbox {
    payloads: Vec<u8>,
    names: Vec<Name>,
    controls: Vec<Control>,
    // Points into `payloads`.
    parts: Vec<libc::iovec>,
    // Points into all the others. None of them ever grows, and moving an `Inbox` moves no buffer.
    headers: Vec<libc::mmsghdr>,
    held: usize,
}

/// One datagram received.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// What it says; may be empty.
    pub payload: &'a [u8],
    /// Who sent it.
    pub peer: SocketAddr,
    /// Which of our addresses it was sent to, on sockets of [`Tracked::tell_origins`].
    pub origin: Option<Origin>,
}

/// A datagram ICMP said could not be delivered.
#[derive(Debug)]
pub struct Returned {
    /// Where it was sent.
    pub peer: Option<SocketAddr>,
    /// Why it did not arrive: `ECONNREFUSED` where nobody listens, icmp(7).
    pub why: io::Error,
}

impl Default for Inbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Inbox {
    /// Room for [`BATCH`] datagrams of any length.
    #[must_use]
    pub fn new() -> Self {
        let mut inbox = Self {
            payloads: vec![0; BATCH * STRIDE],
            names: vec![Name::empty(); BATCH],
            controls: vec![Control::empty(); BATCH],
            parts: Vec::with_capacity(BATCH),
            headers: Vec::with_capacity(BATCH),
            held: 0,
        };
        for payload in inbox.payloads.chunks_exact_mut(STRIDE) {
            inbox.parts.push(libc::iovec { iov_base: payload.as_mut_ptr().cast(), iov_len: STRIDE });
        }
        for i in 0..BATCH {
            // SAFETY: a header is made of integers and pointers, for which zero is a value.
            let mut header: libc::mmsghdr = unsafe { zeroed() };
            header.msg_hdr.msg_name = (&raw mut inbox.names[i]).cast();
            header.msg_hdr.msg_iov = &raw mut inbox.parts[i];
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_control = (&raw mut inbox.controls[i]).cast();
            inbox.headers.push(header);
        }
        inbox
    }

    /// Receives what waits, `limit` datagrams at most, without waiting. Nothing there is `WouldBlock`.
    pub fn receive(&mut self, socket: &Tracked, limit: usize) -> io::Result<usize> {
        let count = self.take(socket, limit, 0)?;
        let bytes = self.headers[..count].iter().map(|h| u64::from(h.msg_len)).sum();
        socket.count_in(bytes);
        Ok(count)
    }

    /// Takes what ICMP sent back, on sockets of [`Tracked::keep_returns`]; empties the queue that makes the socket
    /// look ready for ever.
    pub fn receive_returned(&mut self, socket: &Tracked) -> Vec<Returned> {
        let mut returned = Vec::new();
        while let Ok(1..) = self.take(socket, BATCH, libc::MSG_ERRQUEUE) {
            for (i, header) in self.headers[..self.held].iter().enumerate() {
                let why = self.controls[i].read(control_length(header)).find_map(|said| match said {
                    Said::Returned(errno) => Some(io::Error::from_raw_os_error(errno)),
                    Said::Arrived(_) => None,
                });
                if let Some(why) = why {
                    socket.note_returned(&why);
                    returned.push(Returned { peer: self.names[i].address(), why });
                }
            }
        }
        self.held = 0;
        returned
    }

    #[allow(clippy::cast_possible_truncation)] // a batch is short, and so is a name
    fn take(&mut self, socket: &Tracked, limit: usize, flags: i32) -> io::Result<usize> {
        self.held = 0;
        for header in &mut self.headers {
            header.msg_hdr.msg_namelen = size_of::<Name>() as libc::socklen_t;
            header.msg_hdr.msg_controllen = Control::LEN as _;
        }
        let count = limit.min(BATCH) as u32;
        let flags = libc::MSG_DONTWAIT | flags;
        // SAFETY: the first `count` headers point at buffers of the lengths they say, which `self` owns and nobody else
        // uses during the call.
        let answer = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                self.headers.as_mut_ptr(),
                count,
                flags as _,
                std::ptr::null_mut(),
            )
        };
        self.held = usize::try_from(answer).map_err(|_| io::Error::last_os_error())?;
        Ok(self.held)
    }

    /// What the last [`Self::receive`] took, in order of arrival.
    pub fn datagrams(&self) -> impl Iterator<Item = Datagram<'_>> + Clone {
        self.headers[..self.held].iter().enumerate().filter_map(|(i, header)| {
            let start = i * STRIDE;
            let origin = self.controls[i].read(control_length(header)).find_map(|said| match said {
                Said::Arrived(origin) => Some(origin),
                Said::Returned(_) => None,
            });
            Some(Datagram {
                payload: &self.payloads[start..start + header.msg_len as usize],
                peer: self.names[i].address()?,
                origin,
            })
        })
    }
}

#[allow(clippy::unnecessary_cast)] // its type is the C library's choice
const fn control_length(header: &libc::mmsghdr) -> usize {
    header.msg_hdr.msg_controllen as usize
}
