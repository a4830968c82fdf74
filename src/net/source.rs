//! The local end of a client, as a user types it.

use super::address::split;
use super::ports::{AddrError, parse_port, wrong};
use crate::event::Address;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Where a client connects from: `ADDR`, `ADDR:PORT`, `[V6]:PORT` or `:PORT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// The local address; any if absent.
    pub ip: Option<IpAddr>,
    /// The local port; a free one if 0.
    pub port: u16,
}

impl std::str::FromStr for Source {
    type Err = AddrError;

    fn from_str(word: &str) -> Result<Self, AddrError> {
        let bare = word.trim_start_matches('[').trim_end_matches(']');
        if let Ok(ip) = bare.parse() {
            return Ok(Self { ip: Some(ip), port: 0 });
        }
        let Some((host, port)) = split(word) else {
            return wrong(format!("{word:?} is not a local address; type ADDR, ADDR:PORT or :PORT"));
        };
        let ip = match host {
            "" => None,
            "localhost" => Some(IpAddr::from([127, 0, 0, 1])),
            host => Some(
                host.trim_start_matches('[')
                    .trim_end_matches(']')
                    .parse()
                    .map_err(|_| AddrError(format!("{host} is not an address of this machine")))?,
            ),
        };
        Ok(Self { ip, port: parse_port(port)? })
    }
}

impl Source {
    /// The address to bind for a connection to `peer`; `None` if the families differ.
    #[must_use]
    pub fn for_peer(&self, peer: SocketAddr) -> Option<SocketAddr> {
        let any: IpAddr =
            if peer.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let ip = self.ip.unwrap_or(any);
        (ip.is_ipv4() == peer.is_ipv4()).then_some(SocketAddr::new(ip, self.port))
    }
}

/// The addresses that a client at `source` can reach, or all where it can reach none, so that connecting says so.
#[must_use]
pub fn reachable<A: Clone + Into<Address>>(source: Option<Source>, mut found: Vec<A>) -> Vec<A> {
    let inet = |address: &A| address.clone().into().inet();
    let fits = |address: &A| {
        source.is_none_or(|source| inet(address).is_some_and(|inet| source.for_peer(inet).is_some()))
    };
    if found.iter().any(fits) {
        found.retain(fits);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_fits_its_peer_or_not() {
        let v4: SocketAddr = "10.0.0.1:80".parse().unwrap();
        let v6: SocketAddr = "[::1]:80".parse().unwrap();
        let source: Source = ":31337".parse().unwrap();
        assert_eq!(source.for_peer(v4), Some("0.0.0.0:31337".parse().unwrap()));
        assert_eq!(source.for_peer(v6), Some("[::]:31337".parse().unwrap()));
        let source: Source = "127.0.0.2".parse().unwrap();
        assert_eq!(source.for_peer(v6), None);
        assert!("nonsense".parse::<Source>().is_err());
    }

    #[test]
    fn what_a_source_cannot_reach_is_left_out_unless_it_is_all() {
        let [v4, v6] = ["10.0.0.1:80", "[::1]:80"].map(|a| Address::from(a.parse::<SocketAddr>().unwrap()));
        let source = "127.0.0.2".parse().ok();
        let both = vec![v6.clone(), v4.clone()];
        assert_eq!(reachable(source, both.clone()), [v4]);
        assert_eq!(reachable(source, vec![v6.clone()]), [v6]);
        assert_eq!(reachable(None, both.clone()), both);
    }
}
