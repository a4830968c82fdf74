//! `soquete stat`.

use super::{Context, Result};
use crate::cli::{PacketArgs, Stat};
use crate::event::Proto;
use crate::net::resolve::Lookup;
use crate::session::table::{self, Config, View};
use crate::sys::diag::States;
use std::time::Duration;

/// Runs `soquete stat`.
pub fn run(args: &Stat, context: &mut Context) -> Result {
    let PacketArgs { packets, pcap, diagram } = &args.packets;
    let packets = packets.is_some() || pcap.is_some() || diagram.is_some();
    let config = config(args);
    if packets { table::packets(&config, context) } else { table::run(&config, context) }
}

/// From one frame of the live view to the next.
const FRAME: Duration = Duration::from_secs(1);

fn config(args: &Stat) -> Config {
    let tables = [(args.tcp, Proto::Tcp), (args.udp, Proto::Udp), (args.unix, Proto::Unix)];
    let listening = if args.listening { States::LISTENING } else { States::NONE };
    let states = args.state.iter().fold(listening, |states, state| states.with(*state));
    Config {
        tables: tables.into_iter().filter_map(|(given, table)| given.then_some(table)).collect(),
        states: if states == States::NONE { States::LIVE } else { states },
        either: args.filter.clone(),
        local: args.local.clone(),
        peer: args.peer.clone(),
        lookup: Lookup::from(&args.lookup),
        processes: args.processes,
        extended: args.extended,
        view: match (&args.wait, args.watch) {
            (Some(condition), _) => View::Wait(condition.clone(), args.timeout),
            (None, Some(every)) => View::Watch(every),
            (None, None) if args.summary => View::Summary,
            (None, None) => args.top.map_or(View::Sockets, |every| View::Top(every.unwrap_or(FRAME))),
        },
    }
}
