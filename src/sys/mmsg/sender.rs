//! Datagrams sent in batches.
#![allow(unsafe_code)]

use super::control::{Control, Origin};
use super::sockaddr::RawSockAddr;
use super::{BATCH, SEND_BATCH};
use crate::event::{AddressRef, Dir};
use crate::sys::socket::Socket;
use std::io;
use std::mem::zeroed;
use std::os::fd::AsRawFd;

/// Datagrams that the kernel splits one payload into: `UDP_MAX_SEGMENTS` of older kernels (linux/udp.h).
const SEGMENTS: usize = 64;
/// The longest segment, bytes: it must fit into a packet on any path, and the smallest MTU of IPv6 is 1280 bytes with
/// headers (RFC 8200 section 5).
const SEGMENT: usize = 1200;
/// The longest payload of several segments, bytes.
const PAYLOAD: usize = 65_000;

/// One datagram to send.
#[derive(Clone, Copy, Debug)]
pub struct OutgoingDatagram<'a> {
    /// The payload, which may be empty.
    pub payload: &'a [u8],
    /// The destination; `None` is the connected peer.
    pub to: Option<AddressRef<'a>>,
    /// The origin of the datagram that this one answers: it leaves from the address that one was sent to.
    pub from: Option<Origin>,
}

/// Sends batches of datagrams.
pub struct BatchSender {
    addresses: Vec<RawSockAddr>,
    controls: Vec<Control>,
    parts: Vec<libc::iovec>,
    headers: Vec<libc::mmsghdr>,
    /// The number of datagrams of each header.
    runs: Vec<usize>,
    /// Datagrams of one length to one peer, and a shorter one after them, are sent as one payload that the kernel splits,
    /// which halves their cost.
    segments: bool,
}

impl Default for BatchSender {
    fn default() -> Self {
        Self::new()
    }
}

impl BatchSender {
    /// Allocates headers for [`BATCH`] payloads of [`SEND_BATCH`] datagrams in all.
    #[must_use]
    pub fn new() -> Self {
        Self {
            addresses: vec![RawSockAddr::empty(); BATCH],
            controls: vec![Control::empty(); BATCH],
            parts: Vec::with_capacity(SEND_BATCH),
            headers: Vec::with_capacity(BATCH),
            runs: Vec::with_capacity(BATCH),
            segments: true,
        }
    }

