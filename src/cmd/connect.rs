//! `connect`: one connection piped with standard input and output.

use super::{Context, Outcome, Result, check, connect_wait, end_config};
use crate::cli::Connect;
use crate::event::{Event, Events};
use crate::net::addr::{Endpoint, Host, reachable};
use crate::net::crlf;
use crate::net::dial::{Dial, DialError};
use crate::net::relay::{self, EndConfig, RelayConfig};
use crate::net::resolve::{Lookup, Patience};
use crate::sys;
use crate::sys::socket::Tracked;
use crate::sys::stdio::{self, Output};
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

/// Runs `soquete connect`.
pub fn run(args: &Connect, context: &mut Context) -> Result {
    if args.check || args.until_closed || !args.command.is_empty() {
        return check::run(args, context);
    }
    let target = Endpoint::parse(&args.target)?.as_target()?;
    let socket = match open(args, &target, context) {
        Ok(socket) => socket,
        Err(DialError::Stopped(signal)) => return Ok(Outcome::stopped(signal)),
        Err(DialError::Failed(error)) => return Err(error.into()),
    };
    let end = end_config(&args.pipe.eof, args.idle_timeout, stdio::input());
    let end = EndConfig { send_only: args.send_only, ..end };
    let input = if args.recv_only { None } else { Some(input()?) };
    let output = if args.send_only { None } else { Some(output()?) };
    let mut config = relay_config(input, output, end, context);
    config.outgoing = args.crlf.then(crlf::filter);
    Ok(relay::run(socket, config, &context.stop)?.into())
}

fn open(args: &Connect, target: &Endpoint, context: &mut Context) -> std::result::Result<Tracked, DialError> {
    if args.wait.is_some() {
        return connect_wait::open(args, target, context);
    }
    let options = args.client.socket.options();
    let dial = Dial { sockets: &context.sockets, options: &options, source: args.client.source };
    let deadline = args.timeout.map(|t| Instant::now() + t);
    let lookup = Lookup::from(&args.client.lookup);
    let found = addresses(context, lookup, &target.host, target.port, deadline)?;
    let found = reachable(args.client.source, found);
    dial.first(target, &found, deadline, &context.stop)
}

/// The addresses of a host, told under `-v`. Ctrl-C ends the look-up.
pub(super) fn addresses(
    context: &Context,
    lookup: Lookup,
    host: &Host,
    port: u16,
    deadline: Option<Instant>,
) -> sys::Result<Vec<SocketAddr>> {
    look_up(Patience { deadline, stop: &context.stop }, lookup, host, port, &context.events)
}

/// As [`addresses`], for a thread that has no context.
pub(super) fn look_up(
    patience: Patience<'_>,
    lookup: Lookup,
    host: &Host,
    port: u16,
    events: &Events,
) -> sys::Result<Vec<SocketAddr>> {
    let found = patience.addresses(lookup, host, port)?;
    if events.detailed() && matches!(host, Host::Name(_)) {
        for &address in &found {
            events.emit(Event::Resolve { host: host.to_string(), address });
        }
    }
    Ok(found)
}

/// A relay of standard input and output, as `connect` and `listen` have it.
pub(super) fn relay_config(
    input: Option<OwnedFd>,
    output: Option<Output>,
    end: EndConfig,
    context: &Context,
) -> RelayConfig {
    RelayConfig {
        total: input.as_ref().and_then(|i| stdio::file_size(i.as_fd())),
        input,
        output,
        outgoing: None,
        incoming: (context.visible)(),
        end,
        progress_every: context.progress_every,
    }
}

/// Standard input for the relay's own use.
pub(super) fn input() -> sys::Result<OwnedFd> {
    stdio::take_input()
        .map_err(|e| sys::Error::new("open", "standard input", e).about(crate::event::Kind::File))
}

/// Standard output for the relay's own use.
pub(super) fn output() -> sys::Result<Output> {
    Output::standard()
        .map_err(|e| sys::Error::new("open", "standard output", e).about(crate::event::Kind::File))
}
