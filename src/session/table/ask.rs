//! The command line's wishes as questions to the socket table. Names are looked up here.

use crate::cli::Stat;
use crate::event::{Proto, State};
use crate::net::pattern::{Hosts, Pattern};
use crate::net::resolve::Lookup;
use crate::session::{Context, resolve};
use crate::sys;
use crate::sys::diag::{End, Families, Filter, Prefix, Query, States, Table};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Those who wait for clients.
pub(super) const LISTENING: States = States::NONE.with(State::Listen).with(State::Unconnected);

/// The questions that the filters and switches ask together, one for each table.
pub(super) fn queries(args: &Stat, context: &Context) -> sys::Result<Vec<Query>> {
    let filter = filter(args, context)?;
    Ok(tables(args)
        .into_iter()
        .map(|table| Query {
            table,
            families: families(args),
            states: states(args),
            filter: filter.clone(),
            extended: args.extended,
        })
        .collect())
}

/// The tables asked for; all of them unless told otherwise, UNIX last. An IP family leaves UNIX out.
pub(super) fn tables(args: &Stat) -> Vec<Table> {
    let all = !(args.tcp || args.udp || args.unix);
    let unix = args.unix || (all && families(args) == Families::Both);
    [
        (args.tcp || all, Table::Inet(Proto::Tcp)),
        (args.udp || all, Table::Inet(Proto::Udp)),
        (unix, Table::Unix),
    ]
    .into_iter()
    .filter_map(|(wanted, table)| wanted.then_some(table))
    .collect()
}

pub(super) fn families(args: &Stat) -> Families {
    match (args.lookup.only_v4, args.lookup.only_v6) {
        (true, false) => Families::V4,
        (false, true) => Families::V6,
        _ => Families::Both,
    }
}

/// The states asked for.
pub(super) fn states(args: &Stat) -> States {
    let listening = if args.listening { LISTENING } else { States::NONE };
    let states = args.state.iter().fold(listening, |states, state| states.with(*state));
    if states == States::NONE { States::LIVE } else { states }
}

/// All of: the filters at either end, `--local` at ours, `--peer` at the other.
fn filter(args: &Stat, context: &Context) -> sys::Result<Option<Filter>> {
    let mut all = Vec::new();
    let mut side = |patterns: &[Pattern], side: fn(End) -> Filter| -> sys::Result<()> {
        if !patterns.is_empty() {
            let ends = ends(patterns, args, context)?;
            all.push(Filter::Any(ends.into_iter().map(side).collect()));
        }
        Ok(())
    };
    side(&args.filter, Filter::either)?;
    side(&args.local, Filter::Local)?;
    side(&args.peer, Filter::Peer)?;
    Ok((!all.is_empty()).then_some(Filter::All(all)))
}

/// The ends that patterns mean: one of the hosts with one of the ports, or one of the pairs.
pub(super) fn ends(patterns: &[Pattern], args: &Stat, context: &Context) -> sys::Result<Vec<End>> {
    let mut ends = Vec::new();
    let (mut prefixes, mut ranges) = (Vec::new(), Vec::new());
    for pattern in patterns {
        let hosts = pattern.hosts.as_ref().map(|hosts| addresses(hosts, args, context)).transpose()?;
        let ports = pattern.ports.as_ref().map(|ports| ports.ranges().collect::<Vec<_>>());
        match (hosts, ports) {
            (Some(hosts), Some(ports)) => ends.extend(product(&hosts, &ports)),
            (Some(hosts), None) => prefixes.extend(hosts),
            (None, Some(ports)) => ranges.extend(ports),
            (None, None) => ends.push(End::default()),
        }
    }
    ends.extend(match (prefixes.is_empty(), ranges.is_empty()) {
        (true, _) => ranges.into_iter().map(|ports| End { prefix: None, ports: Some(ports) }).collect(),
        (_, true) => prefixes.into_iter().map(End::within).collect(),
        _ => product(&prefixes, &ranges),
    });
    Ok(ends)
}

/// As [`ends`], where a listener on every address serves the one asked for too.
pub(super) fn serving_ends(patterns: &[Pattern], args: &Stat, context: &Context) -> sys::Result<Vec<End>> {
    let mut ends = ends(patterns, args, context)?;
    for at in 0..ends.len() {
        if ends[at].prefix.is_some() {
            let every = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
            let ports = ends[at].ports;
            ends.extend(every.map(|ip| End { prefix: Some(Prefix::exact(ip)), ports }));
        }
    }
    Ok(ends)
}

fn product(prefixes: &[Prefix], ranges: &[(u16, u16)]) -> Vec<End> {
    let with = |prefix: &Prefix| {
        let prefix = Some(*prefix);
        ranges.iter().map(move |ports| End { prefix, ports: Some(*ports) }).collect::<Vec<_>>()
    };
    prefixes.iter().flat_map(with).collect()
}

fn addresses(hosts: &Hosts, args: &Stat, context: &Context) -> sys::Result<Vec<Prefix>> {
    match hosts {
        Hosts::One(host) => {
            let found = resolve::addresses(context, Lookup::from(&args.lookup), host, 0, None)?;
            Ok(found.iter().map(|address| Prefix::exact(address.ip())).collect())
        }
        // The range was read with its family's width.
        Hosts::Range(address, length) => Ok(Prefix::new(*address, *length).into_iter().collect()),
    }
}
