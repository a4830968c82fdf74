//! The part of `demo` with three servers at once: one line to each, three answers, and a local port for each connection.

use super::blocks::{accept, close_both, connect, listen, receive, send, show, step};
use crate::cmd::Context;
use crate::event::{Event, Outcome, Proto};
use crate::net::connect::ConnectError;
use crate::sys::socket::Socket;
use crate::text::tag::tag;
use crate::text::upper::Upper;
use std::net::SocketAddr;
use std::time::Instant;

const SERVERS: usize = 3;
const LINE: &[u8] = b"hello, servers\n";

/// Three servers that answer in capitals, and a client of all; the events show which port each connection has here.
pub(super) fn three_servers(context: &Context) -> Result<(), ConnectError> {
    let mut pairs = Vec::new();
    for _ in 0..SERVERS {
        let (listener, address) = listen(context)?;
        step(context)?;
        let began = Instant::now();
        let client = connect(context, address)?;
        tell(context, address, &client, began);
        step(context)?;
        let server = accept(&listener, address)?;
        step(context)?;
        // It has the one client it is for.
        drop(listener);
        step(context)?;
        pairs.push((address, client, server));
    }
    for (_, client, _) in &pairs {
        send(client, LINE)?;
    }
    for (_, _, server) in &pairs {
        let mut answer = Vec::new();
        Upper::default().push(&receive(server)?, &mut answer);
        send(server, &answer)?;
    }
    for (address, client, _) in &pairs {
        let line = [tag(address).as_bytes(), &receive(client)?].concat();
        show(&line)?;
    }
    step(context)?;
    for (_, client, server) in pairs {
        close_both(context, client, server)?;
    }
    Ok(())
}

fn tell(context: &Context, target: SocketAddr, client: &Socket, began: Instant) {
    context.events.emit(Event::Target {
        target: target.to_string(),
        conn: Some(client.conn()),
        proto: Proto::Tcp,
        local: client.local(),
        peer: client.peer(),
        outcome: Outcome::Connected,
        attempt: None,
        latency_us: Some(u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX)),
        text: None,
    });
}
