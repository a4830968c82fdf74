//! The chat of `demo`: a room of two clients over real sockets.

use super::blocks::{accept, close_both, connect, listen, receive, send, show, step};
use crate::chat::{Room, Rules, SlowPolicy};
use crate::cmd::Context;
use crate::event::Event;
use crate::net::connect::ConnectError;
use crate::sys;
use crate::sys::socket::Socket;
use crate::text::clock::Clock;
use std::net::{Ipv4Addr, SocketAddr};

const RULES: Rules = Rules {
    raw: false,
    announce: false,
    history: 0,
    max_clients: 2,
    max_line: 4096,
    slow: SlowPolicy::Disconnect,
    slow_limit: 1 << 20,
};

/// Two clients join a room, each says a line and reads the line of the other, and they leave one after the other.
pub(super) fn two_talk(context: &Context) -> Result<(), ConnectError> {
    let (listener, address) = listen(context)?;
    let (mut room, mut clock) = (Room::new(RULES), Clock::local());
    let mut members = Vec::new();
    for _ in 0..2 {
        step(context)?;
        let client = connect(context, address)?;
        step(context)?;
        let server = accept(&listener, address)?;
        let peer = server.peer_inet().unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let refused = |why| sys::Error::new("join", peer, std::io::Error::other(why));
        let id = room.join(&peer.to_string(), &clock.now()).map_err(refused)?;
        members.push((client, server, id));
    }
    step(context)?;
    for (speaker, line) in [(0, "Hello, room\n"), (1, "Hello to you\n")] {
        let (client, server, id) = &members[speaker];
        send(client, line.as_bytes())?;
        let said = receive(server)?;
        room.receive(*id, &mut &said[..], &clock.now(), &mut |_| {});
        emit_line(context, server, line);
        let (reader, other_server, other_id) = &members[1 - speaker];
        room.flush(*other_id, &clock.now(), &mut |_| {}, |parts| other_server.send_vectored(parts))
            .map_err(|e| sys::Error::new("send", "", e))?;
        show(&receive(reader)?)?;
        step(context)?;
    }
    for (client, server, _) in members {
        close_both(context, client, server)?;
    }
    drop(listener);
    step(context)
}

fn emit_line(context: &Context, speaker: &Socket, line: &str) {
    let text = line.trim_end().to_owned();
    context.events.emit(Event::Line { socket: speaker.subject(), nick: None, text });
}
