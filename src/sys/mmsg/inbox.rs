//! Datagrams on their way in, and those ICMP sent back.
#![allow(unsafe_code)]

use super::BATCH;
use super::control::{Control, Origin, Said};
use super::sockaddr::RawSockAddr;
use crate::sys::socket::Socket;
use std::io;
use std::mem::{size_of, zeroed};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;

/// Room for one datagram: the longest there is (65,527 bytes, IPv6) and a little more, so that the beginnings of
/// neighbours do not fall on the same cache lines. Pages nothing was received into cost no memory.
const STRIDE: usize = (64 << 10) + (4 << 10) + 128;

/// Room for a batch of messages. What one call received stays until the next.
///
/// A message is one datagram, or, on sockets of [`Socket::take_segments`], several of one sender that the kernel handed over
/// together.
pub struct Inbox {
    payloads: Vec<u8>,
    names: Vec<RawSockAddr>,
    controls: Vec<Control>,
    // Points into `payloads`.
    parts: Vec<libc::iovec>,
    // Points into all the others. None of them ever grows, and moving an `Inbox` moves no buffer.
    headers: Vec<libc::mmsghdr>,
    /// Messages held.
    held: usize,
    /// Datagrams in them that are given out.
    count: usize,
    /// The call took as many messages as there was room for.
    full: bool,
}

/// One datagram received.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// What it says; may be empty.
    pub payload: &'a [u8],
    /// Who sent it.
    pub peer: SocketAddr,
    /// Which of our addresses it was sent to, on sockets of [`Socket::tell_origins`].
    pub origin: Option<Origin>,
}

/// A datagram ICMP said could not be delivered.
#[derive(Debug)]
pub struct IcmpError {
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
    /// Room for [`BATCH`] messages of any length.
    #[must_use]
    pub fn new() -> Self {
        let mut inbox = Self {
            payloads: vec![0; BATCH * STRIDE],
            names: vec![RawSockAddr::empty(); BATCH],
            controls: vec![Control::empty(); BATCH],
            parts: Vec::with_capacity(BATCH),
            headers: Vec::with_capacity(BATCH),
            held: 0,
            count: 0,
            full: false,
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

    /// Receives what waits, `limit` datagrams at most, without waiting; says how many. Nothing there is `WouldBlock`.
    ///
    /// Of datagrams that came together those beyond the limit are given up.
    pub fn receive(&mut self, socket: &Socket, limit: usize) -> io::Result<usize> {
        self.fill(socket, limit)?;
        Ok(self.settle(socket, limit))
    }

    /// As [`Self::receive`], without the datagrams of peers that `keep` refuses: they are neither given out nor counted.
    /// It may be that none is left.
    pub fn receive_from(
        &mut self,
        socket: &Socket,
        limit: usize,
        mut keep: impl FnMut(SocketAddr) -> bool,
    ) -> io::Result<usize> {
        self.fill(socket, limit)?;
        for name in &mut self.names[..self.held] {
            if name.address().is_some_and(|peer| !keep(peer)) {
                *name = RawSockAddr::empty(); // a message of nobody is not given out
            }
        }
        Ok(self.settle(socket, limit))
    }

    fn fill(&mut self, socket: &Socket, limit: usize) -> io::Result<()> {
        self.count = 0;
        let asked = limit.min(BATCH);
        self.take(socket, asked, 0)?;
        self.full = self.held == asked;
        Ok(())
    }

    fn settle(&mut self, socket: &Socket, limit: usize) -> usize {
        self.count = limit; // for `datagrams`, which gives out as many
        let (count, bytes) =
            self.datagrams().fold((0, 0), |(n, sum), d| (n + 1, sum + d.payload.len() as u64));
        self.count = count;
        socket.count_in(bytes);
        count
    }

    /// Whether more may wait than the last [`Self::receive`] took.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// Takes what ICMP sent back, on sockets of [`Socket::keep_returns`]; empties the queue that makes the socket
    /// look ready for ever.
    pub fn receive_returned(&mut self, socket: &Socket) -> Vec<IcmpError> {
        let mut icmp_errors = Vec::new();
        while let Ok(1..) = self.take(socket, BATCH, libc::MSG_ERRQUEUE) {
            for i in 0..self.held {
                let why = self.said(i).find_map(|said| match said {
                    Said::IcmpError(errno) => Some(io::Error::from_raw_os_error(errno)),
                    Said::Arrived(_) | Said::Segments(_) => None,
                });
                if let Some(why) = why {
                    socket.note_returned(&why);
                    icmp_errors.push(IcmpError { peer: self.names[i].address(), why });
                }
            }
        }
        (self.held, self.count) = (0, 0);
        icmp_errors
    }

    #[allow(clippy::cast_possible_truncation)] // a batch is short, and so is a name
    fn take(&mut self, socket: &Socket, limit: usize, flags: i32) -> io::Result<usize> {
        self.held = 0;
        for header in &mut self.headers {
            header.msg_hdr.msg_namelen = size_of::<RawSockAddr>() as libc::socklen_t;
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
        let messages = (0..self.held).filter_map(|i| {
            let origin =
                self.said(i).find_map(|said| if let Said::Arrived(at) = said { Some(at) } else { None });
            let peer = self.names[i].address()?;
            let cut = segments(self.payload(i), self.segment(i));
            Some(cut.map(move |payload| Datagram { payload, peer, origin }))
        });
        messages.flatten().take(self.count)
    }

    fn payload(&self, message: usize) -> &[u8] {
        let start = message * STRIDE;
        &self.payloads[start..start + self.headers[message].msg_len as usize]
    }

    fn said(&self, message: usize) -> impl Iterator<Item = Said> {
        self.controls[message].read(control_length(&self.headers[message]))
    }

    /// How long the datagrams of a message are, if it may hold several.
    fn segment(&self, message: usize) -> Option<usize> {
        self.said(message).find_map(|said| if let Said::Segments(size) = said { Some(size) } else { None })
    }
}

/// The datagrams of a payload: of `size` bytes each but for the last, or the payload itself, which may be empty.
fn segments(payload: &[u8], size: Option<usize>) -> impl Iterator<Item = &[u8]> + Clone {
    let whole = payload.len().max(1);
    let size = size.filter(|size| *size > 0).unwrap_or(whole);
    let empty = payload.is_empty().then_some(payload);
    empty.into_iter().chain(payload.chunks(size))
}

#[allow(clippy::unnecessary_cast)] // its type is the C library's choice
const fn control_length(header: &libc::mmsghdr) -> usize {
    header.msg_hdr.msg_controllen as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_payload_without_a_size_is_one_datagram_even_if_empty() {
        assert_eq!(segments(b"", None).collect::<Vec<_>>(), [b""]);
        assert_eq!(segments(b"", Some(3)).collect::<Vec<_>>(), [b""]);
        assert_eq!(segments(b"abcd", None).collect::<Vec<_>>(), [b"abcd"]);
        assert_eq!(segments(b"abcd", Some(0)).collect::<Vec<_>>(), [b"abcd"]);
        assert_eq!(segments(b"abcd", Some(3)).collect::<Vec<_>>(), [&b"abc"[..], b"d"]);
    }

    proptest! {
        #[test]
        fn segments_are_the_payload_again(payload: Vec<u8>, size in 0usize..300) {
            let cut: Vec<&[u8]> = segments(&payload, Some(size)).collect();
            prop_assert!(!cut.is_empty());
            prop_assert_eq!(cut.concat(), &payload[..]);
        }
    }
}
