//! Destroy events: the kernel's notifications that a socket is gone (`SKNLGRP_INET_TCP_DESTROY` and the like,
//! `linux/sock_diag.h`). Used by `session::table`; no privilege is needed.

use super::channel::Channel;
use super::decode;
use super::netlink;
use super::netlink::BY_FAMILY;
use super::row::InetRow;
use crate::event::Proto;
use rustix::net::{RecvFlags, sockopt};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

/// `SKNLGRP_INET_TCP_DESTROY` and `SKNLGRP_INET6_TCP_DESTROY` as bits.
const TCP: u32 = 1 << 0 | 1 << 2;
/// `SKNLGRP_INET_UDP_DESTROY` and `SKNLGRP_INET6_UDP_DESTROY` as bits.
const UDP: u32 = 1 << 1 | 1 << 3;
/// The receive buffer for the events between two reads. 100,000 sockets closed at once overflow it: [`Destroyed::Lost`].
const CAPACITY: usize = 4 * 1024 * 1024;

/// A subscription to the ends of this network namespace's TCP or UDP sockets.
///
/// The kernel sends one when a full socket is destroyed. Its row is CLOSED, and after a reset its addresses may be gone
/// too: the cookie identifies the socket. In TIME-WAIT a timewait socket replaces the full one: the event is sent at
/// that moment, and none when the timewait socket goes. The descriptor polls readable when an event waits.
#[derive(Debug)]
pub struct DestroyEvents {
    channel: Channel,
    proto: Proto,
}

/// The result of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destroyed {
    /// Every event was read.
    All,
    /// The receive buffer overflowed; some events are lost.
    Lost,
}

impl DestroyEvents {
    /// Subscribes.
    ///
    /// # Errors
    /// The error of socket(2) or bind(2): `ENOENT` from a kernel before 4.3, `EPERM` from a sandbox. `Unsupported` for
    /// UNIX sockets, which have no such events.
    pub fn open(proto: Proto) -> io::Result<Self> {
        let groups = match proto {
            Proto::Tcp => TCP,
            Proto::Udp => UDP,
            Proto::Unix | Proto::Vsock => return Err(io::ErrorKind::Unsupported.into()),
        };
        let channel = Channel::open(groups)?;
        // A buffer beyond the system's limit needs privilege; without it the limit has to do.
        if sockopt::set_socket_recv_buffer_size_force(&channel, CAPACITY).is_err() {
            sockopt::set_socket_recv_buffer_size(&channel, CAPACITY)?;
        }
        Ok(Self { channel, proto })
    }

    /// Gives every event that waits to `visit`, and does not wait for more.
    ///
    /// # Errors
    /// The error of recv(2), other than `EAGAIN` and `ENOBUFS`.
    pub fn read(&mut self, visit: &mut dyn FnMut(&InetRow<'_>)) -> io::Result<Destroyed> {
        let mut destroyed = Destroyed::All;
        loop {
            match self.channel.receive(RecvFlags::DONTWAIT) {
                Ok(bytes) => netlink::messages(bytes)
                    .filter(|message| message.kind == BY_FAMILY)
                    .filter_map(|message| decode::inet(self.proto, message.payload))
                    .for_each(|row| visit(&row)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(destroyed),
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => destroyed = Destroyed::Lost,
                Err(error) => return Err(error),
            }
        }
    }
}

impl AsFd for DestroyEvents {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.channel.as_fd()
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)] // plain sockets to close
mod tests {
    use super::*;
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
    use std::time::{Duration, Instant};

    const DEADLINE: Duration = Duration::from_secs(5);

    /// Waits for the event of the socket at `local`; parallel tests cause others.
    fn wait(events: &mut DestroyEvents, local: SocketAddr) {
        let until = Instant::now() + DEADLINE;
        let mut seen = false;
        while !seen {
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "no event of {local}");
            let left = Timespec::try_from(left).unwrap();
            poll(&mut [PollFd::new(&*events, PollFlags::IN)], Some(&left)).unwrap();
            let visit = &mut |row: &InetRow<'_>| seen |= row.local.port() == local.port() && row.cookie != 0;
            events.read(visit).unwrap();
        }
    }

    #[test]
    fn the_end_of_a_tcp_socket_is_an_event() {
        for host in ["127.0.0.1", "::1"] {
            let mut events = DestroyEvents::open(Proto::Tcp).unwrap();
            let listener = TcpListener::bind((host, 0)).unwrap();
            let far = listener.local_addr().unwrap();
            let client = TcpStream::connect(far).unwrap();
            let server = listener.accept().unwrap().0;
            let near = client.local_addr().unwrap();
            socket2::SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
            drop(client);
            wait(&mut events, near);
            drop((server, listener));
            wait(&mut events, far);
        }
    }

    #[test]
    fn the_end_of_a_udp_socket_is_an_event() {
        let mut events = DestroyEvents::open(Proto::Udp).unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let local = socket.local_addr().unwrap();
        socket.connect("127.0.0.1:9").unwrap();
        drop(socket);
        wait(&mut events, local);
    }

    #[test]
    fn reading_waits_for_nothing() {
        let mut events = DestroyEvents::open(Proto::Udp).unwrap();
        let started = Instant::now();
        events.read(&mut |_| ()).unwrap();
        assert!(started.elapsed() < DEADLINE);
    }
}
