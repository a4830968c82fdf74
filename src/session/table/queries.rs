//! The filters of a [`Config`] as queries of the socket table. Names are looked up here.

use super::Config;
use crate::event::{Proto, UnixAddress};
use crate::net::pattern::{Hosts, Pattern};
use crate::session::{Context, resolve};
use crate::sys;
use crate::sys::diag::{End, Families, Filter, Prefix, Query};
use std::net::{Ipv4Addr, Ipv6Addr};

impl Config {
    /// The queries of all filters together, one for each table.
    pub(super) fn queries(&self, context: &Context) -> sys::Result<Vec<Query>> {
        let filter = self.filter(context)?;
        Ok(self.tables().into_iter().map(|proto| self.query(proto, filter.clone())).collect())
    }

    /// The query of one table for the sockets that pass `filter`.
    pub(super) fn query(&self, proto: Proto, filter: Option<Filter>) -> Query {
        Query { proto, families: self.families(), states: self.states, filter, extended: self.extended }
    }

    /// The tables asked for, or all of them; an IP family leaves UNIX sockets out, and names all others.
    pub(super) fn tables(&self) -> Vec<Proto> {
        match (self.tables.is_empty(), self.families()) {
            (false, _) => self.tables.clone(),
            (true, _) if [&self.either, &self.local, &self.peer].into_iter().any(|of| are_names(of)) => {
                vec![Proto::Unix]
            }
            (true, Families::Both) => vec![Proto::Tcp, Proto::Udp, Proto::Unix],
            (true, _) => vec![Proto::Tcp, Proto::Udp],
        }
    }

    const fn families(&self) -> Families {
        match (self.lookup.only_v4, self.lookup.only_v6) {
            (true, false) => Families::V4,
            (false, true) => Families::V6,
            _ => Families::Both,
        }
    }

    /// All of: the patterns of either end, of the local end, of the peer.
    pub(super) fn filter(&self, context: &Context) -> sys::Result<Option<Filter>> {
        let mut all = Vec::new();
        let mut side = |patterns: &[Pattern],
                        end: fn(End) -> Filter,
                        name: fn(UnixAddress) -> Filter|
         -> sys::Result<()> {
            if !patterns.is_empty() {
                let ends = self.ends(patterns, context)?.into_iter().map(end);
                all.push(Filter::Any(ends.chain(names(patterns).map(name)).collect()));
            }
            Ok(())
        };
        side(&self.either, Filter::either, Filter::either_name)?;
        side(&self.local, Filter::Local, Filter::LocalName)?;
        side(&self.peer, Filter::Peer, Filter::PeerName)?;
        Ok((!all.is_empty()).then_some(Filter::All(all)))
    }

    /// The ends that patterns of addresses mean: one of the hosts with one of the ports, or one of the pairs.
    pub(super) fn ends(&self, patterns: &[Pattern], context: &Context) -> sys::Result<Vec<End>> {
        let mut ends = Vec::new();
        let (mut prefixes, mut ranges) = (Vec::new(), Vec::new());
        for pattern in patterns.iter().filter(|pattern| pattern.name.is_none()) {
            let hosts = pattern.hosts.as_ref().map(|hosts| self.prefixes(hosts, context)).transpose()?;
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

    /// As [`Self::ends`], where a listener on every address serves the one asked for too.
    pub(super) fn serving_ends(&self, patterns: &[Pattern], context: &Context) -> sys::Result<Vec<End>> {
        let mut ends = self.ends(patterns, context)?;
        for i in 0..ends.len() {
            if ends[i].prefix.is_some() {
                let every = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
                let ports = ends[i].ports;
                ends.extend(every.map(|ip| End { prefix: Some(Prefix::exact(ip)), ports }));
            }
        }
        Ok(ends)
    }

    fn prefixes(&self, hosts: &Hosts, context: &Context) -> sys::Result<Vec<Prefix>> {
        match hosts {
            Hosts::One(host) => {
                let found = resolve::addresses(context, self.lookup, host, 0)?;
                Ok(found.iter().map(|address| Prefix::exact(address.ip())).collect())
            }
            // The parser checked the length against the family.
            Hosts::Range(address, length) => Ok(Prefix::new(*address, *length).into_iter().collect()),
        }
    }
}

/// The names among patterns.
pub(super) fn names(patterns: &[Pattern]) -> impl Iterator<Item = UnixAddress> + '_ {
    patterns.iter().filter_map(|pattern| pattern.name.clone())
}

/// Whether all patterns are names, and there is one.
pub(super) fn are_names(patterns: &[Pattern]) -> bool {
    !patterns.is_empty() && patterns.iter().all(|pattern| pattern.name.is_some())
}

fn product(prefixes: &[Prefix], ranges: &[(u16, u16)]) -> Vec<End> {
    let with = |prefix: &Prefix| {
        let prefix = Some(*prefix);
        ranges.iter().map(move |ports| End { prefix, ports: Some(*ports) }).collect::<Vec<_>>()
    };
    prefixes.iter().flat_map(with).collect()
}
