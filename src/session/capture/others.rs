//! The connections of other programs: which are wanted, and their numbers. Pure.

use super::recent::Recent;
use crate::event::{Dir, Proto, Role, Subject};
use crate::sys::diag::Filter;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

/// Connections whose numbers are remembered.
const CONNECTIONS: usize = 16_384;

/// Which connections of other programs.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// What a connection must match; `None` for every one.
    pub filter: Option<Filter>,
    /// The protocols.
    pub protos: Vec<Proto>,
}

/// Connections in the order they are seen.
pub(super) struct Others {
    /// None are, until it is said.
    wanted: Arc<OnceLock<Wanted>>,
    known: Recent<(Proto, SocketAddr, SocketAddr), Option<Subject>>,
    last: u32,
}

/// What the header of a packet says of its connection.
#[derive(Clone, Copy)]
pub(super) struct Ends {
    pub(super) proto: Proto,
    pub(super) source: SocketAddr,
    pub(super) destination: SocketAddr,
    /// This machine sent it, by another interface than loopback.
    pub(super) outgoing: bool,
    /// It crossed a loopback interface, where both ends are of this machine.
    pub(super) loopback: bool,
    /// A SYN, and whether it has an ACK.
    pub(super) syn: Option<bool>,
}

impl Others {
    pub(super) fn new(wanted: Arc<OnceLock<Wanted>>) -> Self {
        Self { wanted, known: Recent::new(CONNECTIONS), last: 0 }
    }

    /// The connection of a packet, if it is wanted, and the direction of the packet.
    pub(super) fn of(&mut self, ends: Ends) -> Option<(Subject, Dir)> {
        let local_is_source = match (ends.loopback, ends.syn) {
            (true, Some(acknowledges)) => !acknowledges,
            // The ports of clients are the higher ones.
            (true, None) => ends.source.port() >= ends.destination.port(),
            (false, _) => ends.outgoing,
        };
        let key = |forward: bool| {
            let (local, peer) =
                if forward { (ends.source, ends.destination) } else { (ends.destination, ends.source) };
            (ends.proto, local, peer)
        };
        for (forward, dir) in [(true, Dir::Out), (false, Dir::In)] {
            if let Some(Some(subject)) = self.known.find(&key(forward)) {
                let subject = subject.clone();
                // Used: it is not forgotten.
                *self.known.entry(&key(forward)) = Some(subject.clone());
                return Some((subject, dir));
            }
        }
        let key = key(local_is_source);
        let (proto, local, peer) = key;
        let wanted = self.wanted.get()?;
        let passes = |filter: &Filter| filter.matches(local, peer);
        if !wanted.protos.contains(&proto) || !wanted.filter.as_ref().is_none_or(passes) {
            return None;
        }
        let is_client =
            ends.syn.map_or(local.port() >= peer.port(), |acknowledges| acknowledges != local_is_source);
        let role = if is_client { Role::Client } else { Role::Server };
        let subject = self.number(proto, Some(local), Some(peer), role);
        *self.known.entry(&key) = Some(subject.clone());
        Some((subject, if local_is_source { Dir::Out } else { Dir::In }))
    }

    /// Two hosts that exchange something without ports, where it is about hosts of the filter.
    pub(super) fn of_hosts(&mut self, source: IpAddr, destination: IpAddr) -> Option<Subject> {
        let (a, b) = (source.min(destination), source.max(destination));
        let key = (Proto::Tcp, SocketAddr::new(a, 0), SocketAddr::new(b, 0));
        if let Some(Some(subject)) = self.known.find(&key) {
            return Some(subject.clone());
        }
        let passes = |filter: &Filter| filter.hosts_match(a, b);
        let wanted = self.wanted.get()?;
        wanted.filter.as_ref().is_none_or(passes).then_some(())?;
        let proto = wanted.protos.first().copied().unwrap_or(Proto::Tcp);
        let subject = self.number(proto, None, None, Role::Client);
        *self.known.entry(&key) = Some(subject.clone());
        Some(subject)
    }

    fn number(
        &mut self,
        proto: Proto,
        local: Option<SocketAddr>,
        peer: Option<SocketAddr>,
        role: Role,
    ) -> Subject {
        self.last = self.last.wrapping_add(1).max(1);
        Subject { conn: self.last, proto, local: local.map(Into::into), peer: peer.map(Into::into), role }
    }
}
