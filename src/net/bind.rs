//! Listeners for the address that a user names: loopback in both families by default.

use super::address::{Endpoint, Host};
use super::resolve::{Lookup, ResolveLimits};
use crate::event::{Kind, Proto, Role};
use crate::sys::error::{Error, Result};
use crate::sys::options::SocketOption;
use crate::sys::signal::Stop;
use crate::sys::socket::{Socket, SocketFactory};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

/// Free ports tried until one is free in both families.
const PAIR_TRIES: usize = 32;

/// The address of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindTarget {
    /// The address as named.
    pub endpoint: Endpoint,
    /// Whether the host was typed, or is loopback for want of one.
    pub named: bool,
    /// Every interface, in place of the host.
    pub public: bool,
    /// Families and DNS.
    pub lookup: Lookup,
}

/// How the sockets of a server are made.
pub struct ListenConfig<'a> {
    /// Makes them.
    pub sockets: &'a SocketFactory,
    /// TCP listeners or UDP sockets.
    pub proto: Proto,
    /// Set before bind.
    pub options: &'a [SocketOption],
    /// Set before bind too, though the user did not ask for them: they are shown under `-v` alone, and a refusal changes
    /// nothing.
    pub defaults: &'a [SocketOption],
    /// TCP's accept queue.
    pub backlog: u32,
}

impl BindTarget {
    /// The addresses to bind. Loopback and `--public` are a pair, one of each family, on one port.
    ///
    /// A name is looked up; `stop` ends that.
    pub fn addresses(&self, stop: &Stop) -> Result<Vec<SocketAddr>> {
        let port = self.endpoint.port;
        let pair = |v6: Ipv6Addr, v4: Ipv4Addr| -> Vec<SocketAddr> {
            let mut pair: Vec<SocketAddr> = vec![(v4, port).into(), (v6, port).into()];
            pair.retain(|a| if a.is_ipv4() { !self.lookup.only_v6 } else { !self.lookup.only_v4 });
            pair
        };
        if self.public {
            self.expect_no_address()?;
            return Ok(pair(Ipv6Addr::UNSPECIFIED, Ipv4Addr::UNSPECIFIED));
        }
        if self.endpoint.host == Host::Localhost {
            return Ok(pair(Ipv6Addr::LOCALHOST, Ipv4Addr::LOCALHOST));
        }
        ResolveLimits { deadline: None, stop }.addresses(self.lookup, &self.endpoint.host, port)
    }
}

impl BindTarget {
    /// Fails if an address was named: it was meant, and not every interface.
    fn expect_no_address(&self) -> Result<()> {
        match &self.endpoint.host {
            Host::Localhost if !self.named => Ok(()),
            Host::Ip(ip) if ip.is_unspecified() => Ok(()),
            host => {
                let why = "--public is every interface; leave out the address or the flag";
                Err(Error::new("bind", host, std::io::Error::other(why)).about(Kind::Usage))
            }
        }
    }
}

impl ListenConfig<'_> {
    /// Opens one socket for each of `addresses`, all on one port; a family this machine lacks is left out.
    pub fn open(&self, addresses: &[SocketAddr]) -> Result<Vec<Socket>> {
        let wants_free_port = addresses.len() > 1 && addresses[0].port() == 0;
        let tries = if wants_free_port { PAIR_TRIES } else { 1 };
        let mut last = None;
        for _ in 0..tries {
            match self.open_once(addresses) {
                Err(error) if wants_free_port && error.errno() == Some(libc::EADDRINUSE) => {
                    last = Some(error);
                }
                Ok(sockets) => {
                    for socket in sockets.iter().filter(|_| self.proto == Proto::Tcp) {
                        socket.listen(self.backlog)?;
                    }
                    return Ok(sockets);
                }
                answer => return answer,
            }
        }
        Err(last.unwrap_or_else(|| Error::new("bind", "", std::io::Error::other("no free port"))))
    }

    fn open_once(&self, addresses: &[SocketAddr]) -> Result<Vec<Socket>> {
        let mut opened: Vec<Socket> = Vec::new();
        let mut port = addresses.first().map_or(0, SocketAddr::port);
        let mut missing = None;
        for &address in addresses {
            let mut address = address; // with its zone, which a link-local address needs
            address.set_port(port);
            match self.bind(address, addresses.len() > 1) {
                Ok((socket, local)) => {
                    port = local.port();
                    opened.push(socket);
                }
                Err(error)
                    if addresses.len() > 1
                        && matches!(error.errno(), Some(libc::EAFNOSUPPORT | libc::EADDRNOTAVAIL)) =>
                {
                    missing = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        match missing {
            Some(error) if opened.is_empty() => Err(error),
            _ => Ok(opened),
        }
    }

    fn bind(&self, address: SocketAddr, one_of_a_pair: bool) -> Result<(Socket, SocketAddr)> {
        let role = if self.proto == Proto::Tcp { Role::Listener } else { Role::Server };
        let socket = self.sockets.open(self.proto, role, address, self.options)?;
        // The IPv6 socket of a pair must leave IPv4 to the other.
        let named = self.options.iter().any(|o| matches!(o, SocketOption::V6Only(_)));
        if one_of_a_pair && address.is_ipv6() && !named {
            socket.set(&SocketOption::V6Only(true))?;
        }
        self.defaults.iter().for_each(|option| socket.prefer(option));
        let local = socket.bind(address)?;
        Ok((socket, local))
    }
}
