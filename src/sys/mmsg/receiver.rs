//! Datagrams received in batches, and the ICMP errors of datagrams sent.
#![allow(unsafe_code)]

use super::BATCH;
use super::control::{Control, ControlMessage, Origin};
use super::sockaddr::RawSockAddr;
use crate::event::{Address, AddressRef, Dir};
use crate::sys::socket::Socket;
use std::io;
use std::mem::{size_of, zeroed};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;

/// Bytes of one payload buffer: the longest datagram (65,527 bytes, IPv6) and a little more, so that the beginnings of
/// neighbouring buffers do not share cache lines. Pages that were never written to cost no memory.
const STRIDE: usize = (64 << 10) + (4 << 10) + 128;

/// Receives batches of datagrams. One batch is held until the next is received.
///
/// A message is one datagram, or, on sockets of [`Socket::receive_segments`], several of one sender that the kernel joined.
pub struct BatchReceiver {
    payloads: Vec<u8>,
    addresses: Vec<RawSockAddr>,
    controls: Vec<Control>,
    // Points into `payloads`.
    parts: Vec<libc::iovec>,
    // Points into all the others. None of them ever grows, and moving a `BatchReceiver` moves no buffer.
    headers: Vec<libc::mmsghdr>,
    /// Messages held.
    held: usize,
    /// A bit for each of them whose datagrams are left out.
    refused: u64,
    /// Datagrams in them, those beyond the limit left out.
    count: usize,
    /// The last call received as many messages as it asked for.
    full: bool,
}

/// One datagram received.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// The payload, which may be empty.
    pub payload: &'a [u8],
    /// The sender's address; `None` for a UNIX socket without a name, which cannot be answered.
    pub peer: Option<AddressRef<'a>>,
    /// The local address it was sent to, on sockets of [`Socket::receive_origins`].
    pub origin: Option<Origin>,
}

impl Datagram<'_> {
    /// The address it was sent to, `local` being that of the socket.
    #[must_use]
    pub fn sent_to(&self, local: Option<&Address>) -> Option<Address> {
        let local = local?;
        match self.origin {
            Some(origin) => origin.local(Dir::In, local.inet()?).map(Address::from),
            None => Some(local.clone()),
        }
    }
}

/// A datagram that was not delivered, as an ICMP message reports it (icmp(7)).
#[derive(Debug)]
pub struct IcmpError {
    /// The address it was sent to.
    pub peer: Option<SocketAddr>,
    /// `ECONNREFUSED` where the port is closed.
    pub why: io::Error,
}

impl Default for BatchReceiver {
    fn default() -> Self {
        Self::new()
    }
}

impl BatchReceiver {
    /// Allocates buffers for [`BATCH`] messages of any length.
    #[must_use]
    pub fn new() -> Self {
        let mut receiver = Self {
            payloads: vec![0; BATCH * STRIDE],
            addresses: vec![RawSockAddr::empty(); BATCH],
            controls: vec![Control::empty(); BATCH],
            parts: Vec::with_capacity(BATCH),
            headers: Vec::with_capacity(BATCH),
            held: 0,
            refused: 0,
            count: 0,
            full: false,
        };
        for payload in receiver.payloads.chunks_exact_mut(STRIDE) {
            receiver.parts.push(libc::iovec { iov_base: payload.as_mut_ptr().cast(), iov_len: STRIDE });
        }
        for i in 0..BATCH {
            // SAFETY: a header is made of integers and pointers, for which zero is a value.
            let mut header: libc::mmsghdr = unsafe { zeroed() };
            header.msg_hdr.msg_name = (&raw mut receiver.addresses[i]).cast();
            header.msg_hdr.msg_iov = &raw mut receiver.parts[i];
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_control = (&raw mut receiver.controls[i]).cast();
            receiver.headers.push(header);
        }
        receiver
    }

    /// Receives the datagrams that are queued, `limit` at most, without blocking, and emits an event for each; returns how
    /// many. An empty queue is `WouldBlock`.
    ///
    /// Of the datagrams of one message those beyond the limit are discarded.
    pub fn receive(&mut self, socket: &Socket, limit: usize) -> io::Result<usize> {
        self.receive_batch(socket, limit)?;
        Ok(self.note_received(socket, limit))
    }

    /// As [`Self::receive`], without the datagrams of internet peers that `keep` refuses, which are neither noted nor counted. 0 if a
    /// batch has no others.
    pub fn receive_from(
        &mut self,
        socket: &Socket,
        limit: usize,
        mut keep: impl FnMut(SocketAddr) -> bool,
    ) -> io::Result<usize> {
        self.receive_batch(socket, limit)?;
        for i in 0..self.held {
            let peer = self.peer(i).and_then(|peer| peer.inet());
            if peer.is_some_and(|peer| !keep(peer)) {
                self.refused |= 1 << i;
            }
        }
        Ok(self.note_received(socket, limit))
    }

