//! `soquete multi-connect`.

use super::{Context, Result, end_config, open_taps, opening, tls_client};
use crate::cli::MultiConnect;
use crate::relay::{EndConfig, OnPeerEof};
use crate::session::Stdio;
use crate::session::clients::{self, Config, Target, read_targets};
use crate::session::opening::Opening;
use crate::session::taps::conclude;
use crate::sys::fd;

/// Runs the subcommand.
pub fn run(args: &MultiConnect, context: &mut Context) -> Result {
    let end = end_config(&args.eof, args.idle_timeout, fd::input());
    let on_peer_eof = if args.reconnect { OnPeerEof::End } else { end.on_peer_eof };
    let targets = read_targets(&args.target, &args.targets)?;
    let addresses: Vec<_> = targets.iter().map(Target::address).collect();
    let tls = tls_client(&args.tls, &addresses, context)?;
    let taps = open_taps(&args.taps, context)?;
    let config = Config {
        targets,
        opening: Opening { taps: taps.clone(), ..opening(&args.client, &args.tls, tls)? },
        timeout: args.timeout,
        reconnect: args.reconnect,
        ordered: args.ordered,
        prefix: !args.no_prefix,
        end: EndConfig { on_peer_eof, ..end },
        stdio: Stdio::default(),
    };
    conclude(clients::run(config, context), taps.as_deref(), context)
}
