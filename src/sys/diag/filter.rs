//! Which sockets are wanted, as an expression over their two ends. Pure. The caller builds it; `bytecode` compiles it for
//! the kernel, [`Filter::matches`] evaluates it where the kernel does not.

use super::row::{UnixName, UnixRow};
use crate::event::UnixAddress;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// An expression over a socket's two ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Our end.
    Local(End),
    /// The other end.
    Peer(End),
    /// The name of our end, which UNIX sockets have.
    LocalName(UnixAddress),
    /// The name of the other end.
    PeerName(UnixAddress),
    /// Every one of these; all sockets when there are none.
    All(Vec<Self>),
    /// At least one of these; no socket when there are none.
    Any(Vec<Self>),
}

/// One end: an address range, a port range, both, or anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct End {
    /// The address lies in here.
    pub prefix: Option<Prefix>,
    /// The port is between these two, both included.
    pub ports: Option<(u16, u16)>,
}

/// Addresses that agree in their first `length` bits. One of IPv4 also holds the IPv6-mapped forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    address: IpAddr,
    length: u8,
}

impl Filter {
    /// Either end.
    #[must_use]
    pub fn either(end: End) -> Self {
        Self::Any(vec![Self::Local(end), Self::Peer(end)])
    }

    /// Either end has this name.
    #[must_use]
    pub fn either_name(name: UnixAddress) -> Self {
        Self::Any(vec![Self::LocalName(name.clone()), Self::PeerName(name)])
    }

    /// Whether UNIX sockets may be wanted: none passes a filter over addresses.
    #[must_use]
    pub fn has_names(&self) -> bool {
        match self {
            Self::Local(_) | Self::Peer(_) => false,
            Self::LocalName(_) | Self::PeerName(_) => true,
            Self::All(all) => all.iter().all(Self::has_names),
            Self::Any(any) => any.iter().any(Self::has_names),
        }
    }

    /// Whether a UNIX socket is wanted; `is_peer` says whether a socket of this inode has that name.
    #[must_use]
    pub fn matches_unix(&self, row: &UnixRow<'_>, is_peer: &dyn Fn(u32, &UnixAddress) -> bool) -> bool {
        match self {
            Self::Local(_) | Self::Peer(_) => false,
            Self::LocalName(name) => row.name.is(name),
            Self::PeerName(name) => row.peer.is_some_and(|inode| is_peer(inode, name)),
            Self::All(all) => all.iter().all(|f| f.matches_unix(row, is_peer)),
            Self::Any(any) => any.iter().any(|f| f.matches_unix(row, is_peer)),
        }
    }

    /// The names of other ends.
    #[must_use]
    pub fn peer_names(&self) -> Vec<&UnixAddress> {
        match self {
            Self::Local(_) | Self::Peer(_) | Self::LocalName(_) => Vec::new(),
            Self::PeerName(name) => vec![name],
            Self::All(some) | Self::Any(some) => some.iter().flat_map(Self::peer_names).collect(),
        }
    }

    /// Whether a socket between these addresses is wanted.
    #[must_use]
    pub fn matches(&self, local: SocketAddr, peer: SocketAddr) -> bool {
        match self {
            Self::Local(end) => end.matches(local),
            Self::Peer(end) => end.matches(peer),
            Self::LocalName(_) | Self::PeerName(_) => false,
            Self::All(all) => all.iter().all(|f| f.matches(local, peer)),
            Self::Any(any) => any.iter().any(|f| f.matches(local, peer)),
        }
    }

    /// Whether a socket between these hosts may be wanted, by some ports.
    #[must_use]
    pub fn hosts_match(&self, local: IpAddr, peer: IpAddr) -> bool {
        let holds = |end: &End, ip| end.prefix.is_none_or(|prefix| prefix.holds(ip));
        match self {
            Self::Local(end) => holds(end, local),
            Self::Peer(end) => holds(end, peer),
            Self::LocalName(_) | Self::PeerName(_) => false,
            Self::All(all) => all.iter().all(|f| f.hosts_match(local, peer)),
            Self::Any(any) => any.iter().any(|f| f.hosts_match(local, peer)),
        }
    }

