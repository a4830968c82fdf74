//! Raw sockets that play the other end: they reset, half-close, stall or answer late when told to.
#![allow(clippy::disallowed_methods)] // the other end must not be made of the code under test

use super::DEADLINE;
use socket2::{Domain, SockRef, Socket, Type};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// A listening socket of the test's own.
pub struct Door(TcpListener);

/// The test's end of a connection.
pub struct Peer(TcpStream);

/// An address where connections are not answered: the accept queue is full, so the kernel drops every SYN.
pub struct SilentPort {
    door: Socket,
    queued: Socket,
}

/// A socket that has an address and does not listen: connections to it are refused, and nobody else can take it.
pub struct RefusingPort(Socket);

impl Door {
    /// Listens on a free port of 127.0.0.1.
    pub fn open() -> Self {
        Self::open_at((Ipv4Addr::LOCALHOST, 0).into())
    }

    /// Listens there.
    pub fn open_at(address: SocketAddr) -> Self {
        Self::of(TcpListener::bind(address).unwrap_or_else(|e| panic!("bind {address}: {e}")))
    }

    /// Listens on a free port with a receive buffer as small as the kernel allows, for clients that are to stall.
    pub fn narrow() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.set_recv_buffer_size(1).expect("a small buffer");
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).expect("a free port");
        socket.listen(16).expect("listen");
        Self::of(socket.into())
    }

    pub(super) fn of(listener: TcpListener) -> Self {
        SockRef::from(&listener).set_read_timeout(Some(DEADLINE)).expect("a deadline for accept");
        Self(listener)
    }

    pub fn address(&self) -> SocketAddr {
        self.0.local_addr().expect("a bound socket has an address")
    }

    pub fn port(&self) -> u16 {
        self.address().port()
    }

    /// Takes the next client.
    pub fn accept(&self) -> Peer {
        let (stream, _) = self.0.accept().unwrap_or_else(|e| panic!("no client came: {e}"));
        Peer::of(stream)
    }
}

impl Peer {
    /// Connects to `address`.
    pub fn connect(address: SocketAddr) -> Self {
        Self::try_connect(address).unwrap_or_else(|e| panic!("connect {address}: {e}"))
    }

    /// Connects to `address`, or does not.
    pub fn try_connect(address: SocketAddr) -> std::io::Result<Self> {
        Self::connect_within(address, DEADLINE)
    }

    /// Connects to `address` within this time, or does not.
    pub fn connect_within(address: SocketAddr, limit: Duration) -> std::io::Result<Self> {
        TcpStream::connect_timeout(&address, limit).map(Self::of)
    }

