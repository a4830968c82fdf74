//! `soquete connect`: one connection piped with standard input and output.

use super::{Context, Result, children, end_config, open_taps, opening, tls_client};
use crate::cli::Connect;
use crate::event::{Address, UnixAddress};
use crate::net::address::{Endpoint, Host, Target};
use crate::relay::EndConfig;
use crate::session::command::client as command;
use crate::session::connect::ConnectConfig;
use crate::session::opening::Opening;
use crate::session::stream_client as engine;
use crate::session::taps::conclude;
use crate::session::{Stdio, pipe};
use crate::sys::fd;
use crate::sys::passed::PassedSocket;
use std::sync::Arc;

/// Runs `soquete connect`.
pub fn run(args: &Connect, context: &mut Context) -> Result {
    let target = match context.passed.first() {
        Some(passed) => peer_of(passed),
        None => Target::parse(&args.target)?.into_target()?,
    };
    super::expect_output(!args.send_only && !args.exec.is_any(), "type --send-only", context)?;
    let has_input = !args.recv_only && !super::input_is_passed(context);
    let tls = tls_client(&args.tls, std::slice::from_ref(&target), context)?;
    let taps = open_taps(&args.taps, context)?;
    let opening = Opening { taps: taps.clone(), ..opening(&args.client, &args.tls, tls)? };
    let connect = ConnectConfig { target, opening, timeout: args.timeout, wait: args.wait };
    if let Some(children) = children(&args.exec, &args.command)? {
        let config = command::Config { connect, children, idle: args.idle_timeout };
        return conclude(command::run(&config, context), taps.as_deref(), context);
    }
    let end = end_config(&args.pipe.eof, args.idle_timeout, fd::input());
    let end = EndConfig { send_only: args.send_only, ..end };
    if !connect.opening.is_plain() {
        let config = engine::Config {
            connect,
            end,
            has_input,
            crlf: args.crlf,
            greeting: String::new(),
            prompt: None,
            stdio: Stdio::default(),
        };
        return conclude(engine::run(&config, context), taps.as_deref(), context);
    }
    let (stdio, crlf) = (Stdio::default(), args.crlf);
    pipe::run(&pipe::Config { connect, stdio, has_input, crlf, end }, context)
}

/// Where a connection that was passed on leads. The name for TLS is its address; one without a name is no name.
fn peer_of(passed: &PassedSocket) -> Target {
    match passed.peer() {
        Some(Address::Inet(peer)) => Target::Host(Endpoint { host: Host::Ip(peer.ip()), port: peer.port() }),
        Some(other) => Target::Socket(other),
        None => Target::Socket(Address::Unix(UnixAddress::Path(Arc::from(&b""[..])))),
    }
}