    /// Port ranges of which one holds a port of every wanted socket; `None` where any ports may do.
    #[must_use]
    pub fn ports(&self) -> Option<Vec<(u16, u16)>> {
        match self {
            Self::Local(end) | Self::Peer(end) => end.ports.map(|range| vec![range]),
            Self::LocalName(_) | Self::PeerName(_) => Some(Vec::new()),
            Self::All(all) => all.iter().find_map(Self::ports),
            Self::Any(any) => any.iter().map(Self::ports).collect::<Option<Vec<_>>>().map(|all| all.concat()),
        }
    }
}

impl End {
    /// Any address with this port.
    #[must_use]
    pub const fn port(port: u16) -> Self {
        Self { prefix: None, ports: Some((port, port)) }
    }

    /// Any port of an address in here.
    #[must_use]
    pub const fn within(prefix: Prefix) -> Self {
        Self { prefix: Some(prefix), ports: None }
    }

    fn matches(&self, address: SocketAddr) -> bool {
        self.ports.is_none_or(|(low, high)| (low..=high).contains(&address.port()))
            && self.prefix.is_none_or(|prefix| prefix.holds(address.ip()))
    }
}

impl Prefix {
    /// The range around `address`; `None` when it has fewer bits than `length`.
    #[must_use]
    pub fn new(address: IpAddr, length: u8) -> Option<Self> {
        (length <= width(address)).then_some(Self { address, length })
    }

    /// This address alone.
    #[must_use]
    pub const fn exact(address: IpAddr) -> Self {
        Self { address, length: width(address) }
    }

    /// The address it was made with.
    #[must_use]
    pub const fn address(&self) -> IpAddr {
        self.address
    }

    /// How many bits count.
    #[must_use]
    pub const fn length(&self) -> u8 {
        self.length
    }

    fn holds(&self, ip: IpAddr) -> bool {
        match (self.address, ip) {
            (IpAddr::V4(own), IpAddr::V4(ip)) => self.holds_v4(own, ip),
            (IpAddr::V4(own), IpAddr::V6(ip)) => ip.to_ipv4_mapped().is_some_and(|ip| self.holds_v4(own, ip)),
            (IpAddr::V6(own), IpAddr::V6(ip)) => {
                let shift = 128 - u32::from(self.length);
                (u128::from(own) ^ u128::from(ip)).checked_shr(shift).unwrap_or(0) == 0
            }
            (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }

    fn holds_v4(&self, own: Ipv4Addr, ip: Ipv4Addr) -> bool {
        let shift = 32 - u32::from(self.length);
        (u32::from(own) ^ u32::from(ip)).checked_shr(shift).unwrap_or(0) == 0
    }
}

impl UnixName<'_> {
    /// Whether it is this name.
    #[must_use]
    pub fn is(&self, name: &UnixAddress) -> bool {
        match (self, name) {
            (Self::Path(own), UnixAddress::Path(name))
            | (Self::Abstract(own), UnixAddress::Abstract(name)) => *own == &name[..],
            _ => false,
        }
    }
}

const fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(prefix: &str, length: u8, address: &str) -> bool {
        Prefix::new(prefix.parse().unwrap(), length).unwrap().holds(address.parse().unwrap())
    }

    #[test]
    fn a_prefix_holds_what_agrees_in_its_bits() {
        assert!(holds("10.0.0.0", 8, "10.255.1.2"));
        assert!(!holds("10.0.0.0", 8, "11.0.0.0"));
        assert!(holds("0.0.0.0", 0, "255.1.2.3"));
        assert!(holds("fe80::", 10, "febf::1"));
        assert!(!holds("fe80::", 10, "fec0::1"));
        assert!(holds("::", 0, "ff02::1"));
        assert!(Prefix::new("10.0.0.0".parse().unwrap(), 33).is_none());
    }

    #[test]
    fn an_ipv4_prefix_holds_mapped_addresses_and_no_ipv6_one_holds_ipv4() {
        assert!(holds("10.0.0.0", 8, "::ffff:10.1.2.3"));
        assert!(!holds("10.0.0.0", 8, "::ffff:11.1.2.3"));
        assert!(!holds("10.0.0.0", 8, "::10.1.2.3"));
        assert!(!holds("::", 0, "10.1.2.3"));
    }
}
