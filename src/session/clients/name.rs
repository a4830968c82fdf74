//! The name of a host that several targets share: looked up once for their first attempts, anew for each reconnect.

use crate::event::{Events, Kind};
use crate::net::address::Host;
use crate::net::resolve::{Lookup, resolve};
use crate::sys::error::reason;
use crate::sys::{Error, Result};
use std::io;
use std::net::SocketAddr;
use tokio::sync::OnceCell;

/// The host as typed, and the answer of the first look-up.
pub(super) struct Name {
    host: Host,
    found: OnceCell<std::result::Result<Vec<SocketAddr>, String>>,
}

impl Name {
    pub(super) fn new(host: Host) -> Self {
        Self { host, found: OnceCell::new() }
    }

    pub(super) fn host(&self) -> &Host {
        &self.host
    }

    /// The addresses to try, with `port`.
    pub(super) async fn addresses(
        &self,
        lookup: Lookup,
        port: u16,
        first: bool,
        events: &Events,
    ) -> Result<Vec<SocketAddr>> {
        let answer = || resolve(lookup, &self.host, port, events);
        if !first || !matches!(self.host, Host::Name(_)) {
            return answer().await;
        }
        let shared = || async { answer().await.map_err(|error| reason(&error.source)) };
        match self.found.get_or_init(shared).await {
            Ok(found) => Ok(found.iter().map(|a| with_port(*a, port)).collect()),
            Err(why) => {
                Err(Error::new("resolve", &self.host, io::Error::other(why.clone())).about(Kind::Resolve))
            }
        }
    }
}

/// The address with another port; an IPv6 zone stays.
fn with_port(mut address: SocketAddr, port: u16) -> SocketAddr {
    address.set_port(port);
    address
}
