//! The chat of two of `demo`: the room decides what each reads, the sockets carry it.

use super::demo::{PATIENCE, ready, receive, send, step};
use super::{Context, stdout};
use crate::chat::{Room, Rules, Slow};
use crate::event::{Event, Proto};
use crate::net::dial::{Dial, DialError};
use crate::net::listen::Recipe;
use crate::sys::socket::Tracked;
use crate::sys::{self, stdio};
use jiff::Zoned;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

const RULES: Rules = Rules {
    raw: false,
    announce: false,
    history: 0,
    max_clients: 2,
    max_line: 4096,
    slow: Slow::Disconnect,
    slow_limit: 1 << 20,
};

/// Two clients in one room; each says a line, and each reads what the other said.
///
/// Their states are those of any connection and are not told again.
pub(super) fn two_talk(context: &Context) -> Result<(), DialError> {
    let sockets = context.sockets.untold();
    let recipe = Recipe { sockets: &sockets, proto: Proto::Tcp, options: &[], defaults: &[], backlog: 16 };
    let listeners = recipe.open(&[(Ipv4Addr::LOCALHOST, 0).into()])?;
    let listener = &listeners[0];
    let address = listener.local().unwrap_or_else(|| (Ipv4Addr::LOCALHOST, 0).into());
    let dial = Dial { sockets: &sockets, options: &[], source: None };
    let mut room = Room::new(RULES);
    let mut seats = Vec::new();
    for _ in 0..2 {
        let client = dial.first(&address, &[address], Some(Instant::now() + PATIENCE), &context.stop)?;
        ready(listener)?;
        let server = listener.accept().map_err(|e| sys::Error::new("accept", address, e))?;
        let peer = server.peer().unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let refused = |why| sys::Error::new("join", peer, std::io::Error::other(why));
        let id = room.join(peer, &stamp()).map_err(refused)?;
        seats.push((client, server, id));
    }
    step(context)?;
    for (speaker, line) in [(0, "Hello, room\n"), (1, "Hello to you\n")] {
        let (client, server, id) = &seats[speaker];
        send(client, line.as_bytes())?;
        let said = receive(server)?;
        room.receive(*id, &mut &said[..], &stamp(), &mut |_| {});
        tell(context, server, line);
        let (listening, their_server, their_id) = &seats[1 - speaker];
        room.flush(*their_id, &stamp(), &mut |_| {}, |parts| their_server.send_vectored(parts))
            .map_err(|e| sys::Error::new("send", "", e))?;
        stdio::write_all(stdio::output(), &receive(listening)?).map_err(stdout::failure)?;
        step(context)?;
    }
    Ok(())
}

/// Local time as the room shows it.
fn stamp() -> String {
    Zoned::now().strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn tell(context: &Context, speaker: &Tracked, line: &str) {
    let text = line.trim_end().to_owned();
    context.events.emit(Event::Line { socket: speaker.subject(), nick: None, text });
}
