//! One connection looked up by its pair of addresses. Used by `sys::state` after close, and by `net`.

use super::channel::Channel;
use super::decode;
use super::found::{Found, canonical, is_between, same_family, scope};
use super::netlink;
use super::proc_find;
use super::request;
use super::tables::is_refusal;
use crate::event::Proto;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, OnceLock, PoisonError};

/// The kernel's socket table of the network namespace it was opened in; threads may share it.
#[derive(Debug)]
pub struct Diag {
    channel: Mutex<Channel>,
}

/// Looks one connection up through a [`Diag`] that the process opens once and keeps, or in `/proc/net` where that is
/// refused.
///
/// # Errors
/// As [`Diag::open`] and [`Diag::lookup`], for lack of descriptors or memory; otherwise neither source can be read.
pub fn lookup(
    proto: Proto,
    local: SocketAddr,
    peer: SocketAddr,
    interface: u32,
) -> io::Result<Option<Found>> {
    lookup_or(proto, local, peer, interface, proc_find::find)
}

/// As [`lookup`], for many sockets one after the other: `/proc/net` is read only as often as that costs little.
///
/// # Errors
/// As there; `WouldBlock` where there is no answer now.
pub fn lookup_cheaply(
    proto: Proto,
    local: SocketAddr,
    peer: SocketAddr,
    interface: u32,
) -> io::Result<Option<Found>> {
    lookup_or(proto, local, peer, interface, proc_find::find_cheaply)
}

fn lookup_or(
    proto: Proto,
    local: SocketAddr,
    peer: SocketAddr,
    interface: u32,
    read: fn(Proto, SocketAddr, SocketAddr) -> io::Result<Option<Found>>,
) -> io::Result<Option<Found>> {
    match shared().and_then(|diag| diag.lookup(proto, local, peer, interface)) {
        Err(error) if is_refusal(&error) => {
            let ends = same_family(canonical(local), canonical(peer));
            ends.map_or(Ok(None), |(local, peer)| read(proto, local, peer))
        }
        answer => answer,
    }
}

fn shared() -> io::Result<&'static Diag> {
    static SHARED: OnceLock<Diag> = OnceLock::new();
    match SHARED.get() {
        Some(diag) => Ok(diag),
        None => Diag::open().map(|opened| SHARED.get_or_init(|| opened)),
    }
}

impl Diag {
    /// Opens the table.
    ///
    /// # Errors
    /// The error of socket(2): `EPROTONOSUPPORT` from a kernel without `sock_diag`, `EPERM` from a sandbox.
    pub fn open() -> io::Result<Self> {
        Ok(Self { channel: Mutex::new(Channel::open(0)?) })
    }

    /// Looks up the socket between exactly these addresses: one request, one answer, no walk through the table.
    ///
    /// A TCP socket is found as long as the kernel knows it in any form, orphans, TIME-WAIT and half-open requests
    /// included. A UDP socket without a peer is asked for with the unspecified address and port 0. IPv4 addresses and
    /// their IPv6-mapped forms mean the same socket. `interface` is the number of the one that the socket is bound to
    /// (`SO_BINDTODEVICE`), 0 for none; a link-local address brings its own.
    ///
    /// # Errors
    /// The kernel's error, other than `ENOENT`: that is `None`.
    pub fn lookup(
        &self,
        proto: Proto,
        local: SocketAddr,
        peer: SocketAddr,
        interface: u32,
    ) -> io::Result<Option<Found>> {
        let Some((local, peer)) = same_family(canonical(local), canonical(peer)) else { return Ok(None) };
        let interface = if interface == 0 { scope(local).max(scope(peer)) } else { interface };
        let mut request = request::exact(proto, local, peer, interface);
        let mut channel = self.channel.lock().unwrap_or_else(PoisonError::into_inner);
        channel.send(&mut request)?;
        loop {
            // The kernel answers before `send` returns; a read that finds only older answers is repeated.
            let Some(message) = channel.read()?.next() else { continue };
            if message.kind == netlink::BY_FAMILY {
                let row = decode::inet(proto, message.payload);
                return Ok(row.filter(|row| is_between(row, local, peer)).map(Found::from));
            }
            return match message.errno() {
                Some(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(None),
                Some(error) => Err(error),
                None => Ok(None),
            };
        }
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)] // plain sockets to look up
mod tests {
    use super::*;
    use crate::event::State;
    use crate::event::table::TimerKind;
    use std::net::Ipv4Addr;
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::os::fd::AsFd;
    use std::time::{Duration, Instant};

    const DEADLINE: Duration = Duration::from_secs(5);

    fn pair(bind: &str, connect: &str) -> (TcpListener, TcpStream, TcpStream) {
        let listener = TcpListener::bind((bind, 0)).unwrap();
        let client = TcpStream::connect((connect, listener.local_addr().unwrap().port())).unwrap();
        let server = listener.accept().unwrap().0;
        (listener, client, server)
    }

    fn ends(stream: &TcpStream) -> (SocketAddr, SocketAddr) {
        (stream.local_addr().unwrap(), stream.peer_addr().unwrap())
    }

    fn inode(fd: impl AsFd) -> u64 {
        rustix::fs::fstat(fd).unwrap().st_ino
    }

