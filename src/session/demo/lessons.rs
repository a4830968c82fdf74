//! The conversations, each as what its ends do in turn.

use super::roles::{
    aborting_client, chat_client, chat_server, client_of_all, closed_port, sending_server,
    server_that_never_accepts, tcp_client, tcp_server, udp_client, udp_server,
};
use super::scene::Scene;
use super::stage::Stage;
use crate::session::tcp_server::Service;
use crate::text::language::Phrase;
use anyhow::Result;
use std::io::ErrorKind;

/// An echo over TCP: the client closes first, and the socket table shows what is left of the connection.
pub(super) fn tcp(stage: &mut Stage<'_>) -> Result<()> {
    let server = tcp_server(stage, || Service::Echo, true)?;
    let client = tcp_client(stage, server.address)?;
    client.say("Hello, world")?;
    stage.hear(&client, 1)?;
    stage.hang_up(client)?;
    stage.show_port(server.address.port())?;
    stage.shut_down(server)
}

/// An echo over UDP: no handshake and no goodbye, and yet an answer; then a port that nobody has.
pub(super) fn udp(stage: &mut Stage<'_>) -> Result<()> {
    let server = udp_server(stage)?;
    let client = udp_client(stage, server.address, "Hello, datagram\n")?;
    stage.hear(&client, 1)?;
    stage.hang_up(client)?;
    stage.shut_down(server)?;
    stage.remark(NOBODY_THERE)?;
    // A port that TCP has is hardly ever one of UDP's.
    let (_bound, address) = closed_port(stage)?;
    let client = udp_client(stage, address, "Is anybody there?\n")?;
    stage.expect_failure(client, ErrorKind::ConnectionRefused)
}

const NOBODY_THERE: Phrase = Phrase::new(
    "A datagram to a port that no socket has: only the kernel answers, with an ICMP error.",
    "Um datagrama para uma porta em que não há socket: só o kernel responde, com um erro ICMP.",
);

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

/// A client asks for a port where nobody listens: the answer to its SYN is an RST.
pub(super) fn refused(stage: &mut Stage<'_>) -> Result<()> {
    let (_bound, address) = closed_port(stage)?;
    let client = tcp_client(stage, address)?;
    stage.expect_failure(client, ErrorKind::ConnectionRefused)
}

/// The client sends FIN first and goes on reading: the server answers late, and nothing is lost.
pub(super) fn half_close(stage: &mut Stage<'_>) -> Result<()> {
    let server = sending_server(stage)?;
    let mut client = tcp_client(stage, server.address)?;
    client.say("A question")?;
    stage.end_input(&mut client)?;
    server.say("A late answer")?;
    stage.hear(&client, 1)?;
    stage.finish_server(server)?;
    stage.hang_up(client)
}

/// The client breaks the connection off: no FIN, no TIME-WAIT, and an error for the server.
pub(super) fn reset(stage: &mut Stage<'_>) -> Result<()> {
    let server = tcp_server(stage, || Service::Echo, true)?;
    let client = aborting_client(stage, server.address)?;
    client.say("Hello, world")?;
    stage.hear(&client, 1)?;
    stage.hang_up(client)?;
    stage.show_port(server.address.port())?;
    stage.shut_down(server)
}

/// Two conversations: the end that closes first is the one whose port rests, be it the client or the server.
pub(super) fn time_wait(stage: &mut Stage<'_>) -> Result<()> {
    let server = sending_server(stage)?;
    let first = server.address.port();
    let mut client = tcp_client(stage, server.address)?;
    stage.end_input(&mut client)?;
    stage.finish_server(server)?;
    stage.hang_up(client)?;
    let mut server = sending_server(stage)?;
    let second = server.address.port();
    let client = tcp_client(stage, server.address)?;
    stage.end_sending(&mut server)?;
    stage.hang_up(client)?;
    stage.finish_server(server)?;
    stage.add(Scene::Remark(CLIENT_FIRST.say_with(stage.language, first)))?;
    stage.show_port(first)?;
    stage.add(Scene::Remark(SERVER_FIRST.say_with(stage.language, second)))?;
    stage.show_port(second)
}

const CLIENT_FIRST: Phrase = Phrase::new(
    "The client closed first: its end stays in TIME-WAIT; the server's port, {}, is free:",
    "O cliente fechou primeiro: é ele que fica em TIME-WAIT; a porta do servidor, {}, está livre:",
);
const SERVER_FIRST: Phrase = Phrase::new(
    "The server closed first: its end stays in TIME-WAIT, with port {} reserved:",
    "O servidor fechou primeiro: é ele que fica em TIME-WAIT, com a porta {} reservada:",
);

/// A server that accepts nobody: the kernel shakes hands with as many clients as fit into the queue, and one that comes
/// later gets no answer.
pub(super) fn backlog(stage: &mut Stage<'_>) -> Result<()> {
    let server = server_that_never_accepts(stage, 1)?;
    let one = tcp_client(stage, server.address)?;
    stage.remark(KERNEL_ACCEPTS)?;
    let other = tcp_client(stage, server.address)?;
    let late = tcp_client(stage, server.address)?;
    stage.remark(QUEUE_IS_FULL)?;
    stage.await_repetition()?;
    stage.show_port(server.address.port())?;
    stage.stop_client(late)?;
    stage.shut_down(server)?;
    stage.expect_failure(one, ErrorKind::ConnectionReset)?;
    stage.expect_failure(other, ErrorKind::ConnectionReset)
}

const KERNEL_ACCEPTS: Phrase = Phrase::new(
    "The kernel completed the handshake by itself: the client waits in the queue for an accept() that never comes. So does the next one:",
    "O kernel completou o handshake sozinho: o cliente espera na fila por um accept() que nunca vem. O próximo também:",
);
const QUEUE_IS_FULL: Phrase = Phrase::new(
    "The queue is full: it holds one more than the backlog. The kernel drops the third client's SYN, and the client sends it again:",
    "A fila está cheia: nela cabe um cliente a mais que o backlog. O kernel descarta o SYN do terceiro, que o envia de novo:",
);
