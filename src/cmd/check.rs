//! `soquete connect --check`, and what implies it.

use super::{Context, Result};
use crate::cli::Connect;
use crate::net::address::AddrError;
use crate::net::resolve::Lookup;
use crate::net::targets::parse_targets;
use crate::scan::Wanted;
use crate::session::check::{self, Config};

/// Runs `soquete connect --check`.
pub fn run(args: &Connect, context: &mut Context) -> Result {
    if args.tls.tls {
        return Err(AddrError(
            "a command after -- waits for a port, which --tls is not for; add --exec".into(),
        )
        .into());
    }
    let config = Config {
        groups: parse_targets(&args.target)?,
        wanted: if args.until_closed { Wanted::Closed } else { Wanted::Open },
        wait: args.wait,
        timeout: args.timeout,
        command: args.command.clone(),
        options: args.client.socket.options(),
        source: args.client.source,
        lookup: Lookup::from(&args.client.lookup),
    };
    check::run(&config, context)
}
