//! Requests as bytes: `struct inet_diag_req_v2` (`linux/inet_diag.h`). Pure. Used by its siblings.

use super::channel::header;
use super::netlink::HEADER;
use crate::event::Proto;
use std::net::{IpAddr, SocketAddr};

/// `SOCK_DIAG_BY_FAMILY`, the type of requests and of the rows that answer them.
pub(super) const BY_FAMILY: u16 = 20;
/// Length of `struct inet_diag_req_v2`.
const INET_REQUEST: usize = 56;
/// "Any socket with these addresses", not one known by its cookie.
const NO_COOKIE: [u8; 8] = [0xff; 8];

/// Asks for the one socket between `local` and `peer`, on the interface of that number where it is not 0.
pub(super) fn exact(proto: Proto, local: SocketAddr, peer: SocketAddr, interface: u32) -> Vec<u8> {
    let (protocol, source, destination) = match proto {
        Proto::Tcp => (libc::IPPROTO_TCP, local, peer),
        // `udp_dump_one` takes the two the other way round, "for historical reasons".
        Proto::Udp => (libc::IPPROTO_UDP, peer, local),
    };
    let family = if local.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    let mut bytes = Vec::with_capacity(HEADER + INET_REQUEST);
    #[allow(clippy::cast_sign_loss, clippy::cast_possible_truncation)] // small positive constants
    let (flags, family, protocol) = (libc::NLM_F_REQUEST as u16, family as u8, protocol as u8);
    bytes.extend(header(BY_FAMILY, flags, INET_REQUEST));
    bytes.extend([family, protocol, 0, 0]);
    bytes.extend(u32::MAX.to_ne_bytes());
    bytes.extend(source.port().to_be_bytes());
    bytes.extend(destination.port().to_be_bytes());
    bytes.extend(address_bytes(source.ip()));
    bytes.extend(address_bytes(destination.ip()));
    bytes.extend(interface.to_ne_bytes());
    bytes.extend(NO_COOKIE);
    bytes
}

fn address_bytes(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => {
            let mut wide = [0; 16];
            wide[..4].copy_from_slice(&ip.octets());
            wide
        }
        IpAddr::V6(ip) => ip.octets(),
    }
}
