//! `demo`: conversations on loopback within one process, for somebody who sees sockets for the first time.

use super::demo_chat::two_talk;
use super::demo_many::three_servers;
use super::demo_udp::udp_echo;
use super::{Context, Outcome, Result};
use crate::event::{Event, Proto};
use crate::net::bind::ListenConfig;
use crate::net::connect::{Dial, DialError};
use crate::sys::poll::{Interest, wait};
use crate::sys::socket::Socket;
use crate::sys::{self, fd};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// Nothing on loopback takes this long; a demo that hangs would be worse than one that fails.
const PATIENCE: Duration = Duration::from_secs(5);
/// A pause before each step, so that what the watcher saw is told before what comes next.
const STEP: Duration = Duration::from_millis(60);
const GREETING: &[u8] = b"Hello, world\n";

/// Runs `soquete demo`.
pub fn run(context: &mut Context) -> Result {
    match tcp_echo(context)
        .and_then(|()| udp_echo(context))
        .and_then(|()| two_talk(context))
        .and_then(|()| three_servers(context))
    {
        Ok(()) => Ok(Outcome::done()),
        Err(DialError::Stopped(signal)) => Ok(Outcome::stopped(signal)),
        Err(DialError::Failed(error)) => Err(error.into()),
    }
}

/// An echo server and its client: the client speaks, hears its words back, and closes first. The table shows what the
/// kernel has of them at the end.
fn tcp_echo(context: &mut Context) -> std::result::Result<(), DialError> {
    let (listener, address) = listen(context)?;
    step(context)?;
    let client = connect(context, address)?;
    step(context)?;
    let server = accept(&listener, address)?;
    step(context)?;
    send(&client, GREETING)?;
    let heard = receive(&server)?;
    send(&server, &heard)?;
    let echo = receive(&client)?;
    fd::write_all(fd::output(), &echo).map_err(crate::session::stdout::failure)?;
    step(context)?;
    part(context, client, server)?;
    crate::session::table::show_port(address.port(), context)?;
    drop(listener);
    step(context)
}

/// A listener on a free port of loopback, and its address.
pub(super) fn listen(context: &Context) -> sys::Result<(Socket, SocketAddr)> {
    let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listen_config = ListenConfig {
        sockets: &context.sockets,
        proto: Proto::Tcp,
        options: &[],
        defaults: &[],
        backlog: 16,
    };
    let listener = listen_config.open(&[here])?.remove(0); // one address, one listener
    let address = listener.local().unwrap_or(here);
    Ok((listener, address))
}

/// A client of the listener at `address`.
pub(super) fn connect(context: &Context, address: SocketAddr) -> std::result::Result<Socket, DialError> {
    let dial = Dial { sockets: &context.sockets, options: &[], source: None };
    dial.first(&address, &[address], Some(Instant::now() + PATIENCE), &context.stop)
}

/// The other end of a client that has connected.
pub(super) fn accept(listener: &Socket, address: SocketAddr) -> sys::Result<Socket> {
    ready(listener)?;
    let client = listener.accept().map_err(|e| sys::Error::new("accept", address, e))?;
    client.emit(|socket| Event::Accept { socket });
    Ok(client)
}

/// Ends a connection in order: the client says that it is done, then the server.
pub(super) fn part(context: &Context, client: Socket, server: Socket) -> std::result::Result<(), DialError> {
    client.shutdown_write()?;
    receive(&server)?;
    step(context)?;
    server.shutdown_write()?;
    receive(&client)?;
    step(context)?;
    drop((client, server));
    step(context)
}

pub(super) fn step(context: &Context) -> std::result::Result<(), DialError> {
    context.rest_until(Instant::now() + STEP).map_or(Ok(()), |signal| Err(DialError::Stopped(signal)))
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

/// What came, or nothing at the peer's FIN.
pub(super) fn receive(socket: &Socket) -> sys::Result<Vec<u8>> {
    ready(socket)?;
    let mut buffer = vec![0; 4096];
    let n = socket.recv(&mut buffer).map_err(|e| sys::Error::new("recv", "", e))?;
    buffer.truncate(n);
    Ok(buffer)
}
