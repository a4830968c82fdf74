//! `chat-join`: a connection piped as `connect` pipes it, with a console in front of it on a terminal.

use super::{Context, Outcome, Result, end_config};
use crate::cli::ChatJoin;
use crate::net::address::{Endpoint, reachable};
use crate::net::connect::{Dial, DialError};
use crate::net::resolve::Lookup;
use crate::relay::{self, Relay, RelayConfig, RelayEnd};
use crate::session::chat_server::PORT;
use crate::session::pipe::{input, output, relay_config};
use crate::session::resolve::addresses;
use crate::sys;
use crate::sys::fd::{self, Output};
use crate::sys::socket::Socket;
use std::time::Instant;

/// Runs `soquete chat-join`.
pub fn run(args: &ChatJoin, context: &mut Context) -> Result {
    let room = Endpoint::parse_or(&args.address, Some(PORT))?.into_target()?;
    let socket = match open(args, &room, context) {
        Ok(socket) => socket,
        Err(DialError::Stopped(signal)) => return Ok(Outcome::stopped(signal)),
        Err(DialError::Failed(error)) => return Err(error.into()),
    };
    if let Some(nick) = &args.nick {
        introduce(&socket, nick)?;
    }
    let end = end_config(&args.eof, args.idle_timeout, fd::input());
    let (console, config) = if let Some((console, ends)) = crate::session::console::open("> ", context)? {
        let config = relay_config(Some(ends.typed), Some(Output::Owned(ends.show)), end, context);
        // The console makes text safe itself, line by line.
        (Some(console), RelayConfig { incoming: None, ..config })
    } else {
        (None, relay_config(Some(input()?), Some(output()?), end, context))
    };
    let ended = relay::run(socket, config, &context.stop);
    match (console, &ended) {
        // It is no error, and why the prompt went away is to be read even with -q.
        (Some(console), Ok(Relay::Ended(RelayEnd::Done))) if console.is_open() => {
            console.close("the room has closed the connection");
        }
        (console, _) => drop(console),
    }
    Ok(ended?.into())
}

fn open(args: &ChatJoin, room: &Endpoint, context: &Context) -> std::result::Result<Socket, DialError> {
    let options = args.client.socket.options();
    let dial = Dial { sockets: &context.sockets, options: &options, source: args.client.source };
    let deadline = args.timeout.map(|t| Instant::now() + t);
    let found = addresses(context, Lookup::from(&args.client.lookup), &room.host, room.port, deadline)?;
    let found = reachable(args.client.source, found);
    dial.first(room, &found, deadline, &context.stop)
}

/// Asks for a nick before anything is said. A few bytes always fit the send buffer of a new connection.
fn introduce(socket: &Socket, nick: &str) -> sys::Result<()> {
    let peer = socket.peer().map(|a| a.to_string()).unwrap_or_default();
    socket.send(format!("/nick {nick}\n").as_bytes()).map_err(|e| sys::Error::new("send", peer, e)).map(drop)
}
