//! One socket of the table by its pair of addresses, and whether a row is that socket. Pure. Used by its siblings.

use super::row::{InetRow, Timer};
use crate::event::State;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

/// One socket of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its state.
    pub state: State,
    /// The inode its descriptors show in `/proc/PID/fd`; 0 for an orphan, TIME-WAIT, or a connection not accepted yet.
    pub inode: u32,
    /// Its running timer; in TIME-WAIT the time that is left.
    pub timer: Option<Timer>,
}

/// Whether a row has these very addresses: a listener, or a UDP socket without a peer, answers for any pair where the
/// kernel has no closer match.
pub(super) fn is_between(row: &InetRow<'_>, local: SocketAddr, peer: SocketAddr) -> bool {
    let (our, their) = (canonical(row.local), canonical(row.peer));
    (our.port(), their.port()) == (local.port(), peer.port()) && same_ip(our, local) && same_ip(their, peer)
}

impl From<InetRow<'_>> for Found {
    fn from(row: InetRow<'_>) -> Self {
        Self { state: row.state, inode: row.inode, timer: row.timer }
    }
}

pub(super) fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        ip if ip == address.ip() => address,
        ip => SocketAddr::new(ip, address.port()),
    }
}

/// An unspecified address beside one of the other family means "none" in that family. No socket joins two families.
pub(super) fn same_family(local: SocketAddr, peer: SocketAddr) -> Option<(SocketAddr, SocketAddr)> {
    let none = |like: SocketAddr, port| match like {
        SocketAddr::V4(_) => SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port),
        SocketAddr::V6(_) => SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port),
    };
    match (local.ip().is_unspecified(), peer.ip().is_unspecified()) {
        _ if local.is_ipv4() == peer.is_ipv4() => Some((local, peer)),
        (true, _) => Some((none(peer, local.port()), peer)),
        (_, true) => Some((local, none(local, peer.port()))),
        (false, false) => None,
    }
}

fn same_ip(one: SocketAddr, other: SocketAddr) -> bool {
    one.ip() == other.ip() || (one.ip().is_unspecified() && other.ip().is_unspecified())
}

pub(super) fn scope(address: SocketAddr) -> u32 {
    match address {
        SocketAddr::V6(v6) => v6.scope_id(),
        SocketAddr::V4(_) => 0,
    }
}
