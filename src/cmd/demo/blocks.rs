//! The calls that the conversations of `demo` are made of, each with a limit.

use crate::cmd::Context;
use crate::event::Event;
use crate::net::bind::ListenConfig;
use crate::net::connect::{ConnectError, Connector};
use crate::sys::blocking;
use crate::sys::poll::{Interest, wait};
use crate::sys::socket::{Socket, SocketType};
use crate::sys::{self, fd};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// Nothing on loopback takes this long: a demo that fails is better than one that hangs.
const PATIENCE: Duration = Duration::from_secs(5);
/// A pause before each step, so that the states seen by the watcher are shown before the next step.
const STEP: Duration = Duration::from_millis(60);

/// A listener on a free port of loopback, and its address.
pub(super) fn listen(context: &Context) -> sys::Result<(Socket, SocketAddr)> {
    let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listen_config = ListenConfig {
        socket_mode: 0,
        sockets: &context.sockets,
        kind: SocketType::Stream,
        options: &[],
        defaults: &[],
        backlog: 16,
    };
    let listener = listen_config.open(&[here.into()])?.remove(0); // one address, one listener
    let address = listener.local_inet().unwrap_or(here);
    Ok((listener, address))
}

/// A client of the listener at `address`.
pub(super) fn connect(context: &Context, address: SocketAddr) -> Result<Socket, ConnectError> {
    let connector = Connector { sockets: &context.sockets, options: &[], source: None };
    connector.connect_blocking(&address, &[address.into()], Some(Instant::now() + PATIENCE), &context.stop)
}

/// The other end of a client that has connected.
pub(super) fn accept(listener: &Socket, address: SocketAddr) -> sys::Result<Socket> {
    ready(listener)?;
    let client = listener.accept().map_err(|e| sys::Error::new("accept", address, e))?;
    client.emit(|socket| Event::Accept { socket, pid: None, uid: None });
    Ok(client)
}

/// Closes a connection in order: the client sends FIN first, then the server.
pub(super) fn close_both(context: &Context, client: Socket, server: Socket) -> Result<(), ConnectError> {
    client.shutdown_write()?;
    receive(&server)?;
    step(context)?;
    server.shutdown_write()?;
    receive(&client)?;
    step(context)?;
    drop((client, server));
    step(context)
}

pub(super) fn step(context: &Context) -> Result<(), ConnectError> {
    context.rest_until(Instant::now() + STEP).map_or(Ok(()), |signal| Err(ConnectError::Stopped(signal)))
}

pub(super) fn ready(socket: &Socket) -> sys::Result<()> {
    let failed = |e| sys::Error::new("poll", "", e);
    let answer =
        wait(&[(socket.as_fd(), Interest::Reading)], Some(Instant::now() + PATIENCE)).map_err(failed)?;
    if answer[0] { Ok(()) } else { Err(failed(io::ErrorKind::TimedOut.into())) }
}

pub(super) fn send(socket: &Socket, data: &[u8]) -> sys::Result<()> {
    socket.send(data).map(drop).map_err(|e| sys::Error::new("send", "", e))
}

/// Receives some bytes, or none at the peer's FIN.
pub(super) fn receive(socket: &Socket) -> sys::Result<Vec<u8>> {
    ready(socket)?;
    let mut buffer = vec![0; 4096];
    let n = socket.recv(&mut buffer).map_err(|e| sys::Error::new("recv", "", e))?;
    buffer.truncate(n);
    Ok(buffer)
}

/// Writes received bytes to standard output.
pub(super) fn show(bytes: &[u8]) -> sys::Result<()> {
    blocking::write_all(fd::output(), bytes).map_err(crate::session::stdout::failure)
}