    fn receive_batch(&mut self, socket: &Socket, limit: usize) -> io::Result<()> {
        self.count = 0;
        let asked = limit.min(BATCH);
        self.receive_messages(socket, asked, 0)?;
        self.full = self.held == asked;
        Ok(())
    }

    fn note_received(&mut self, socket: &Socket, limit: usize) -> usize {
        self.count = limit; // the most that `datagrams` yields
        self.count = self.datagrams().count();
        socket.note_datagrams(Dir::In, self.datagrams().map(|d| (d.origin, d.peer, d.payload.len())));
        self.count
    }

    /// Whether more datagrams may be queued than the last [`Self::receive`] returned.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// Empties the error queue of a socket of [`Socket::receive_icmp_errors`]; while it is not empty, poll(2) reports the
    /// socket ready.
    pub fn receive_icmp_errors(&mut self, socket: &Socket) -> Vec<IcmpError> {
        let mut icmp_errors = Vec::new();
        // unix(7) has no such queue, and would give datagrams instead.
        while socket.is_udp()
            && let Ok(1..) = self.receive_messages(socket, BATCH, libc::MSG_ERRQUEUE)
        {
            for i in 0..self.held {
                let why = self.control_messages(i).find_map(|message| match message {
                    ControlMessage::IcmpError(errno) => Some(io::Error::from_raw_os_error(errno)),
                    ControlMessage::Origin(_) | ControlMessage::Segments(_) => None,
                });
                if let Some(why) = why {
                    socket.note_icmp_error(&why);
                    let peer = self.peer(i).and_then(|peer| peer.inet());
                    icmp_errors.push(IcmpError { peer, why });
                }
            }
        }
        (self.held, self.count) = (0, 0);
        icmp_errors
    }

    #[allow(clippy::cast_possible_truncation)] // a batch is short, and so is an address
    fn receive_messages(&mut self, socket: &Socket, limit: usize, flags: i32) -> io::Result<usize> {
        (self.held, self.refused) = (0, 0);
        // Without room for them the kernel closes the descriptors that a UNIX peer may send (SCM_RIGHTS, unix(7)).
        let control = if socket.is_udp() { Control::LEN } else { 0 };
        for header in &mut self.headers {
            header.msg_hdr.msg_namelen = size_of::<RawSockAddr>() as libc::socklen_t;
            header.msg_hdr.msg_controllen = control as _;
        }
        let count = limit.min(BATCH) as u32;
        let flags = libc::MSG_DONTWAIT | flags;
        // SAFETY: the first `count` headers point at buffers of the lengths they state, which `self` owns and nothing else
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

    /// The datagrams of the last [`Self::receive`], in order of arrival.
    pub fn datagrams(&self) -> impl Iterator<Item = Datagram<'_>> + Clone {
        let kept = (0..self.held).filter(|i| self.refused & 1 << i == 0);
        let messages = kept.map(|i| {
            let origin = self.control_messages(i).find_map(|message| match message {
                ControlMessage::Origin(origin) => Some(origin),
                ControlMessage::Segments(_) | ControlMessage::IcmpError(_) => None,
            });
            let peer = self.peer(i);
            let payloads = segments(self.payload(i), self.segment(i));
            payloads.map(move |payload| Datagram { payload, peer, origin })
        });
        messages.flatten().take(self.count)
    }

    /// Whether a datagram of the last batch was longer than the buffers, and lost its end.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.headers[..self.held].iter().any(|header| header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0)
    }

    fn peer(&self, message: usize) -> Option<AddressRef<'_>> {
        self.addresses[message].address(self.headers[message].msg_hdr.msg_namelen as usize)
    }

    fn payload(&self, message: usize) -> &[u8] {
        let start = message * STRIDE;
        &self.payloads[start..start + self.headers[message].msg_len as usize]
    }

    fn control_messages(&self, message: usize) -> impl Iterator<Item = ControlMessage> {
        self.controls[message].read(control_length(&self.headers[message]))
    }

    /// The length of the datagrams of a message that may hold several.
    fn segment(&self, message: usize) -> Option<usize> {
        self.control_messages(message).find_map(|message| match message {
            ControlMessage::Segments(size) => Some(size),
            ControlMessage::Origin(_) | ControlMessage::IcmpError(_) => None,
        })
    }
}

/// Splits a payload into datagrams of `size` bytes, the last one perhaps shorter; without a size it is one datagram, which
/// may be empty.
fn segments(payload: &[u8], size: Option<usize>) -> impl Iterator<Item = &[u8]> + Clone {
    let whole = payload.len().max(1);
    let size = size.filter(|size| *size > 0).unwrap_or(whole);
    let empty = payload.is_empty().then_some(payload);
    empty.into_iter().chain(payload.chunks(size))
}

#[allow(clippy::unnecessary_cast)] // its type depends on the C library
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
            let split: Vec<&[u8]> = segments(&payload, Some(size)).collect();
            prop_assert!(!split.is_empty());
            prop_assert_eq!(split.concat(), &payload[..]);
        }
    }
}
