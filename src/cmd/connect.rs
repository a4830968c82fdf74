//! `soquete connect`: one connection piped with standard input and output.

use super::{Context, Outcome, Result, end_config, opening, tls_client};
use crate::cli::Connect;
use crate::net::address::Target;
use crate::net::connect::ConnectError;
use crate::relay::{self, EndConfig};
use crate::session::connect::ConnectConfig;
use crate::session::pipe::{crlf, input, output, relay_config};
use crate::session::tls_client as engine;
use crate::sys::fd;

/// Runs `soquete connect`.
pub fn run(args: &Connect, context: &mut Context) -> Result {
    let target = Target::parse(&args.target)?.into_target()?;
    let tls = tls_client(&args.tls, std::slice::from_ref(&target), context)?;
    let opening = opening(&args.client, tls);
    let connect = ConnectConfig { target, opening, timeout: args.timeout, wait: args.wait };
    let end = end_config(&args.pipe.eof, args.idle_timeout, fd::input());
    let end = EndConfig { send_only: args.send_only, ..end };
    if !connect.opening.is_plain() {
        let config = engine::Config { connect, end, has_input: !args.recv_only, crlf: args.crlf };
        return engine::run(&config, context);
    }
    let socket = match connect.open(context) {
        Ok(socket) => socket,
        Err(ConnectError::Stopped(signal)) => return Ok(Outcome::stopped(signal)),
        Err(ConnectError::Failed(error)) => return Err(error.into()),
    };
    let input = if args.recv_only { None } else { Some(input()?) };
    let output = if args.send_only { None } else { Some(output()?) };
    let mut config = relay_config(input, output, end, context);
    config.outgoing = crlf(args.crlf);
    Ok(relay::run(socket, config, &context.stop)?.into())
}
