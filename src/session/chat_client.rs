//! The chat client: a connection relayed as `connect` relays it, with a console on a terminal.

use super::connect::ConnectConfig;
use super::console::{self, Console};
use super::pipe::{input, output, relay_config};
use super::tls_client::{self, Local};
use super::{Context, Outcome, Result, stdout};
use crate::exit::Exit;
use crate::net::connect::ConnectError;
use crate::relay::{self, EndConfig, Relay, RelayConfig, RelayEnd};
use crate::sys;
use crate::sys::fd::{self, Output};
use crate::sys::splice::Filter;

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
}

/// Runs the client until the room closes the connection, or the input ends as the configuration says.
pub fn run(config: &Config, context: &mut Context) -> Result {
    if !config.connect.opening.is_plain() {
        return run_through(config, context);
    }
    let socket = match config.connect.open(context) {
        Ok(socket) => socket,
        Err(ConnectError::Stopped(signal)) => return Ok(Outcome::stopped(signal)),
        Err(ConnectError::Failed(error)) => return Err(error.into()),
    };
    if config.nick.is_some() {
        // A few bytes always fit the send buffer of a new connection.
        socket.send(&config.nick_command()).map_err(|e| sys::Error::new("send", socket.on(), e))?;
    }
    let console = console::open(&console::Config { prompt: config.prompt }, context)?;
    let (console, relay) = match console {
        Some((console, ends)) => {
            let (input, output) = (Some(ends.typed), Some(Output::Owned(ends.show)));
            let relay = relay_config(input, output, config.end, context);
            // The console makes text safe itself, line by line.
            (Some(console), RelayConfig { incoming: None, ..relay })
        }
        None => (None, relay_config(Some(input()?), Some(output()?), config.end, context)),
    };
    let ended = relay::run(socket, relay, &context.stop);
    close(console, matches!(ended, Ok(Relay::Ended(RelayEnd::Done))));
    Ok(ended?.into())
}

/// As [`run`], for a connection that passes through something.
fn run_through(config: &Config, context: &mut Context) -> Result {
    let mut console = None;
    let outcome = tls_client::connect(&config.connect, context, |context| {
        let opened = console::open(&console::Config { prompt: config.prompt }, context)?;
        let (input, output, visible) = match opened {
            Some((opened, ends)) => {
                console = Some(opened);
                (Ok(ends.typed), stdout::open_to(ends.show)?, (|| None) as fn() -> Option<Filter>)
            }
            None => (fd::take_input(), stdout::open()?, context.visible),
        };
        let (first, end) = (config.nick_command(), config.end);
        Ok(Local { input: Some(input), outgoing: None, first, output, visible, end })
    });
    close(console, outcome.as_ref().is_ok_and(|outcome| outcome.exit == Exit::Done));
    outcome
}

/// Closes the console; a person reads why the prompt went away even with -q, though it is no error.
fn close(console: Option<Console>, is_done: bool) {
    match console {
        Some(console) if is_done && console.is_open() => console.close("the room has closed the connection"),
        console => drop(console),
    }
}

impl Config {
    /// What asks for the nick before anything is said.
    fn nick_command(&self) -> Vec<u8> {
        self.nick.as_ref().map_or_else(Vec::new, |nick| format!("/nick {nick}\n").into_bytes())
    }
}
