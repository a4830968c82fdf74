//! The engine of `connect` for a plain stream: an input and output over one connection. What other engines with one
//! connection need of it.

pub use super::stdio::{input, output};

use super::connect::ConnectConfig;
use super::{Context, Outcome, Result, Stdio};
use crate::net::connect::ConnectError;
use crate::relay::{self, EndConfig, RelayConfig};
use crate::sys::fd::{self, Output};
use crate::sys::splice::Filter;
use crate::text::crlf::Crlf;
use std::os::fd::{AsFd, OwnedFd};

/// The connection, and what passes over it.
pub struct Config {
    /// Where to connect to, by a stream that passes through nothing.
    pub connect: ConnectConfig,
    /// What is sent, and where goes what is received.
    pub stdio: Stdio,
    /// Whether the input is sent.
    pub has_input: bool,
    /// Sends line ends as CR LF.
    pub crlf: bool,
    /// When it is over.
    pub end: EndConfig,
}

/// Connects, and relays to the end of the connection.
pub fn run(config: &Config, context: &mut Context) -> Result {
    let socket = match config.connect.open(context) {
        Ok(socket) => socket,
        Err(ConnectError::Stopped(signal)) => return Ok(Outcome::stopped(signal)),
        Err(ConnectError::Failed(error)) => return Err(error.into()),
    };
    let input = if config.has_input { Some(config.stdio.input()?) } else { None };
    let output = if config.end.send_only { None } else { Some(config.stdio.relay_output()?) };
    let mut relaying = relay_config(input, output, config.end, context);
    relaying.outgoing = crlf(config.crlf);
    Ok(relay::run(socket, relaying, &context.stop)?.into())
}

/// A relay of an input and output.
pub fn relay_config(
    input: Option<OwnedFd>,
    output: Option<Output>,
    end: EndConfig,
    context: &Context,
) -> RelayConfig {
    RelayConfig {
        total: input.as_ref().and_then(|i| fd::file_size(i.as_fd())),
        input,
        output,
        outgoing: None,
        incoming: context.incoming(),
        end,
        progress_every: context.progress_every,
    }
}

/// The filter of `--crlf`, if it is `wanted`.
pub fn crlf(wanted: bool) -> Option<Filter> {
    let mut crlf = Crlf::default();
    wanted.then(|| Box::new(move |bytes: &[u8], out: &mut Vec<u8>| crlf.push(bytes, out)) as Filter)
}
