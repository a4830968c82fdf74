//! The UDP exchange of `demo`: no handshake and no goodbye, and yet an answer.

use super::blocks::{ready, step};
use crate::cmd::Context;
use crate::event::Role;
use crate::net::bind::ListenConfig;
use crate::net::connect::ConnectError;
use crate::session::datagrams::DatagramOutput;
use crate::sys::mmsg::{BatchReceiver, BatchSender, Datagram, OutgoingDatagram};
use crate::sys::socket::{Socket, SocketType};
use crate::sys::{Error, Result};
use std::net::{Ipv4Addr, SocketAddr};

const GREETING: &[u8] = b"Hello, datagram\n";

/// A server that sends each datagram back, and a client that sends one and prints the reply.
pub(super) fn udp_echo(context: &mut Context) -> std::result::Result<(), ConnectError> {
    let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listen_config = ListenConfig {
        sockets: &context.sockets,
        kind: SocketType::Datagram,
        options: &[],
        defaults: &[],
        backlog: 0,
        socket_mode: 0,
    };
    let servers = listen_config.open(&[loopback.into()])?;
    let server = &servers[0];
    server.emit_listening();
    step(context)?;
    let client = context.sockets.open(SocketType::Datagram, Role::Client, &loopback.into(), &[])?;
    client.start_connect(&server.local().unwrap_or(loopback.into()))?;
    step(context)?;
    let (mut receiver, mut sender) = (BatchReceiver::new(), BatchSender::new());
    send(&mut sender, &client, OutgoingDatagram { payload: GREETING, to: None, from: None })?;
    step(context)?;
    receive(&mut receiver, server)?;
    for Datagram { payload, peer, origin } in receiver.datagrams() {
        send(&mut sender, server, OutgoingDatagram { payload, to: peer, from: origin })?;
    }
    step(context)?;
    receive(&mut receiver, &client)?;
    DatagramOutput::open(context.report.as_mut(), &context.stop, false)?.write(&receiver, &client)?;
    step(context)?;
    drop(client);
    step(context)?;
    drop(servers);
    step(context)
}

fn send(sender: &mut BatchSender, from: &Socket, datagram: OutgoingDatagram<'_>) -> Result<()> {
    sender.send(from, &[datagram]).map(drop).map_err(|e| Error::new("send", "", e))
}

fn receive(receiver: &mut BatchReceiver, to: &Socket) -> Result<()> {
    ready(to)?;
    receiver.receive(to, 1).map(drop).map_err(|e| Error::new("recv", "", e))
}
