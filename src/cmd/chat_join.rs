//! `chat-join`: a connection piped as `connect` pipes it, with a console in front of it on a terminal.

use super::{Context, Outcome, Result, connect_config, end_config};
use crate::cli::ChatJoin;
use crate::net::address::Endpoint;
use crate::net::connect::ConnectError;
use crate::relay::{self, Relay, RelayConfig, RelayEnd};
use crate::session::chat_server::PORT;
use crate::session::pipe::{input, output, relay_config};
use crate::sys;
use crate::sys::fd::{self, Output};
use crate::sys::socket::Socket;

/// Runs `soquete chat-join`.
pub fn run(args: &ChatJoin, context: &mut Context) -> Result {
    let room = Endpoint::parse_or(&args.address, Some(PORT))?.into_target()?;
    let socket = match connect_config(room, &args.client, args.timeout).open(context) {
        Ok(socket) => socket,
        Err(ConnectError::Stopped(signal)) => return Ok(Outcome::stopped(signal)),
        Err(ConnectError::Failed(error)) => return Err(error.into()),
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

/// Asks for a nick before anything is said. A few bytes always fit the send buffer of a new connection.
fn introduce(socket: &Socket, nick: &str) -> sys::Result<()> {
    let peer = socket.peer().map(|a| a.to_string()).unwrap_or_default();
    socket.send(format!("/nick {nick}\n").as_bytes()).map_err(|e| sys::Error::new("send", peer, e)).map(drop)
}
