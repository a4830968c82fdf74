//! What UDP sockets have that TCP's have not: origins, groups, ICMP's answers, and events a datagram.
#![allow(unsafe_code)]

use super::Socket;
use crate::event::{Dir, Event, Kind, Scope, Subject};
use crate::sys::error::{Error, Result};
use crate::sys::options::{Family, SocketOption};
use socket2::{InterfaceIndexOrAddress, SockRef};
use std::ffi::c_int;
use std::io;
use std::mem::size_of_val;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::atomic::Ordering;

/// The receive buffer asked for where the user asked for none: what comes in tens of milliseconds at a million datagrams
/// a second. The kernel grants what `net.core.rmem_max` allows, socket(7).
const CAPACITY: usize = 4 << 20;

impl Socket {
    /// Makes received datagrams say which of our addresses they were sent to (`IP_PKTINFO`, ip(7);
    /// `IPV6_RECVPKTINFO`, ipv6(7)).
    pub fn tell_origins(&self) -> Result<()> {
        let name = match self.family {
            Family::V4 => (libc::IPPROTO_IP, libc::IP_PKTINFO),
            Family::V6 => (libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO),
        };
        self.turn_on(name).map_err(|e| Error::new("option pktinfo", self.on(), e))
    }

    /// Keeps what ICMP sends back until [`crate::sys::mmsg::Inbox::receive_returned`] takes it (`IP_RECVERR`, ip(7);
    /// `IPV6_RECVERR`, ipv6(7)).
    pub fn keep_returns(&self) -> Result<()> {
        let name = match self.family {
            Family::V4 => (libc::IPPROTO_IP, libc::IP_RECVERR),
            Family::V6 => (libc::IPPROTO_IPV6, libc::IPV6_RECVERR),
        };
        self.turn_on(name).map_err(|e| Error::new("option recverr", self.on(), e))
    }

    /// Lets the kernel hand over several datagrams of one sender with one message (`UDP_GRO`, udp(7), Linux 5.0), which
    /// [`crate::sys::mmsg::Inbox`] takes apart. Where it does not, they come one by one.
    pub fn take_segments(&self) {
        let _ = self.turn_on((libc::SOL_UDP, libc::UDP_GRO));
    }

    fn turn_on(&self, (level, name): (c_int, c_int)) -> io::Result<()> {
        let on: c_int = 1;
        // SAFETY: the kernel reads one integer, which lives through the call.
        let answer = unsafe {
            #[allow(clippy::cast_possible_truncation)] // four
            let length = size_of_val(&on) as libc::socklen_t;
            libc::setsockopt(self.as_raw_fd(), level, name, (&raw const on).cast(), length)
        };
        if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Makes room for a burst, as much as the kernel allows, unless the user asked for a size (`options`).
    pub fn make_room(&self, options: &[SocketOption]) {
        let asked = options.iter().any(|o| matches!(o, SocketOption::ReceiveBuffer(_)));
        let enough = SockRef::from(&self.as_fd()).recv_buffer_size().is_ok_and(|size| size >= CAPACITY);
        if !asked && !enough {
            self.prefer(&SocketOption::ReceiveBuffer(CAPACITY));
        }
    }

    /// Joins a multicast group on the interface with this index, or on the one the kernel's routes give if 0. From then
    /// groups that other programs of this machine joined are not received (`IP_MULTICAST_ALL`).
    pub fn join(&self, group: IpAddr, index: u32) -> Result<()> {
        let failed = |e: io::Error| Error::new("join", group, e).about(Kind::Address);
        let socket = self.as_fd();
        let socket = SockRef::from(&socket);
        match group {
            IpAddr::V4(group) => socket
                .set_multicast_all_v4(false)
                .and_then(|()| socket.join_multicast_v4_n(&group, &InterfaceIndexOrAddress::Index(index))),
            IpAddr::V6(group) => {
                socket.set_multicast_all_v6(false).and_then(|()| socket.join_multicast_v6(&group, index))
            }
        }
        .map_err(failed)
    }

    /// Emits `listening`: datagrams can be received.
    pub fn tell_listening(&self) {
        self.emit_options();
        self.emit(|socket| Event::Listening {
            socket,
            backlog: None,
            backlog_requested: None,
            scope: socket.local.map_or(Scope::Loopback, Scope::of),
        });
    }

    /// Emits an event for each datagram of a batch: our address, the peer's, bytes.
    pub fn tell_datagrams(
        &self,
        dir: Dir,
        datagrams: impl Iterator<Item = (Option<SocketAddr>, Option<SocketAddr>, usize)>,
    ) {
        if self.tracker.observed() {
            let subject = self.subject();
            self.sockets.events().emit_burst(datagrams.map(|(local, peer, len)| {
                let socket = Subject { local, peer, ..subject };
                Event::Datagram { socket, dir, len }
            }));
        }
    }

    /// Remembers that a datagram was lost, for the socket's summary.
    pub(in crate::sys) fn note_returned(&self, why: &io::Error) {
        if let Some(errno) = why.raw_os_error() {
            self.tracker.note_error(errno);
        }
    }

    pub(in crate::sys) fn count_in(&self, bytes: u64) {
        self.tracker.bytes_in.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(in crate::sys) fn count_out(&self, bytes: u64) {
        self.tracker.bytes_out.fetch_add(bytes, Ordering::Relaxed);
    }

    fn on(&self) -> String {
        self.peer().or(self.local()).map(|a| a.to_string()).unwrap_or_default()
    }
}
