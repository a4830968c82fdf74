//! Datagrams on their way out.
#![allow(unsafe_code)]

use super::control::{Control, Origin};
use super::sockaddr::RawSockAddr;
use super::{BATCH, LETTERS};
use crate::sys::socket::Socket;
use std::io;
use std::mem::zeroed;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;

/// Datagrams of one length that the kernel cuts out of one payload: `UDP_MAX_SEGMENTS` of older kernels (linux/udp.h).
const SEGMENTS: usize = 64;
/// A segment must fit into a packet whatever the path: IPv6's least is 1280 bytes with headers (RFC 8200 section 5).
const SEGMENT: usize = 1200;
/// What one payload holds, a datagram of all the segments.
const PAYLOAD: usize = 65_000;

/// One datagram to send.
#[derive(Clone, Copy, Debug)]
pub struct OutgoingDatagram<'a> {
    /// What it says; may be empty.
    pub payload: &'a [u8],
    /// Where to; the connected peer if absent.
    pub to: Option<SocketAddr>,
    /// Answers a datagram with this origin: leaves from the address that one was sent to.
    pub from: Option<Origin>,
}

/// Headers for a batch of datagrams.
pub struct Outbox {
    names: Vec<RawSockAddr>,
    controls: Vec<Control>,
    parts: Vec<libc::iovec>,
    headers: Vec<libc::mmsghdr>,
    /// How many letters each header is for.
    runs: Vec<usize>,
    /// Letters of one length to one peer, and a shorter one after them, go out as one payload that the kernel cuts, which
    /// halves their cost.
    segments: bool,
}

impl Default for Outbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Outbox {
    /// Headers for [`BATCH`] payloads of [`LETTERS`] datagrams in all.
    #[must_use]
    pub fn new() -> Self {
        Self {
            names: vec![RawSockAddr::empty(); BATCH],
            controls: vec![Control::empty(); BATCH],
            parts: Vec::with_capacity(LETTERS),
            headers: Vec::with_capacity(BATCH),
            runs: Vec::with_capacity(BATCH),
            segments: true,
        }
    }

    /// Sends the first of `datagrams` without waiting, [`LETTERS`] at most; says how many went out.
    ///
    /// An error is that of the first letter. After one of a later letter the call returns those before it, and the kernel
    /// has forgotten the error: a short count asks for a second call, or for [`super::Inbox::receive_returned`].
    pub fn send(&mut self, socket: &Socket, datagrams: &[OutgoingDatagram<'_>]) -> io::Result<usize> {
        match self.send_once(socket, datagrams) {
            // A path or a device that takes no segments (udp(7)), or takes less than was thought.
            Err(error) if self.first_is_cut() && is_about_segments(&error) => {
                self.segments = false;
                self.send_once(socket, datagrams)
            }
            answer => answer,
        }
    }

    fn send_once(&mut self, socket: &Socket, datagrams: &[OutgoingDatagram<'_>]) -> io::Result<usize> {
        self.address(datagrams);
        let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
        #[allow(clippy::cast_possible_truncation)] // a batch is short
        let count = self.headers.len() as u32;
        // SAFETY: the headers point at names, control messages and parts that `self` owns, and these at payloads borrowed
        // for as long as the call; the kernel writes nothing but `msg_len`.
        let answer =
            unsafe { libc::sendmmsg(socket.as_raw_fd(), self.headers.as_mut_ptr(), count, flags as _) };
        let runs = usize::try_from(answer).map_err(|_| io::Error::last_os_error())?;
        let sent = self.runs[..runs].iter().sum();
        socket.count_out(datagrams[..sent].iter().map(|l| l.payload.len() as u64).sum());
        Ok(sent)
    }

    /// Writes the headers. They hold pointers to payloads that are good for this one call, and are written anew for each.
    #[allow(clippy::cast_possible_truncation)] // names and control messages are short
    fn address(&mut self, datagrams: &[OutgoingDatagram<'_>]) {
        self.parts.clear();
        self.headers.clear();
        self.runs.clear();
        let mut rest = &datagrams[..datagrams.len().min(LETTERS)];
        while let ([first, ..], true) = (rest, self.headers.len() < BATCH) {
            let i = self.headers.len();
            let run = if self.segments { run(rest) } else { 1 };
            // SAFETY: a header is made of integers and pointers, for which zero is a value.
            let mut header: libc::mmsghdr = unsafe { zeroed() };
            let start = self.parts.len();
            for datagram in &rest[..run] {
                let base = datagram.payload.as_ptr().cast_mut().cast();
                // Within the capacity: earlier headers go on pointing at their parts.
                self.parts.push(libc::iovec { iov_base: base, iov_len: datagram.payload.len() });
            }
            header.msg_hdr.msg_iov = &raw mut self.parts[start];
            header.msg_hdr.msg_iovlen = run as _;
            if let Some(to) = first.to {
                header.msg_hdr.msg_namelen = self.names[i].set(to) as libc::socklen_t;
                header.msg_hdr.msg_name = (&raw mut self.names[i]).cast();
            }
            let mut length = first.from.map_or(0, |from| self.controls[i].leave_from(&from));
            if run > 1 {
                length = self.controls[i].cut(length, first.payload.len() as u16);
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

    fn first_is_cut(&self) -> bool {
        self.runs.first().is_some_and(|run| *run > 1)
    }
}

/// How many letters from the first on go its way and are of its length, but for the last, which may be shorter.
fn run(datagrams: &[OutgoingDatagram<'_>]) -> usize {
    let first = &datagrams[0];
    let length = first.payload.len();
    if length == 0 || length > SEGMENT {
        return 1;
    }
    let most = SEGMENTS.min(PAYLOAD / length);
    let goes_along = |l: &OutgoingDatagram<'_>| l.to == first.to && l.from == first.from;
    let alike =
        datagrams.iter().take(most).take_while(|l| l.payload.len() == length && goes_along(l)).count();
    // An empty one would leave no trace in the payload.
    let shorter = |l: &&OutgoingDatagram<'_>| (1..length).contains(&l.payload.len()) && goes_along(l);
    alike + datagrams[alike..].iter().take(1.min(most - alike)).filter(shorter).count()
}

fn is_about_segments(error: &io::Error) -> bool {
    let known = [libc::EINVAL, libc::EIO, libc::EMSGSIZE, libc::ENOPROTOOPT, libc::EOPNOTSUPP];
    error.raw_os_error().is_some_and(|errno| known.contains(&errno))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn datagram(payload: &[u8], port: u16) -> OutgoingDatagram<'_> {
        OutgoingDatagram { payload, to: Some(([127, 0, 0, 1], port).into()), from: None }
    }

    #[test]
    fn letters_of_one_length_to_one_peer_and_a_shorter_one_share_a_payload() {
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
    fn no_header_is_left_without_room() {
        let datagrams: Vec<OutgoingDatagram<'_>> =
            (1..).take(LETTERS * 2).map(|port| datagram(&[1], port)).collect();
        let mut outbox = Outbox::new();
        outbox.address(&datagrams);
        assert_eq!((outbox.headers.len(), outbox.runs.iter().sum()), (BATCH, BATCH));
        let datagrams = vec![datagram(&[1], 1); LETTERS * 2];
        outbox.address(&datagrams);
        assert_eq!(outbox.runs, [SEGMENTS; LETTERS / SEGMENTS]);
    }
}
