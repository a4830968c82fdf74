//! Sockets of datagrams: local addresses of what was received, multicast groups, ICMP errors, and an event for each datagram.
#![allow(unsafe_code)]

use super::Socket;
use crate::event::{Address, AddressRef, Dir, Event, Kind, Proto, Scope, Subject};
use crate::sys::error::{Error, Result};
use crate::sys::mmsg::Origin;
use crate::sys::options::{Family, SocketOption};
use socket2::{InterfaceIndexOrAddress, SockRef};
use std::ffi::c_int;
use std::io;
use std::mem::size_of_val;
use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::atomic::Ordering;

/// The receive buffer requested where the user set none, bytes: tens of milliseconds of a million datagrams a second. The
/// kernel grants what `net.core.rmem_max` allows, socket(7).
const CAPACITY: usize = 4 << 20;

impl Socket {
    /// Has each datagram come with the local address it was sent to (`IP_PKTINFO`, ip(7); `IPV6_RECVPKTINFO`, ipv6(7)).
    pub fn receive_origins(&self) -> Result<()> {
        let name = match self.family {
            Family::V4 => (libc::IPPROTO_IP, libc::IP_PKTINFO),
            Family::V6 => (libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO),
            Family::Unix | Family::Vsock => return Ok(()),
        };
        self.turn_on(name).map_err(|e| Error::new("option pktinfo", self.on(), e))
    }

    /// Queues ICMP errors for [`crate::sys::mmsg::BatchReceiver::receive_icmp_errors`] (`IP_RECVERR`, ip(7);
    /// `IPV6_RECVERR`, ipv6(7)).
    pub fn receive_icmp_errors(&self) -> Result<()> {
        let name = match self.family {
            Family::V4 => (libc::IPPROTO_IP, libc::IP_RECVERR),
            Family::V6 => (libc::IPPROTO_IPV6, libc::IPV6_RECVERR),
            Family::Unix | Family::Vsock => return Ok(()),
        };
        self.turn_on(name).map_err(|e| Error::new("option recverr", self.on(), e))
    }

    /// Lets the kernel join datagrams of one sender to one message (`UDP_GRO`, udp(7), Linux 5.0), which
    /// [`crate::sys::mmsg::BatchReceiver`] splits. Older kernels deliver them one by one.
    pub fn receive_segments(&self) {
        let _ = self.turn_on((libc::SOL_UDP, libc::UDP_GRO));
    }

    /// Whether it has what udp(7) and ip(7) give: an error queue, payloads of several datagrams.
    pub(in crate::sys) fn is_udp(&self) -> bool {
        self.proto == Proto::Udp
    }

    /// Binds a UNIX datagram socket to an abstract name that the kernel chooses (unix(7), "Autobind feature"), so that it
    /// can be answered.
    pub fn autobind(&self) -> Result<Address> {
        let unnamed = rustix::net::SocketAddrUnix::new_unnamed();
        let failed = |e: io::Error| Error::new("bind", "unix:", e);
        rustix::net::bind(self, &unnamed).map_err(|e| failed(e.into()))?;
        let local = super::name::local(self.as_fd()).map_err(failed)?;
        Ok(self.bound(local.ok_or_else(|| failed(io::ErrorKind::AddrNotAvailable.into()))?))
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

    /// Enlarges the receive buffer for bursts, as far as the kernel allows, unless `options` set its size.
    pub fn enlarge_receive_buffer(&self, options: &[SocketOption]) {
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
    pub fn emit_listening(&self) {
        self.emit_options();
        self.emit(|socket| Event::Listening {
            scope: socket.local.as_ref().map_or(Scope::Loopback, Scope::of),
            socket,
            backlog: None,
            backlog_requested: None,
        });
    }

    /// Counts a batch of datagrams received or sent, and emits an event for each: the origin of the datagram, or of the one
    /// it answers, the peer (the connected one if absent), bytes.
    pub(in crate::sys) fn note_datagrams<'a>(
        &self,
        dir: Dir,
        datagrams: impl Iterator<Item = (Option<Origin>, Option<AddressRef<'a>>, usize)> + Clone,
    ) {
        let counter = if dir == Dir::In { &self.tracker.bytes_in } else { &self.tracker.bytes_out };
        counter.fetch_add(datagrams.clone().map(|(.., len)| len as u64).sum(), Ordering::Relaxed);
        if !self.tracker.observed() {
            return;
        }
        let (subject, own) = (self.subject(), self.local());
        self.sockets.events().emit_burst(datagrams.map(|(origin, peer, len)| {
            let local = match origin {
                Some(origin) => {
                    own.as_ref().and_then(|own| origin.local(dir, own.inet()?)).map(Address::from)
                }
                None => own.clone(),
            };
            let peer = peer.map(AddressRef::to_address).or_else(|| subject.peer.clone());
            let socket = Subject { local, peer, ..subject };
            Event::Datagram { socket, dir, len }
        }));
    }

    /// Remembers that a datagram was lost, for the socket's summary.
    pub(in crate::sys) fn note_icmp_error(&self, why: &io::Error) {
        if let Some(errno) = why.raw_os_error() {
            self.tracker.note_error(errno);
        }
    }
}
