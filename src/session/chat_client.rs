//! The chat client: a connection relayed as `connect` relays it, with a console on a terminal.

use super::connect::ConnectConfig;
use super::pipe::relay_config;
use super::{Context, Outcome, Result, Stdio, console, stream_client};
use crate::net::connect::ConnectError;
use crate::relay::{self, EndConfig, Relay, RelayConfig, RelayEnd};
use crate::sys;
use crate::sys::fd::Output;
use crate::sys::socket::Socket;

/// How the client runs.
pub struct Config {
    /// The room.
    pub connect: ConnectConfig,
    /// The nick to ask for.
    pub nick: Option<String>,
    /// When the connection is over.
    pub end: EndConfig,
    /// The prompt on a terminal.
    pub prompt: &'static str,
    /// The lines to say, and where those of others go.
    pub stdio: Stdio,
}

/// Runs the client until the room closes the connection, or the input ends as the configuration says.
pub fn run(config: Config, context: &mut Context) -> Result {
    let greeting = config.nick.map(|nick| format!("/nick {nick}\n")).unwrap_or_default();
    if !config.connect.opening.is_plain() {
        let (connect, end, prompt) = (config.connect, config.end, Some(config.prompt));
        let (has_input, crlf, stdio) = (true, false, config.stdio);
        let config = stream_client::Config { connect, end, has_input, crlf, greeting, prompt, stdio };
        return stream_client::run(&config, context);
    }
    let socket = match config.connect.open(context) {
        Ok(socket) => socket,
        Err(ConnectError::Stopped(signal)) => return Ok(Outcome::stopped(signal)),
        Err(ConnectError::Failed(error)) => return Err(error.into()),
    };
    greet(&socket, &greeting)?;
    let console = console::Config { prompt: config.prompt, shows_stderr: false, stamps: true };
    let console = console::open(&console, &config.stdio, context)?;
    let (console, relay) = if let Some((console, ends)) = console {
        let (input, output) = (Some(ends.typed), Some(Output::Owned(ends.show)));
        let relay = relay_config(input, output, config.end, context);
        // The console makes text safe itself, line by line.
        (Some(console), RelayConfig { incoming: None, ..relay })
    } else {
        let (input, output) = (config.stdio.input()?, config.stdio.relay_output()?);
        (None, relay_config(Some(input), Some(output), config.end, context))
    };
    let ended = relay::run(socket, relay, &context.stop);
    match (console, &ended) {
        // It is no error, and the person reads why the prompt went away even with -q.
        (Some(console), Ok(Relay::Ended(RelayEnd::Done))) if console.is_open() => {
            console.close("the server closed the connection");
        }
        (console, _) => drop(console),
    }
    Ok(ended?.into())
}

/// Sends the command for a nick before anything is said. A few bytes always fit the send buffer of a new connection.
fn greet(socket: &Socket, greeting: &str) -> sys::Result<()> {
    if greeting.is_empty() {
        return Ok(());
    }
    socket.send(greeting.as_bytes()).map_err(|e| sys::Error::new("send", socket.on(), e)).map(drop)
}