    /// Sends the first of `datagrams` without blocking, [`SEND_BATCH`] at most, and emits an event for each; returns how many
    /// were sent.
    ///
    /// An error is that of the first datagram. An error of a later one ends the batch before it and is lost: a short count
    /// asks for a second call, or for [`super::BatchReceiver::receive_icmp_errors`].
    pub fn send(&mut self, socket: &Socket, datagrams: &[OutgoingDatagram<'_>]) -> io::Result<usize> {
        match self.send_once(socket, datagrams) {
            // A path or a device without segmentation (udp(7)), or with a smaller MTU.
            Err(error) if self.first_is_split() && is_about_segments(&error) => {
                self.segments = false;
                self.send_once(socket, datagrams)
            }
            answer => answer,
        }
    }

    fn send_once(&mut self, socket: &Socket, datagrams: &[OutgoingDatagram<'_>]) -> io::Result<usize> {
        self.write_headers(datagrams, self.segments && socket.is_udp());
        let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
        #[allow(clippy::cast_possible_truncation)] // a batch is short
        let count = self.headers.len() as u32;
        // SAFETY: the headers point at addresses, control messages and parts that `self` owns, and the parts at payloads that
        // are borrowed during the call; the kernel writes `msg_len` alone.
        let answer =
            unsafe { libc::sendmmsg(socket.as_raw_fd(), self.headers.as_mut_ptr(), count, flags as _) };
        let runs = usize::try_from(answer).map_err(|_| io::Error::last_os_error())?;
        let sent = self.runs[..runs].iter().sum();
        socket.note_datagrams(Dir::Out, datagrams[..sent].iter().map(|d| (d.from, d.to, d.payload.len())));
        Ok(sent)
    }

    /// Writes the headers, which point at the payloads and are valid for one call.
    #[allow(clippy::cast_possible_truncation)] // addresses and control messages are short
    fn write_headers(&mut self, datagrams: &[OutgoingDatagram<'_>], segments: bool) {
        self.parts.clear();
        self.headers.clear();
        self.runs.clear();
        let mut rest = &datagrams[..datagrams.len().min(SEND_BATCH)];
        while let ([first, ..], true) = (rest, self.headers.len() < BATCH) {
            let i = self.headers.len();
            let run = if segments { run(rest) } else { 1 };
            // SAFETY: a header is made of integers and pointers, for which zero is a value.
            let mut header: libc::mmsghdr = unsafe { zeroed() };
            let start = self.parts.len();
            for datagram in &rest[..run] {
                let base = datagram.payload.as_ptr().cast_mut().cast();
                // Within the capacity: the vector is not reallocated, and earlier headers stay valid.
                self.parts.push(libc::iovec { iov_base: base, iov_len: datagram.payload.len() });
            }
            header.msg_hdr.msg_iov = &raw mut self.parts[start];
            header.msg_hdr.msg_iovlen = run as _;
            if let Some(to) = first.to {
                header.msg_hdr.msg_namelen = self.addresses[i].set(to) as libc::socklen_t;
                header.msg_hdr.msg_name = (&raw mut self.addresses[i]).cast();
            }
            let mut length = first.from.map_or(0, |from| self.controls[i].leave_from(&from));
            if run > 1 {
                length = self.controls[i].split_into(length, first.payload.len() as u16);
            }
            if length > 0 {
                header.msg_hdr.msg_control = (&raw mut self.controls[i]).cast();
                header.msg_hdr.msg_controllen = length as _;
            }
            self.headers.push(header);
            self.runs.push(run);
            rest = &rest[run..];
        }
    }

    fn first_is_split(&self) -> bool {
        self.runs.first().is_some_and(|run| *run > 1)
    }
}

/// How many datagrams, from the first on, have its addresses and its length; the last one may be shorter.
fn run(datagrams: &[OutgoingDatagram<'_>]) -> usize {
    let first = &datagrams[0];
    let length = first.payload.len();
    if length == 0 || length > SEGMENT {
        return 1;
    }
    let most = SEGMENTS.min(PAYLOAD / length);
    let same_way = |d: &OutgoingDatagram<'_>| d.to == first.to && d.from == first.from;
    let equal = datagrams.iter().take(most).take_while(|d| d.payload.len() == length && same_way(d)).count();
    // An empty one would not be part of the payload.
    let shorter = |d: &&OutgoingDatagram<'_>| (1..length).contains(&d.payload.len()) && same_way(d);
    equal + datagrams[equal..].iter().take(1.min(most - equal)).filter(shorter).count()
}

fn is_about_segments(error: &io::Error) -> bool {
    let known = [libc::EINVAL, libc::EIO, libc::EMSGSIZE, libc::ENOPROTOOPT, libc::EOPNOTSUPP];
    error.raw_os_error().is_some_and(|errno| known.contains(&errno))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;

    fn datagram(payload: &[u8], port: u16) -> OutgoingDatagram<'_> {
        OutgoingDatagram { payload, to: Some(SocketAddr::from(([127, 0, 0, 1], port)).into()), from: None }
    }

    #[test]
    fn datagrams_of_one_length_to_one_peer_and_a_shorter_one_share_a_payload() {
        let (short, long) = ([0; 7], [0; SEGMENT + 1]);
        let same = [datagram(&short, 1); 100];
        assert_eq!(run(&same), SEGMENTS);
        assert_eq!(run(&[datagram(&short, 1), datagram(&short, 2)]), 1);
        assert_eq!(
            run(&[
                datagram(&short, 1),
                datagram(&short, 1),
                datagram(&short[..6], 1),
                datagram(&short[..6], 1)
            ]),
            3
        );
        assert_eq!(run(&[datagram(&short[..6], 1), datagram(&short, 1)]), 1);
        assert_eq!(run(&[datagram(&short, 1), datagram(&[], 1)]), 1);
        assert_eq!(run(&[datagram(&short, 1), datagram(&short[..6], 2)]), 1);
        assert_eq!(run(&[&same[..SEGMENTS], &[datagram(&short[..6], 1)]].concat()), SEGMENTS);
        assert_eq!(run(&[datagram(&[], 1), datagram(&[], 1)]), 1);
        assert_eq!(run(&[datagram(&long, 1), datagram(&long, 1)]), 1);
        assert_eq!(run(&[datagram(&long[1..], 1); 64]), PAYLOAD / SEGMENT);
    }

    #[test]
    fn a_batch_is_limited_by_headers_and_by_datagrams() {
        let datagrams: Vec<OutgoingDatagram<'_>> =
            (1..).take(SEND_BATCH * 2).map(|port| datagram(&[1], port)).collect();
        let mut sender = BatchSender::new();
        sender.write_headers(&datagrams, true);
        assert_eq!((sender.headers.len(), sender.runs.iter().sum()), (BATCH, BATCH));
        let datagrams = vec![datagram(&[1], 1); SEND_BATCH * 2];
        sender.write_headers(&datagrams, true);
        assert_eq!(sender.runs, [SEGMENTS; SEND_BATCH / SEGMENTS]);
    }
}
