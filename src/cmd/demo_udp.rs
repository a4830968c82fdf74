//! The UDP exchange of `demo`: no handshake, no goodbye, and yet an answer.

use super::Context;
use super::demo::{ready, step};
use crate::event::report::{DatagramRow, Row};
use crate::event::{Dir, Proto, Role};
use crate::net::bind::ListenConfig;
use crate::net::connect::ConnectError;
use crate::sys::mmsg::{Datagram, Inbox, Outbox, OutgoingDatagram};
use crate::sys::socket::Socket;
use crate::sys::{Error, Result, fd};
use std::net::{Ipv4Addr, SocketAddr};

const GREETING: &[u8] = b"Hello, datagram\n";

/// A server that sends each datagram back, and a client that sends one and prints what returns.
pub(super) fn udp_echo(context: &mut Context) -> std::result::Result<(), ConnectError> {
    let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listen_config = ListenConfig {
        sockets: &context.sockets,
        proto: Proto::Udp,
        options: &[],
        defaults: &[],
        backlog: 0,
    };
    let servers = listen_config.open(&[here])?;
    let server = &servers[0];
    server.tell_listening();
    step(context)?;
    let client = context.sockets.open(Proto::Udp, Role::Client, here, &[])?;
    client.start_connect(server.local().unwrap_or(here))?;
    step(context)?;
    let (mut inbox, mut outbox) = (Inbox::new(), Outbox::new());
    send(&client, &mut outbox, OutgoingDatagram { payload: GREETING, to: None, from: None })?;
    step(context)?;
    let heard = receive(server, &mut inbox)?;
    send(server, &mut outbox, OutgoingDatagram { payload: heard.payload, to: Some(heard.peer), from: None })?;
    step(context)?;
    let echo = receive(&client, &mut inbox)?;
    let row = DatagramRow { local: client.local(), peer: echo.peer, payload: echo.payload.to_vec() };
    let mut shown = Vec::new();
    context.report.format(&Row::Datagram(row), &mut shown);
    fd::write_all(fd::output(), &shown).map_err(crate::session::stdout::failure)?;
    step(context)?;
    drop(client);
    step(context)?;
    drop(servers);
    step(context)
}

fn send(socket: &Socket, outbox: &mut Outbox, letter: OutgoingDatagram<'_>) -> Result<()> {
    let peer = letter.to.or(socket.peer());
    let failed = |e| Error::new("send", peer.map(|a| a.to_string()).unwrap_or_default(), e);
    outbox.send(socket, &[letter]).map_err(failed)?;
    socket.tell_datagrams(Dir::Out, std::iter::once((socket.local(), peer, letter.payload.len())));
    Ok(())
}

fn receive<'a>(socket: &Socket, inbox: &'a mut Inbox) -> Result<Datagram<'a>> {
    ready(socket)?;
    let failed = |e| Error::new("recv", "", e);
    inbox.receive(socket, 1).map_err(failed)?;
    let lost = || failed(std::io::ErrorKind::WouldBlock.into());
    let datagram = inbox.datagrams().next().ok_or_else(lost)?;
    socket.tell_datagrams(
        Dir::In,
        std::iter::once((socket.local(), Some(datagram.peer), datagram.payload.len())),
    );
    Ok(datagram)
}
