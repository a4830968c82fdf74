//! The kernel's notices that a socket is gone (`SKNLGRP_INET_TCP_DESTROY` and the like, `linux/sock_diag.h`).
//! Used by `cmd` for `stat --watch`; no privilege is needed.

use super::channel::Channel;
use super::decode;
use super::netlink;
use super::request::BY_FAMILY;
use super::row::InetRow;
use crate::event::Proto;
use rustix::net::{RecvFlags, sockopt};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

/// `SKNLGRP_INET_TCP_DESTROY` and `SKNLGRP_INET6_TCP_DESTROY` as bits.
const TCP: u32 = 1 << 0 | 1 << 2;
/// `SKNLGRP_INET_UDP_DESTROY` and `SKNLGRP_INET6_UDP_DESTROY` as bits.
const UDP: u32 = 1 << 1 | 1 << 3;
/// Room for what comes between two reads: 100,000 sockets closed at once overflow it, and that is told.
const CAPACITY: usize = 4 * 1024 * 1024;

/// A subscription to the ends of this network namespace's TCP or UDP sockets.
///
/// A notice comes when a whole socket is destroyed. Its row is CLOSED, and after a reset its addresses may be gone too:
/// the cookie says which row of the table it was. A socket in TIME-WAIT has been replaced by a stand-in: the notice
/// comes when that happens, none when the stand-in goes. The descriptor polls readable when a notice waits.
#[derive(Debug)]
pub struct DestroyEvents {
    channel: Channel,
    proto: Proto,
}

/// What a look at the notices gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destroyed {
    /// All that waited was read.
    All,
    /// More came than there was room for; some ends were not told.
    Lost,
}

impl DestroyEvents {
    /// Subscribes.
    ///
    /// # Errors
    /// What socket(2) or bind(2) says: `ENOENT` from a kernel before 4.3, `EPERM` from a sandbox. `Unsupported` for
    /// UNIX sockets, which have no notices.
    pub fn open(proto: Proto) -> io::Result<Self> {
        let groups = match proto {
            Proto::Tcp => TCP,
            Proto::Udp => UDP,
            Proto::Unix => return Err(io::ErrorKind::Unsupported.into()),
        };
        let channel = Channel::open(groups)?;
        // More than the system's limit needs privilege; without it the limit will do.
        if sockopt::set_socket_recv_buffer_size_force(&channel, CAPACITY).is_err() {
            sockopt::set_socket_recv_buffer_size(&channel, CAPACITY)?;
        }
        Ok(Self { channel, proto })
    }

    /// Gives what waits to `visit`, and does not wait for more.
    ///
    /// # Errors
    /// What recv(2) says, other than "nothing there" and "too much came".
    pub fn read(&mut self, visit: &mut dyn FnMut(&InetRow<'_>)) -> io::Result<Destroyed> {
        let mut noticed = Destroyed::All;
        loop {
            match self.channel.receive(RecvFlags::DONTWAIT) {
                Ok(bytes) => netlink::messages(bytes)
                    .filter(|message| message.kind == BY_FAMILY)
                    .filter_map(|message| decode::inet(self.proto, message.payload))
                    .for_each(|row| visit(&row)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(noticed),
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => noticed = Destroyed::Lost,
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

    /// Waits for the notice about the socket at `local`; tests beside this one make others.
    fn wait(destroy_events: &mut DestroyEvents, local: SocketAddr) {
        let until = Instant::now() + DEADLINE;
        let mut seen = false;
        while !seen {
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "no notice about {local}");
            let left = Timespec::try_from(left).unwrap();
            poll(&mut [PollFd::new(&*destroy_events, PollFlags::IN)], Some(&left)).unwrap();
            let visit = &mut |row: &InetRow<'_>| seen |= row.local.port() == local.port() && row.cookie != 0;
            destroy_events.read(visit).unwrap();
        }
    }

    #[test]
    fn the_end_of_a_tcp_socket_is_told() {
        for host in ["127.0.0.1", "::1"] {
            let mut destroy_events = DestroyEvents::open(Proto::Tcp).unwrap();
            let listener = TcpListener::bind((host, 0)).unwrap();
            let far = listener.local_addr().unwrap();
            let client = TcpStream::connect(far).unwrap();
            let server = listener.accept().unwrap().0;
            let near = client.local_addr().unwrap();
            socket2::SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
            drop(client);
            wait(&mut destroy_events, near);
            drop((server, listener));
            wait(&mut destroy_events, far);
        }
    }

    #[test]
    fn the_end_of_a_udp_socket_is_told() {
        let mut destroy_events = DestroyEvents::open(Proto::Udp).unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let local = socket.local_addr().unwrap();
        socket.connect("127.0.0.1:9").unwrap();
        drop(socket);
        wait(&mut destroy_events, local);
    }

    #[test]
    fn reading_waits_for_nothing() {
        let mut destroy_events = DestroyEvents::open(Proto::Udp).unwrap();
        let started = Instant::now();
        destroy_events.read(&mut |_| ()).unwrap();
        assert!(started.elapsed() < DEADLINE);
    }
}
