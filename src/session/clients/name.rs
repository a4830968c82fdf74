//! A target's place: a socket's own address, or the name of a host that several targets share: looked up once for their first attempts, anew for each reconnect.

use crate::event::{Address, Events, Kind, Proto};
use crate::net::address::{Endpoint, Host, Target};
use crate::net::resolve::{Lookup, resolve};
use crate::net::targets::Group;
use crate::sys::error::reason;
use crate::sys::{Error, Result};
use std::io;
use std::net::SocketAddr;
use tokio::sync::OnceCell;

/// What is looked up for the targets of one group.
pub(super) enum Name {
    /// The host as typed, and the answer of the first look-up.
    Host(Host, OnceCell<std::result::Result<Vec<SocketAddr>, String>>),
    /// A socket, which needs no look-up.
    Socket(Address),
}

impl Name {
    pub(super) fn new(group: &Group) -> Self {
        match group {
            Group::Ports(host, _) => Self::Host(host.clone(), OnceCell::new()),
            Group::Socket(address) => Self::Socket(address.clone()),
        }
    }

    /// The protocol of its streams.
    pub(super) const fn proto(&self) -> Proto {
        match self {
            Self::Host(..) => Proto::Tcp,
            Self::Socket(address) => address.stream_proto(),
        }
    }

    /// What is connected to, with `port` where it is a host.
    pub(super) fn target(&self, port: u16) -> Target {
        match self {
            Self::Host(host, _) => Endpoint { host: host.clone(), port }.into(),
            Self::Socket(address) => Target::Socket(address.clone()),
        }
    }

    /// The addresses to try, with `port`.
    pub(super) async fn addresses(
        &self,
        lookup: Lookup,
        port: u16,
        first: bool,
        events: &Events,
    ) -> Result<Vec<Address>> {
        let (host, found) = match self {
            Self::Socket(address) => return Ok(vec![address.clone()]),
            Self::Host(host, found) => (host, found),
        };
        let answer = || resolve(lookup, host, port, events);
        if !first || !matches!(host, Host::Name(_)) {
            return Ok(answer().await?.into_iter().map(Address::from).collect());
        }
        let shared = || async { answer().await.map_err(|error| reason(&error.source)) };
        match found.get_or_init(shared).await {
            Ok(found) => Ok(found.iter().map(|a| with_port(*a, port).into()).collect()),
            Err(why) => Err(Error::new("resolve", host, io::Error::other(why.clone())).about(Kind::Resolve)),
        }
    }
}

/// The address with another port; an IPv6 zone stays.
fn with_port(mut address: SocketAddr, port: u16) -> SocketAddr {
    address.set_port(port);
    address
}
