//! The sockets of a datagram server: those of the address, and those of the groups it joins.

use crate::cli::{Group, UdpServe};
use crate::event::Proto;
use crate::net::address::{AddrError, Endpoint};
use crate::net::bind::ListenConfig;
use crate::session::Context;
use crate::sys::interface;
use crate::sys::options::SocketOption;
use crate::sys::socket::Socket;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};

/// Opens them all on one port and tells that datagrams may come.
///
/// A group is joined on the socket that is open to every address of its family; where there is none, on one of its own
/// that is bound to the group's address and hears nothing else.
pub(super) fn open(args: &UdpServe, context: &Context) -> anyhow::Result<Vec<Socket>> {
    let groups = args.join.iter().map(Membership::of).collect::<anyhow::Result<Vec<_>>>()?;
    let endpoint = Endpoint::parse(&args.address)?;
    let bind_target = crate::cmd::bind_target(endpoint, &args.address, &args.server);
    let options = args.own.socket.options();
    let listen_config = ListenConfig {
        sockets: &context.sockets,
        proto: Proto::Udp,
        options: &options,
        defaults: &[],
        backlog: 0,
    };
    let mut sockets = listen_config.open(&bind_target.addresses(&context.stop)?)?;
    let port = sockets.first().and_then(Socket::local).map_or(bind_target.endpoint.port, |a| a.port());
    let shared = shareable(&options);
    let listen_config = ListenConfig { options: &shared, ..listen_config };
    for group in &groups {
        if !sockets.iter().any(|s| group.is_heard_at(s)) {
            sockets.extend(listen_config.open(&[group.address(port)])?);
        }
        for socket in sockets.iter().filter(|s| group.is_heard_at(s)) {
            socket.join(group.ip, group.index)?;
        }
    }
    for socket in &sockets {
        if socket.local().is_some_and(|a| a.ip().is_unspecified() || a.ip().is_multicast()) {
            socket.tell_origins()?;
        }
        socket.make_room(&options);
        socket.take_segments();
        socket.tell_listening();
    }
    Ok(sockets)
}

/// Several programs of one machine may hear one group, which `SO_REUSEADDR` permits. Two sockets on one unicast address
/// would steal from each other, so there it is left to who asks for it.
fn shareable(options: &[SocketOption]) -> Vec<SocketOption> {
    let mut options = options.to_vec();
    if !options.iter().any(|o| matches!(o, SocketOption::ReuseAddr(_))) {
        options.insert(0, SocketOption::ReuseAddr(true));
    }
    options
}

struct Membership {
    ip: IpAddr,
    /// Of the interface; 0 leaves the choice to the kernel.
    index: u32,
}

impl Membership {
    fn of(group: &Group) -> anyhow::Result<Self> {
        let index = group.interface.as_deref().map_or(Ok(0), interface::index)?;
        match group.ip {
            IpAddr::V6(ip) if index == 0 && is_of_one_link(ip) => {
                Err(AddrError(format!("{ip} is another group on each interface; type {ip}%IFACE")).into())
            }
            ip => Ok(Self { ip, index }),
        }
    }

    fn is_heard_at(&self, socket: &Socket) -> bool {
        socket.local().is_some_and(|local| {
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

/// Groups of `ff01::/16` and `ff02::/16` are other ones on each interface (RFC 4291 section 2.7).
const fn is_of_one_link(ip: Ipv6Addr) -> bool {
    matches!(ip.segments()[0] & 0xf, 1 | 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_local_group_needs_an_interface() {
        let group = |word: &str| Membership::of(&word.parse().unwrap()).map(|m| m.address(9).to_string());
        assert_eq!(group("224.0.0.1").unwrap(), "224.0.0.1:9");
        assert_eq!(group("ff0e::1").unwrap(), "[ff0e::1]:9");
        assert_eq!(group("ff02::1%lo").unwrap(), "[ff02::1%1]:9");
        assert!(group("ff02::1").unwrap_err().to_string().contains("ff02::1%IFACE"));
        assert!(group("224.0.0.1%nosuch0").is_err());
    }
}
