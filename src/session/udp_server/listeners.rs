//! The sockets of a datagram server: those of its address, and those of the groups it joins.

use super::Config;
use crate::event::Kind;
use crate::net::address::AddrError;
use crate::net::bind::{BindTarget, ListenConfig};
use crate::session::Context;
use crate::sys::options::SocketOption;
use crate::sys::socket::{Socket, SocketType};
use crate::sys::{Error, Result, interface};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};

/// Opens every socket on one port, and emits `listening` for each.
///
/// A group is joined on the socket that is bound to every address of its family; where there is none, on one of its own,
/// bound to the address of the group.
pub(super) fn open(config: &Config, context: &mut Context) -> Result<Vec<Socket>> {
    let (passed, options) = (std::mem::take(&mut context.passed), &config.options);
    let listen_config = ListenConfig {
        sockets: &context.sockets,
        kind: SocketType::Datagram,
        options,
        defaults: &[],
        backlog: 0,
        socket_mode: config.bind.as_ref().map_or(0, BindTarget::mode),
    };
    let mut sockets = listen_config.open_or_adopt(config.bind.as_ref(), passed, &context.stop)?;
    let other = sockets.iter().filter_map(Socket::local).find(|a| a.inet().is_none());
    if let (false, Some(other)) = (config.groups.is_empty(), other) {
        let why = std::io::Error::other("--join applies to internet addresses only");
        return Err(Error::new("bind", other, why).about(Kind::Usage));
    }
    let port = sockets.first().and_then(Socket::local_inet).map_or(0, |a| a.port());
    let shared = shareable(options);
    let listen_config = ListenConfig { options: &shared, ..listen_config };
    for group in &config.groups {
        if !sockets.iter().any(|s| group.is_received_by(s)) {
            sockets.extend(listen_config.open(&[group.address(port).into()])?);
        }
        for socket in sockets.iter().filter(|s| group.is_received_by(s)) {
            socket.join(group.ip, group.index)?;
        }
    }
    for socket in &sockets {
        if socket.local_inet().is_some_and(|a| a.ip().is_unspecified() || a.ip().is_multicast()) {
            socket.receive_origins()?;
        }
        socket.enlarge_receive_buffer(options);
        socket.receive_segments();
        socket.emit_listening();
    }
    Ok(sockets)
}

/// Adds `SO_REUSEADDR`, with which several programs of one machine receive the datagrams of one group. Of two sockets on one
/// unicast address only one would receive them, so that there it is up to the user.
fn shareable(options: &[SocketOption]) -> Vec<SocketOption> {
    let mut options = options.to_vec();
    if !options.iter().any(|o| matches!(o, SocketOption::ReuseAddr(_))) {
        options.insert(0, SocketOption::ReuseAddr(true));
    }
    options
}

/// A multicast group on an interface.
pub struct Membership {
    ip: IpAddr,
    /// The index of the interface; 0 leaves the choice to the kernel.
    index: u32,
}

impl Membership {
    /// The group `ip` on the interface of this name, or on the one the kernel's routes give. A group that differs between
    /// interfaces needs one.
    pub fn new(ip: IpAddr, interface: Option<&str>) -> anyhow::Result<Self> {
        let index = interface.map_or(Ok(0), interface::index)?;
        match ip {
            IpAddr::V6(ip) if index == 0 && is_of_one_link(ip) => {
                Err(AddrError(format!("{ip} is a different group on each interface; type {ip}%IFACE")).into())
            }
            ip => Ok(Self { ip, index }),
        }
    }

    fn is_received_by(&self, socket: &Socket) -> bool {
        socket.local_inet().is_some_and(|local| {
            let all = local.ip().is_unspecified() && local.is_ipv4() == self.ip.is_ipv4();
            all || local == self.address(local.port())
        })
    }

    fn address(&self, port: u16) -> SocketAddr {
        match self.ip {
            IpAddr::V4(ip) => (ip, port).into(),
            IpAddr::V6(ip) => {
                let zone = if is_of_one_link(ip) { self.index } else { 0 };
                SocketAddrV6::new(ip, port, 0, zone).into()
            }
        }
    }
}

/// Whether a group is another one on each interface: `ff01::/16` and `ff02::/16` (RFC 4291 section 2.7).
const fn is_of_one_link(ip: Ipv6Addr) -> bool {
    matches!(ip.segments()[0] & 0xf, 1 | 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_local_group_needs_an_interface() {
        let group = |ip: &str, interface| {
            Membership::new(ip.parse().unwrap(), interface).map(|m| m.address(9).to_string())
        };
        assert_eq!(group("224.0.0.1", None).unwrap(), "224.0.0.1:9");
        assert_eq!(group("ff0e::1", None).unwrap(), "[ff0e::1]:9");
        assert_eq!(group("ff02::1", Some("lo")).unwrap(), "[ff02::1%1]:9");
        assert!(group("ff02::1", None).unwrap_err().to_string().contains("ff02::1%IFACE"));
        assert!(group("224.0.0.1", Some("nosuch0")).is_err());
    }
}
