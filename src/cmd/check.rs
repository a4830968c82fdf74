//! `soquete connect --check`, and what implies it.

use super::response::response;
use super::{Context, Result, proxy_client, tls_client};
use crate::cli::Connect;
use crate::net::address::{AddrError, Endpoint, Target};
use crate::net::resolve::Lookup;
use crate::net::targets::{Group, parse_targets};
use crate::scan::Wanted;
use crate::session::check::question::Question;
use crate::session::check::{self, Config, Repeat};
use crate::sys;
use std::sync::Arc;
use std::time::Duration;

/// Runs `soquete connect --check`.
pub fn run(args: &Connect, context: &mut Context) -> Result {
    let taps = &args.taps;
    let has_tap = taps.output.is_some() || taps.hex_dump.is_some() || taps.rate.is_some();
    if has_tap || taps.delay.is_some() {
        let text = "a command after -- runs after a check, which takes no taps; type --exec to run it on the connection";
        return Err(AddrError(text.into()).into());
    }
    if args.fd.is_some() {
        let text = "a command after -- runs after a check, which takes no --fd; type --exec to run it on the connection";
        return Err(AddrError(text.into()).into());
    }
    let groups = parse_targets(&args.target)?;
    let host = |group: &Group| match group {
        Group::Ports(host, _) => Target::Host(Endpoint { host: host.clone(), port: 0 }),
        Group::Socket(address) => Target::Socket(address.clone()),
    };
    let proxy = proxy_client(&args.client.proxy, &args.tls)?.map(Arc::new);
    if proxy.is_some()
        && let Some(socket) = groups.iter().find(|group| matches!(group, Group::Socket(_)))
    {
        return Err(AddrError(format!("{}: a proxy connects to HOST:PORT only", host(socket))).into());
    }
    let hosts: Vec<_> = groups.iter().map(host).collect();
    let config = Config {
        tls: tls_client(&args.tls, &hosts, context)?.map(Arc::new),
        proxy,
        groups,
        wanted: if args.until_closed { Wanted::Closed } else { Wanted::Open },
        wait: args.wait,
        timeout: args.timeout,
        command: args.command.clone(),
        options: args.client.socket.options(),
        source: args.client.source,
        lookup: Lookup::from(&args.client.lookup),
        question: question(args, context)?,
        repeat: repeat(args),
    };
    check::run(&config, context)
}

/// What is asked on open connections.
fn question(args: &Connect, context: &Context) -> sys::Result<Option<Arc<Question>>> {
    let Some(expect) = args.expect.clone() else { return Ok(None) };
    let send = args.send.as_ref().map(|text| response(text, context)).transpose()?.unwrap_or_default();
    Ok(Some(Arc::new(Question { send, expect })))
}

/// From one try to the next where no interval is given: as short as ping(8) takes from an ordinary user.
const INTERVAL: Duration = Duration::from_millis(200);

fn repeat(args: &Connect) -> Option<Repeat> {
    let is_repeated = args.repeat.is_some() || args.interval.is_some();
    is_repeated.then(|| Repeat { tries: args.repeat, interval: args.interval.unwrap_or(INTERVAL) })
}
