//! The part of `demo` with three servers at once: one line to each, three answers, and a local port for each connection.

use super::Context;
use super::demo::{PATIENCE, ready, receive, send, step};
use crate::event::{Event, Outcome, Proto};
use crate::net::dial::{Dial, DialError};
use crate::net::listen::Recipe;
use crate::net::upper::Upper;
use crate::sys::socket::Tracked;
use crate::sys::{self, stdio};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

const SERVERS: usize = 3;
const LINE: &[u8] = b"hello, servers\n";

/// Three servers that answer in capitals, and a client of all; the events show which port each connection has here.
///
/// Their states are those of any connection and are not told again.
pub(super) fn three_servers(context: &Context) -> Result<(), DialError> {
    let sockets = context.sockets.untold();
    let recipe = Recipe { sockets: &sockets, proto: Proto::Tcp, options: &[], defaults: &[], backlog: 16 };
    let dial = Dial { sockets: &sockets, options: &[], source: None };
    let mut pairs = Vec::new();
    for _ in 0..SERVERS {
        let mut listeners = recipe.open(&[(Ipv4Addr::LOCALHOST, 0).into()])?;
        let Some(listener) = listeners.pop() else { continue };
        let address = listener.local().unwrap_or_else(|| (Ipv4Addr::LOCALHOST, 0).into());
        let began = Instant::now();
        let client = dial.first(&address, &[address], Some(began + PATIENCE), &context.stop)?;
        tell(context, address, &client, began);
        ready(&listener)?;
        let server = listener.accept().map_err(|e| sys::Error::new("accept", address, e))?;
        pairs.push((address, client, server));
    }
    step(context)?;
    for (_, client, _) in &pairs {
        send(client, LINE)?;
    }
    for (_, _, server) in &pairs {
        let mut answer = Vec::new();
        Upper::default().push(&receive(server)?, &mut answer);
        send(server, &answer)?;
    }
    for (address, client, _) in &pairs {
        let line = [format!("[{address}] ").as_bytes(), &receive(client)?].concat();
        stdio::write_all(stdio::output(), &line).map_err(super::stdout::failure)?;
    }
    step(context)
}

fn tell(context: &Context, target: SocketAddr, client: &Tracked, began: Instant) {
    context.events.emit(Event::Target {
        target: target.to_string(),
        conn: Some(client.conn()),
        proto: Proto::Tcp,
        local: client.local(),
        peer: client.peer(),
        outcome: Outcome::Connected,
        latency_us: Some(u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX)),
        text: None,
    });
}
