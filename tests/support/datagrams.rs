//! A raw UDP socket that plays the other end.
#![allow(clippy::disallowed_methods)] // the other end must not be made of the code under test

use super::DEADLINE;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

/// The test's end of a conversation in datagrams.
pub struct Mail(UdpSocket);

impl Mail {
    /// A socket on a free port of 127.0.0.1.
    pub fn open() -> Self {
        Self::open_at(Ipv4Addr::LOCALHOST)
    }

    /// A socket on a free port of this address.
    pub fn open_at(ip: impl Into<IpAddr>) -> Self {
        let ip = ip.into();
        let socket = UdpSocket::bind((ip, 0)).unwrap_or_else(|e| panic!("bind {ip}: {e}"));
        Self::of(socket)
    }

    /// A socket that hears `address` alone.
    pub fn to(address: SocketAddr) -> Self {
        let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let socket = UdpSocket::bind(any).expect("a free port");
        socket.connect(address).unwrap_or_else(|e| panic!("connect {address}: {e}"));
        Self::of(socket)
    }

    fn of(socket: UdpSocket) -> Self {
        socket.set_read_timeout(Some(DEADLINE)).expect("a deadline for receiving");
        Self(socket)
    }

    pub fn address(&self) -> SocketAddr {
        self.0.local_addr().expect("a bound socket has an address")
    }

    pub fn port(&self) -> u16 {
        self.address().port()
    }

    /// The socket itself.
    pub fn socket(&self) -> &UdpSocket {
        &self.0
    }

    /// Sends to the address of [`Self::to`].
    pub fn send(&self, payload: impl AsRef<[u8]>) {
        let sent = self.0.send(payload.as_ref()).expect("the kernel takes a datagram");
        assert_eq!(sent, payload.as_ref().len());
    }

    pub fn send_to(&self, payload: impl AsRef<[u8]>, address: SocketAddr) {
        let sent = self.0.send_to(payload.as_ref(), address).expect("the kernel takes a datagram");
        assert_eq!(sent, payload.as_ref().len());
    }

    /// The next datagram.
    pub fn receive(&self) -> Vec<u8> {
        self.receive_from().0
    }

    /// The next datagram and who sent it.
    pub fn receive_from(&self) -> (Vec<u8>, SocketAddr) {
        let mut buffer = vec![0; 1 << 16];
        let (length, from) = self.0.recv_from(&mut buffer).unwrap_or_else(|e| panic!("no datagram: {e}"));
        buffer.truncate(length);
        (buffer, from)
    }

    /// The next datagrams as text.
    pub fn receive_texts(&self, count: usize) -> Vec<String> {
        let text = |_| String::from_utf8(self.receive()).expect("text");
        (0..count).map(text).collect()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.0.set_nonblocking(true).expect("a socket can be asked without waiting");
        let empty = self.0.recv_from(&mut [0; 1]).is_err();
        self.0.set_nonblocking(false).expect("and be waited for again");
        empty
    }
}
