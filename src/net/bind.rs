//! Listeners for the address that a user names: loopback in both families by default.

use super::address::{Host, Target};
use super::resolve::{Lookup, ResolveLimits};
use crate::event::{Address, Events, Kind, Role, UnixAddress};
use crate::sys::error::{Error, Result};
use crate::sys::options::SocketOption;
use crate::sys::signal::Stop;
use crate::sys::socket::{Socket, SocketFactory, SocketType};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

/// Free ports tried until one is free in both families.
const PAIR_TRIES: usize = 32;

/// The address of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindTarget {
    /// The address as named.
    pub endpoint: Target,
    /// Whether the host was typed, or is loopback for want of one.
    pub named: bool,
    /// Every interface, in place of the host.
    pub public: bool,
    /// Families and DNS.
    pub lookup: Lookup,
    /// The permissions of a UNIX socket's file; [`SOCKET_MODE`] if absent.
    pub socket_mode: Option<u32>,
}

/// The permissions of a UNIX socket's file where the user named none: those of its owner.
const SOCKET_MODE: u32 = 0o600;

/// How the sockets of a server are made.
pub struct ListenConfig<'a> {
    /// Makes them.
    pub sockets: &'a SocketFactory,
    /// Listeners or datagram sockets.
    pub kind: SocketType,
    /// Set before bind.
    pub options: &'a [SocketOption],
    /// Set before bind too, though the user did not ask for them: they are shown under `-v` alone, and a refusal changes
    /// nothing.
    pub defaults: &'a [SocketOption],
    /// The length of the accept queue.
    pub backlog: u32,
    /// The permissions of a UNIX socket's file (chmod(2)).
    pub socket_mode: u32,
}

impl BindTarget {
    /// The addresses to bind. Loopback and `--public` are a pair, one of each family, on one port.
    ///
    /// A name is looked up; `stop` ends that.
    fn addresses(&self, stop: &Stop, events: &Events) -> Result<Vec<Address>> {
        let endpoint = match &self.endpoint {
            Target::Host(endpoint) => endpoint,
            Target::Socket(address) if self.public => return Err(public_and(address)),
            Target::Socket(address) => return self.expect_mode_to_apply().map(|()| vec![address.clone()]),
        };
        self.expect_mode_to_apply()?;
        let port = endpoint.port;
        let pair = |v6: Ipv6Addr, v4: Ipv4Addr| -> Vec<Address> {
            let mut pair: Vec<SocketAddr> = vec![(v4, port).into(), (v6, port).into()];
            pair.retain(|a| if a.is_ipv4() { !self.lookup.only_v6 } else { !self.lookup.only_v4 });
            pair.into_iter().map(Address::from).collect()
        };
        if self.public {
            self.expect_no_address(&endpoint.host)?;
            return Ok(pair(Ipv6Addr::UNSPECIFIED, Ipv4Addr::UNSPECIFIED));
        }
        if endpoint.host == Host::Localhost {
            return Ok(pair(Ipv6Addr::LOCALHOST, Ipv4Addr::LOCALHOST));
        }
        let limits = ResolveLimits { deadline: None, stop };
        let found = limits.resolve(self.lookup, &endpoint.host, port, events)?;
        Ok(found.into_iter().map(Address::from).collect())
    }
}

impl BindTarget {
    /// The permissions of a UNIX socket's file (chmod(2)).
    #[must_use]
    pub fn mode(&self) -> u32 {
        self.socket_mode.unwrap_or(SOCKET_MODE)
    }

    /// Fails if an address was named: it was meant, and not every interface.
    fn expect_no_address(&self, host: &Host) -> Result<()> {
        match host {
            Host::Localhost if !self.named => Ok(()),
            Host::Ip(ip) if ip.is_unspecified() => Ok(()),
            host => Err(public_and(host)),
        }
    }
}

impl BindTarget {
    /// Fails if the permissions of a file were named, and no file is made.
    fn expect_mode_to_apply(&self) -> Result<()> {
        let makes_file = matches!(self.endpoint, Target::Socket(Address::Unix(UnixAddress::Path(_))));
        if self.socket_mode.is_none() || makes_file {
            return Ok(());
        }
        let why = "--socket-mode applies to the file of a UNIX socket only; omit it, or listen at unix:PATH";
        Err(Error::new("bind", &self.endpoint, std::io::Error::other(why)).about(Kind::Usage))
    }
}

fn public_and(address: &dyn std::fmt::Display) -> Error {
    let why = "--public means every interface; omit the address or the flag";
    Error::new("bind", address, std::io::Error::other(why)).about(Kind::Usage)
}

impl ListenConfig<'_> {
    /// Opens the sockets of `target`; `stop` ends the look-up of its name.
    pub fn open_target(&self, target: &BindTarget, stop: &Stop) -> Result<Vec<Socket>> {
        self.open(&target.addresses(stop, self.sockets.events())?)
    }

    /// Opens one socket for each of `addresses`, all on one port; a family this machine lacks is left out.
    pub fn open(&self, addresses: &[Address]) -> Result<Vec<Socket>> {
        let wants_free_port = addresses.len() > 1 && port_of(&addresses[0]) == 0;
        let tries = if wants_free_port { PAIR_TRIES } else { 1 };
        let mut last = None;
        for _ in 0..tries {
            match self.open_once(addresses) {
                Err(error) if wants_free_port && error.errno() == Some(libc::EADDRINUSE) => {
                    last = Some(error);
                }
                Ok(sockets) => {
                    for socket in sockets.iter().filter(|_| self.kind == SocketType::Stream) {
                        socket.listen(self.backlog)?;
                    }
                    return Ok(sockets);
                }
                answer => return answer,
            }
        }
        Err(last.unwrap_or_else(|| Error::new("bind", "", std::io::Error::other("no free port"))))
    }

    fn open_once(&self, addresses: &[Address]) -> Result<Vec<Socket>> {
        let mut opened: Vec<Socket> = Vec::new();
        let mut port = addresses.first().map_or(0, port_of);
        let mut missing = None;
        for address in addresses {
            let mut address = address.clone(); // with its zone, which a link-local address needs
            if let Address::Inet(address) = &mut address {
                address.set_port(port);
            }
            match self.bind(&address, addresses.len() > 1) {
                Ok((socket, local)) => {
                    port = port_of(&local);
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

    fn bind(&self, address: &Address, one_of_a_pair: bool) -> Result<(Socket, Address)> {
        let role = if self.kind == SocketType::Stream { Role::Listener } else { Role::Server };
        let socket = self.sockets.open(self.kind, role, address, self.options)?;
        // The IPv6 socket of a pair must leave IPv4 to the other.
        let named = self.options.iter().any(|o| matches!(o, SocketOption::V6Only(_)));
        if one_of_a_pair && address.inet().is_some_and(|a| a.is_ipv6()) && !named {
            socket.set(&SocketOption::V6Only(true))?;
        }
        self.defaults.iter().for_each(|option| socket.prefer(option));
        let local = socket.bind_server(address, self.socket_mode)?;
        Ok((socket, local))
    }
}

/// The port of an internet address; 0 of others.
fn port_of(address: &Address) -> u16 {
    address.inet().map_or(0, |address| address.port())
}
