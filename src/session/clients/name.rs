//! A host that several targets share: looked up once for all of them at first, and anew by each that connects again.

use crate::event::{Event, Events, Kind};
use crate::net::address::Host;
use crate::net::resolve::Lookup;
use crate::sys::error::reason;
use crate::sys::{Error, Result};
use std::io;
use std::net::SocketAddr;
use tokio::sync::OnceCell;

/// The host as typed, and what the first look-up found.
pub(super) struct Name {
    host: Host,
    found: OnceCell<std::result::Result<Vec<SocketAddr>, String>>,
}

impl Name {
    pub(super) fn new(host: Host) -> Self {
        Self { host, found: OnceCell::new() }
    }

    /// The addresses to try, with `port`.
    pub(super) async fn addresses(
        &self,
        lookup: Lookup,
        port: u16,
        first: bool,
        events: &Events,
    ) -> Result<Vec<SocketAddr>> {
        if !matches!(self.host, Host::Name(_)) {
            return lookup.addresses(&self.host, port);
        }
        if !first {
            return self.look_up(lookup, port, events).await;
        }
        let shared = async {
            let found = self.look_up(lookup, port, events).await;
            found.map_err(|error| reason(&error.source))
        };
        match self.found.get_or_init(|| shared).await {
            Ok(found) => Ok(found.iter().map(|a| with_port(*a, port)).collect()),
            Err(why) => {
                Err(Error::new("resolve", &self.host, io::Error::other(why.clone())).about(Kind::Resolve))
            }
        }
    }

    /// Asks in a thread: the system's resolver blocks.
    async fn look_up(&self, lookup: Lookup, port: u16, events: &Events) -> Result<Vec<SocketAddr>> {
        let host = self.host.clone();
        let asked = tokio::task::spawn_blocking(move || lookup.addresses(&host, port)).await;
        let found = asked.unwrap_or_else(|e| Err(Error::new("resolve", &self.host, io::Error::other(e))))?;
        if events.detailed() {
            for &address in &found {
                events.emit(Event::Resolve { host: self.host.to_string(), address });
            }
        }
        Ok(found)
    }
}

/// The address with another port; an IPv6 zone stays.
fn with_port(mut address: SocketAddr, port: u16) -> SocketAddr {
    address.set_port(port);
    address
}
