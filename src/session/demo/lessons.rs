//! The conversations, each as what its ends do in turn.

use super::roles::{chat_client, chat_server, client_of_all, tcp_client, tcp_server, udp_client, udp_server};
use super::stage::Stage;
use crate::session::table::show_port;
use crate::session::tcp_server::Service;
use anyhow::Result;

/// An echo over TCP: the client closes first, and the socket table shows what is left of the connection.
pub(super) fn tcp(stage: &mut Stage<'_>) -> Result<()> {
    let server = tcp_server(stage, || Service::Echo, true)?;
    let client = tcp_client(stage, &server)?;
    client.say("Hello, world")?;
    stage.hear(&client, 1)?;
    stage.hang_up(client)?;
    show_port(server.address.port(), stage.context)?;
    stage.shut_down(server)
}

/// An echo over UDP: no handshake and no goodbye, and yet an answer.
pub(super) fn udp(stage: &mut Stage<'_>) -> Result<()> {
    let server = udp_server(stage)?;
    let client = udp_client(stage, &server, "Hello, datagram\n")?;
    stage.hear(&client, 1)?;
    stage.hang_up(client)?;
    stage.shut_down(server)
}

/// A room of two, who say a line each and leave one after the other.
pub(super) fn chat(stage: &mut Stage<'_>) -> Result<()> {
    let room = chat_server(stage)?;
    let one = chat_client(stage, &room)?;
    let other = chat_client(stage, &room)?;
    one.say("Hello, room")?;
    stage.hear(&other, 1)?;
    other.say("Hello to you")?;
    stage.hear(&one, 1)?;
    stage.hang_up(one)?;
    stage.hang_up(other)?;
    stage.shut_down(room)
}

/// Three servers for one client each, and a client of all: the events show which port each connection has here.
pub(super) fn many(stage: &mut Stage<'_>) -> Result<()> {
    let server = |_| tcp_server(stage, || Service::Upper, false);
    let servers = (0..3).map(server).collect::<Result<Vec<_>>>()?;
    let client = client_of_all(stage, &servers)?;
    client.say("hello, servers")?;
    stage.hear(&client, servers.len())?;
    stage.hang_up(client)?;
    servers.into_iter().try_for_each(|server| stage.shut_down(server))
}
