//! Datagrams on their way out.
#![allow(unsafe_code)]

use super::BATCH;
use super::control::{Control, Origin};
use super::name::Name;
use crate::sys::socket::Tracked;
use std::io;
use std::mem::zeroed;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;

/// One datagram to send.
#[derive(Clone, Copy, Debug)]
pub struct Letter<'a> {
    /// What it says; may be empty.
    pub payload: &'a [u8],
    /// Where to; the connected peer if absent.
    pub to: Option<SocketAddr>,
    /// Answers a datagram with this origin: leaves from the address that one was sent to.
    pub from: Option<Origin>,
}

/// Headers for a batch of datagrams.
pub struct Outbox {
    names: Vec<Name>,
    controls: Vec<Control>,
    parts: Vec<libc::iovec>,
    headers: Vec<libc::mmsghdr>,
}

impl Default for Outbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Outbox {
    /// Headers for [`BATCH`] datagrams.
    #[must_use]
    pub fn new() -> Self {
        Self {
            names: vec![Name::empty(); BATCH],
            controls: vec![Control::empty(); BATCH],
            parts: Vec::with_capacity(BATCH),
            headers: Vec::with_capacity(BATCH),
        }
    }

    /// Sends the first of `letters` without waiting, [`BATCH`] at most; says how many went out.
    ///
    /// An error is that of the first letter. After one of a later letter the call returns those before it, and the kernel
    /// has forgotten the error: a short count asks for a second call, or for [`super::Inbox::receive_returned`].
    pub fn send(&mut self, socket: &Tracked, letters: &[Letter<'_>]) -> io::Result<usize> {
        self.address(letters);
        let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
        #[allow(clippy::cast_possible_truncation)] // a batch is short
        let count = self.headers.len() as u32;
        // SAFETY: the headers point at names, control messages and parts that `self` owns, and these at payloads borrowed
        // for as long as the call; the kernel writes nothing but `msg_len`.
        let answer =
            unsafe { libc::sendmmsg(socket.as_raw_fd(), self.headers.as_mut_ptr(), count, flags as _) };
        let sent = usize::try_from(answer).map_err(|_| io::Error::last_os_error())?;
        socket.count_out(letters[..sent].iter().map(|l| l.payload.len() as u64).sum());
        Ok(sent)
    }

    /// Writes the headers. They hold pointers to payloads that are good for this one call, and are written anew for each.
    #[allow(clippy::cast_possible_truncation)] // names and control messages are short
    fn address(&mut self, letters: &[Letter<'_>]) {
        self.parts.clear();
        self.headers.clear();
        for (i, letter) in letters.iter().take(BATCH).enumerate() {
            let base = letter.payload.as_ptr().cast_mut().cast();
            // Within the capacity: earlier headers go on pointing at their parts.
            self.parts.push(libc::iovec { iov_base: base, iov_len: letter.payload.len() });
            // SAFETY: a header is made of integers and pointers, for which zero is a value.
            let mut header: libc::mmsghdr = unsafe { zeroed() };
            header.msg_hdr.msg_iov = &raw mut self.parts[i];
            header.msg_hdr.msg_iovlen = 1;
            if let Some(to) = letter.to {
                header.msg_hdr.msg_namelen = self.names[i].set(to) as libc::socklen_t;
                header.msg_hdr.msg_name = (&raw mut self.names[i]).cast();
            }
            let length = letter.from.map_or(0, |from| self.controls[i].leave_from(&from));
            if length > 0 {
                header.msg_hdr.msg_control = (&raw mut self.controls[i]).cast();
                header.msg_hdr.msg_controllen = length as _;
            }
            self.headers.push(header);
        }
    }
}
