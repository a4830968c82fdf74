//! Multipath TCP (RFC 8684, Linux `networking/mptcp`): a connection over one or more TCP connections, its subflows. States
//! and `TCP_INFO` are those of the first subflow, which sends its FIN only once the data of both directions has ended.
#![allow(unsafe_code)]

use super::Socket;
use crate::event::{Event, Value};
use crate::sys::options::SocketOption;
use crate::sys::tcp_info;
use rustix::net::{self, RecvFlags, ipproto, sockopt};
use std::mem::size_of_val;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

/// `SOL_MPTCP` and `MPTCP_INFO` of linux/mptcp.h; `MPTCP_INFO_FLAG_FALLBACK` of its flags.
const SOL_MPTCP: libc::c_int = 284;
const MPTCP_INFO: libc::c_int = 1;
const FLAG_FALLBACK: u32 = 1;
/// Where the flags are in `struct mptcp_info`, in numbers of four bytes.
const FLAGS: usize = 2;

impl Socket {
    /// Emits whether a connection of a socket for Multipath TCP is one, or fell back to TCP, which the peer decides.
    pub(super) fn emit_multipath(&self) {
        if self.multipath {
            let is_one = is_multipath(self.as_fd());
            self.tracker.lock().fin_follows = is_one;
            let effective = Value::Bool(is_one);
            let (name, requested) = (SocketOption::Multipath(true).name(), Some(Value::Bool(true)));
            self.emit(|socket| Event::Option { socket, name, requested, effective });
        }
    }

    /// Whether the connection, and not the FIN of a subflow, signals the end of our data to the peer.
    pub(super) fn ends_by_data_fin(&self) -> bool {
        self.multipath && is_multipath(self.as_fd())
    }

    /// Whether data waits to be read; for FIONREAD an end counts as a byte (`mptcp_inq_hint`).
    pub(super) fn has_unread_data(&self) -> bool {
        let peeked = net::recv(self, &mut [0], RecvFlags::PEEK | RecvFlags::DONTWAIT);
        peeked.is_ok_and(|(_, length)| length > 0)
    }

    /// Whether everything sent has been acknowledged, the end of our data included.
    pub(super) fn data_fin_acknowledged(&self) -> bool {
        tcp_info::unsent(self.as_fd()).is_ok_and(|queued| queued == 0)
    }
}

/// Whether a socket was made for Multipath TCP; that of a client without it is one of TCP from the start (accept(2)).
pub(super) fn is_for_multipath(fd: BorrowedFd<'_>) -> bool {
    matches!(sockopt::socket_protocol(fd), Ok(Some(ipproto::MPTCP)))
}

fn is_multipath(fd: BorrowedFd<'_>) -> bool {
    let mut info = [0_u32; FLAGS + 1];
    #[allow(clippy::cast_possible_truncation)] // twelve
    let mut length = size_of_val(&info) as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes of its structure into ours.
    let answer = unsafe {
        libc::getsockopt(fd.as_raw_fd(), SOL_MPTCP, MPTCP_INFO, info.as_mut_ptr().cast(), &raw mut length)
    };
    answer == 0 && info[FLAGS] & FLAG_FALLBACK == 0
}
