//! `soquete connect`: one connection piped with standard input and output.

use super::{Context, Result, end_config, open_taps, opening, tls_client};
use crate::cli::Connect;
use crate::net::address::Target;
use crate::relay::EndConfig;
use crate::session::connect::ConnectConfig;
use crate::session::opening::Opening;
use crate::session::stream_client as engine;
use crate::session::taps::conclude;
use crate::session::{Stdio, pipe};
use crate::sys::fd;

/// Runs `soquete connect`.
pub fn run(args: &Connect, context: &mut Context) -> Result {
    let target = Target::parse(&args.target)?.into_target()?;
    let tls = tls_client(&args.tls, std::slice::from_ref(&target), context)?;
    let taps = open_taps(&args.taps, context)?;
    let opening = Opening { taps: taps.clone(), ..opening(&args.client, tls) };
    let connect = ConnectConfig { target, opening, timeout: args.timeout, wait: args.wait };
    let end = end_config(&args.pipe.eof, args.idle_timeout, fd::input());
    let end = EndConfig { send_only: args.send_only, ..end };
    if !connect.opening.is_plain() {
        let config = engine::Config {
            connect,
            end,
            has_input: !args.recv_only,
            crlf: args.crlf,
            greeting: String::new(),
            prompt: None,
            stdio: Stdio::default(),
        };
        return conclude(engine::run(&config, context), taps.as_deref(), context);
    }
    let (has_input, crlf) = (!args.recv_only, args.crlf);
    pipe::run(&pipe::Config { connect, stdio: Stdio::default(), has_input, crlf, end }, context)
}