    fn tcp((local, peer): (SocketAddr, SocketAddr)) -> Option<Found> {
        lookup(Proto::Tcp, local, peer, 0).unwrap()
    }

    fn wait(ends: (SocketAddr, SocketAddr), wanted: Option<State>) -> Option<Found> {
        let started = Instant::now();
        loop {
            let found = tcp(ends);
            if found.map(|f| f.state) == wanted {
                return found;
            }
            assert!(started.elapsed() < DEADLINE, "{found:?} instead of {wanted:?}");
            std::thread::yield_now();
        }
    }

    #[test]
    fn both_ends_of_a_connection_are_found_in_both_families() {
        for host in ["127.0.0.1", "::1"] {
            let (_listener, client, server) = pair(host, host);
            for stream in [&client, &server] {
                let found = tcp(ends(stream)).unwrap();
                assert_eq!((found.state, u64::from(found.inode)), (State::Established, inode(stream)));
            }
        }
    }

    #[test]
    fn a_mapped_address_and_its_ipv4_form_are_one_socket() {
        let (_listener, client, server) = pair("::", "127.0.0.1");
        let (local, peer) = ends(&server);
        assert!(local.is_ipv6(), "{local}");
        let plain = (canonical(local), canonical(peer));
        for asked in [(local, peer), plain, (local, plain.1)] {
            assert_eq!(u64::from(tcp(asked).unwrap().inode), inode(&server), "{asked:?}");
        }
        assert_eq!(u64::from(tcp((plain.1, local)).unwrap().inode), inode(&client));
    }

    #[test]
    fn a_listener_that_answers_for_a_connection_is_not_it() {
        for (bind, host) in
            [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "127.0.0.1"), ("::", "::1")]
        {
            let listener = TcpListener::bind((bind, 0)).unwrap();
            let local = SocketAddr::new(host.parse().unwrap(), listener.local_addr().unwrap().port());
            let peer = SocketAddr::new(local.ip(), 1);
            assert_eq!(tcp((local, peer)), None, "{bind} {host}");
        }
    }

    #[test]
    fn an_orphan_is_followed_through_fin_wait_2_and_time_wait() {
        let (_listener, client, server) = pair("127.0.0.1", "127.0.0.1");
        let (near, far) = (ends(&client), ends(&server));
        drop(client);
        let orphan = wait(near, Some(State::FinWait2)).unwrap();
        assert_eq!(orphan.inode, 0);
        assert_eq!(tcp(far).unwrap().state, State::CloseWait);
        drop(server);
        let waiting = wait(near, Some(State::TimeWait)).unwrap();
        let timer = waiting.timer.unwrap();
        assert_eq!(timer.kind, TimerKind::TimeWait);
        assert!(timer.left > Duration::from_secs(50) && timer.left <= Duration::from_mins(1), "{timer:?}");
        wait(far, None);
    }

    #[test]
    fn a_udp_socket_is_found_with_and_without_a_peer() {
        for host in ["127.0.0.1", "::1"] {
            let [one, other] = [(); 2].map(|()| UdpSocket::bind((host, 0)).unwrap());
            let (local, peer) = (one.local_addr().unwrap(), other.local_addr().unwrap());
            let none = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0);
            let found = lookup(Proto::Udp, local, none, 0).unwrap().unwrap();
            assert_eq!((found.state, u64::from(found.inode)), (State::Unconnected, inode(&one)));
            assert_eq!(lookup(Proto::Udp, local, peer, 0).unwrap(), None);
            one.connect(peer).unwrap();
            let found = lookup(Proto::Udp, local, peer, 0).unwrap().unwrap();
            assert_eq!((found.state, u64::from(found.inode)), (State::Connected, inode(&one)));
        }
    }

    #[test]
    fn the_files_of_proc_say_the_same() {
        for (bind, host) in [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("::", "127.0.0.1")] {
            let (_listener, client, server) = pair(bind, host);
            let read = |(local, peer): (SocketAddr, SocketAddr)| {
                proc_find::find(Proto::Tcp, canonical(local), canonical(peer)).unwrap()
            };
            let (near, far) = (ends(&client), ends(&server));
            for ends in [near, far] {
                let found = tcp(ends).unwrap();
                assert_eq!(read(ends).map(|f| (f.state, f.inode)), Some((found.state, found.inode)));
            }
            drop((client, server));
            wait(near, Some(State::TimeWait));
            assert_eq!(read(near).map(|f| f.state), Some(State::TimeWait));
            assert_eq!(read(far), None);
        }
    }

    #[test]
    fn threads_that_share_the_table_get_their_own_answers() {
        let (_listener, client, server) = pair("127.0.0.1", "127.0.0.1");
        std::thread::scope(|scope| {
            for stream in [&client, &server, &client, &server] {
                scope.spawn(move || {
                    for _ in 0..500 {
                        assert_eq!(u64::from(tcp(ends(stream)).unwrap().inode), inode(stream));
                    }
                });
            }
        });
    }

    #[test]
    fn addresses_of_two_families_join_no_socket() {
        let (v4, v6) = ("127.0.0.1:1".parse().unwrap(), "[::1]:2".parse().unwrap());
        assert_eq!(tcp((v4, v6)), None);
    }
}
