//! One netlink socket of `NETLINK_SOCK_DIAG`: requests out, answers in. Used by its siblings.

use super::netlink::{self, HEADER, Message};
use rustix::net::{self, AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink as nl};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The size of the receive buffer: the kernel fills up to 32 KiB a read where there is room for it (`netlink_dump`).
const CAPACITY: usize = 64 * 1024;

/// A socket, the number of its last request, and the buffer its answers are read into.
#[derive(Debug)]
pub(super) struct Channel {
    fd: OwnedFd,
    seq: u32,
    buffer: Box<[u8]>,
}

impl Channel {
    /// Opens a socket that only the kernel can send to, member of the multicast `groups` (a bit each, 0 for none).
    pub fn open(groups: u32) -> io::Result<Self> {
        let fd = net::socket_with(
            AddressFamily::NETLINK,
            SocketType::DGRAM,
            SocketFlags::CLOEXEC,
            Some(nl::SOCK_DIAG),
        )?;
        if groups != 0 {
            net::bind(&fd, &nl::SocketAddrNetlink::new(0, groups))?;
        }
        net::connect(&fd, &nl::SocketAddrNetlink::new(0, 0))?;
        Ok(Self { fd, seq: 0, buffer: vec![0; CAPACITY].into_boxed_slice() })
    }

    /// Sends one request (header and body, the sequence number is filled in here).
    pub fn send(&mut self, request: &mut [u8]) -> io::Result<()> {
        self.seq = self.seq.wrapping_add(1);
        request[8..12].copy_from_slice(&self.seq.to_ne_bytes());
        rustix::io::retry_on_intr(|| net::send(&self.fd, request, SendFlags::empty()))?;
        Ok(())
    }

    /// Reads once and gives every message that answers the last request.
    pub fn read(&mut self) -> io::Result<impl Iterator<Item = Message<'_>>> {
        let seq = self.seq;
        Ok(netlink::messages(self.receive(RecvFlags::empty())?).filter(move |m| m.seq == seq))
    }

    /// Reads one datagram of any kind. A datagram that did not fit is an error, never half an answer.
    pub fn receive(&mut self, flags: RecvFlags) -> io::Result<&[u8]> {
        let (_, length) = rustix::io::retry_on_intr(|| {
            net::recv(&self.fd, &mut self.buffer[..], flags | RecvFlags::TRUNC)
        })?;
        self.buffer.get(..length).ok_or_else(|| io::Error::from_raw_os_error(libc::EMSGSIZE))
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// The header of a request whose body has `body` bytes.
pub(super) fn header(kind: u16, flags: u16, body: usize) -> [u8; HEADER] {
    let mut head = [0; HEADER];
    let length = u32::try_from(HEADER + body).unwrap_or(u32::MAX);
    head[0..4].copy_from_slice(&length.to_ne_bytes());
    head[4..6].copy_from_slice(&kind.to_ne_bytes());
    head[6..8].copy_from_slice(&flags.to_ne_bytes());
    head
}
