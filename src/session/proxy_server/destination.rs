//! The other leg: the address that was checked is the one that is connected, whatever the name means later.

use super::ProxyServer;
use super::refusal::Refusal;
use crate::event::Address;
use crate::net::acl::Denial;
use crate::net::address::Endpoint;
use crate::net::connect::{Connector, timed_out};
use crate::net::resolve::resolve;
use crate::net::stream::ByteStream;
use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::time::timeout;

/// How long looking a name up and connecting may take together.
const CONNECT_LIMIT: Duration = Duration::from_secs(30);

impl ProxyServer {
    /// Connects to the addresses of `target` that the rules allow.
    pub(super) async fn connect(&self, target: &Endpoint) -> Result<ByteStream, Refusal> {
        let tried = RefCell::new(Vec::new());
        let connecting = async {
            let found = resolve(self.lookup, &target.host, target.port, self.sockets.events()).await;
            let (mut allowed, mut denied) = (Vec::new(), None);
            for address in found.map_err(Refusal::Failed)?.into_iter().map(connected_for) {
                match self.destinations.check(address) {
                    Ok(()) => allowed.push(Address::from(address)),
                    Err(Denial::NotAllowed) => denied = Some("no --allow-dest rule matches".to_owned()),
                    Err(denial) => denied = Some(denial.to_string()),
                }
            }
            match (allowed.is_empty(), denied) {
                (true, Some(rule)) => return Err(Refusal::NotAllowed(rule)),
                _ => tried.replace(allowed.clone()),
            };
            let connector = Connector { sockets: &self.sockets, options: &self.options, source: None };
            connector.connect(target, &allowed).await.map_err(Refusal::Failed)
        };
        match timeout(CONNECT_LIMIT, connecting).await {
            Ok(connected) => connected,
            Err(_) => Err(Refusal::Failed(timed_out(target, &tried.borrow()))),
        }
    }
}

/// The address that connect(2) takes for this one: an unspecified address is this machine (ip(7)), which rules name by its
/// loopback address.
fn connected_for(mut address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}
