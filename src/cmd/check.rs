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
    let taps = &args.taps;
    let has_tap = taps.output.is_some() || taps.hex_dump.is_some() || taps.rate.is_some();
    if args.tls.tls || has_tap || taps.delay.is_some() {
        let text =
            "a command after -- waits for a port, without --tls and taps; --exec runs it on the connection";
        return Err(AddrError(text.into()).into());
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