    /// Connects from this address of the machine, or does not.
    pub fn try_connect_from(source: &str, address: SocketAddr) -> std::io::Result<Self> {
        let source: std::net::IpAddr = source.parse().expect("an address");
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).expect("a socket");
        socket.bind(&SocketAddr::new(source, 0).into()).unwrap_or_else(|e| panic!("bind {source}: {e}"));
        socket.connect_timeout(&address.into(), DEADLINE)?;
        Ok(Self::of(socket.into()))
    }

    /// Connects to `address` with a receive buffer as small as the kernel allows.
    pub fn connect_narrow(address: SocketAddr) -> Self {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).expect("a socket");
        socket.set_recv_buffer_size(1).expect("a small buffer");
        socket
            .connect_timeout(&address.into(), DEADLINE)
            .unwrap_or_else(|e| panic!("connect {address}: {e}"));
        Self::of(socket.into())
    }

    fn of(stream: TcpStream) -> Self {
        let peer = Self(stream);
        peer.hurry(DEADLINE);
        peer
    }

    pub fn local(&self) -> SocketAddr {
        self.0.local_addr().expect("a connected socket has an address")
    }

    pub fn peer(&self) -> SocketAddr {
        self.0.peer_addr().expect("a connected socket has a peer")
    }

    /// The socket itself.
    pub fn stream(&self) -> &TcpStream {
        &self.0
    }

    /// Reading and writing that take longer than this fail from now on.
    pub fn hurry(&self, limit: Duration) {
        self.0.set_read_timeout(Some(limit)).expect("a deadline for reading");
        self.0.set_write_timeout(Some(limit)).expect("a deadline for writing");
    }

    /// A second handle on the same connection, for another thread.
    pub fn twin(&self) -> Self {
        Self(self.0.try_clone().expect("a descriptor"))
    }

    /// Sends all of `bytes`.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).expect("the program takes what it is sent");
    }

    /// Sends all of `bytes`, or does not.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> std::io::Result<()> {
        self.0.write_all(bytes.as_ref())
    }

    /// Waits until something can be read, and leaves it unread.
    pub fn wait_readable(&self) {
        self.0.peek(&mut [0]).expect("something to read");
    }

    /// Sends FIN, goes on reading.
    pub fn half_close(&self) {
        self.0.shutdown(Shutdown::Write).expect("a connection that can be half-closed");
    }

    /// Sends RST.
    pub fn reset(self) {
        SockRef::from(&self.0).set_linger(Some(Duration::ZERO)).expect("linger 0");
    }

    /// Exactly `length` bytes.
    pub fn receive(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.0.read_exact(&mut bytes).unwrap_or_else(|e| panic!("waited for {length} bytes: {e}"));
        bytes
    }

    /// A line, its end included.
    pub fn receive_line(&mut self) -> String {
        let mut line = Vec::new();
        while line.last() != Some(&b'\n') {
            line.extend(self.receive(1));
        }
        String::from_utf8(line).expect("a line of text")
    }

    /// Everything up to the program's FIN.
    pub fn receive_all(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.0
            .read_to_end(&mut bytes)
            .unwrap_or_else(|e| panic!("waited for FIN after {} bytes: {e}", bytes.len()));
        bytes
    }

    /// Nothing comes, neither data nor FIN, for this long.
    pub fn expect_silence(&mut self, time: Duration) {
        self.0.set_read_timeout(Some(time)).expect("a short deadline");
        match self.0.peek(&mut [0]) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            answer => panic!("waited for silence, there was {answer:?}"),
        }
        self.0.set_read_timeout(Some(DEADLINE)).expect("the usual deadline");
    }

    /// Waits for RST; data before it is thrown away.
    pub fn expect_reset(&mut self) {
        let error = std::io::copy(&mut self.0, &mut std::io::sink()).expect_err("waited for RST, FIN came");
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "waited for RST");
    }
}

impl SilentPort {
    /// Opens one on a free port of 127.0.0.1.
    pub fn open() -> Self {
        Self::open_at((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port")
    }

    /// Opens one there; `None` if the address is taken.
    pub fn open_at(address: SocketAddr) -> Option<Self> {
        let socket = || Socket::new(Domain::for_address(address), Type::STREAM, None).expect("a socket");
        let door = socket();
        door.bind(&address.into()).ok()?;
        // A queue of 0 holds one connection; the second SYN is dropped (listen(2), tcp(7)).
        door.listen(0).expect("listen");
        let address = door.local_addr().expect("a bound socket has an address");
        let first = socket();
        first.connect_timeout(&address, DEADLINE).expect("the queue holds one");
        Some(Self { door, queued: first })
    }

    /// Takes what waits in the queue, so that the next SYN is answered.
    pub fn relent(self) -> Door {
        drop(self.door.accept().expect("the queued connection"));
        self.door.listen(16).expect("listen");
        Door::of(self.door.into())
    }

    pub fn address(&self) -> SocketAddr {
        self.door.local_addr().ok().and_then(|a| a.as_socket()).expect("a bound socket has an address")
    }

    pub fn port(&self) -> u16 {
        self.address().port()
    }
}

/// Takes a free port of 127.0.0.1 that refuses connections for as long as the answer lives.
pub fn refusing_port() -> RefusingPort {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).expect("a free port");
    RefusingPort(socket)
}

impl RefusingPort {
    pub fn address(&self) -> SocketAddr {
        self.0.local_addr().ok().and_then(|a| a.as_socket()).expect("a bound socket has an address")
    }

    pub fn port(&self) -> u16 {
        self.address().port()
    }

    /// Begins to listen: the port opens.
    pub fn open(self) -> Door {
        self.0.listen(128).expect("listen");
        Door::of(self.0.into())
    }
}
