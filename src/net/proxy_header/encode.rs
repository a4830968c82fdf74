//! Writes a header.

use super::{Addresses, SIGNATURE, Version};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The header for a connection with these ends; without them one that names none (`UNKNOWN`, `AF_UNSPEC`).
#[must_use]
pub fn encode(version: Version, addresses: Option<Addresses>) -> Vec<u8> {
    let ends = addresses.map(|Addresses { source, destination }| of_one_family(source, destination));
    match version {
        Version::V1 => text(ends),
        Version::V2 => binary(ends),
    }
}

type End = (IpAddr, u16);

/// Both ends as IPv4, IPv4-mapped ones included (RFC 4291 2.5.5.2), or both as IPv6.
fn of_one_family(source: SocketAddr, destination: SocketAddr) -> (End, End) {
    let canonical = |end: SocketAddr| (end.ip().to_canonical(), end.port());
    let ends = (canonical(source), canonical(destination));
    if ends.0.0.is_ipv4() == ends.1.0.is_ipv4() {
        return ends;
    }
    let mapped = |(ip, port): End| (IpAddr::V6(to_v6(ip)), port);
    (mapped(ends.0), mapped(ends.1))
}

fn to_v6(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    }
}

fn text(ends: Option<(End, End)>) -> Vec<u8> {
    let line = ends.map(|((source, source_port), (destination, destination_port))| {
        let family = if source.is_ipv4() { "TCP4" } else { "TCP6" };
        format!("PROXY {family} {source} {destination} {source_port} {destination_port}\r\n")
    });
    line.unwrap_or_else(|| "PROXY UNKNOWN\r\n".to_owned()).into_bytes()
}

fn binary(ends: Option<(End, End)>) -> Vec<u8> {
    let mut header = SIGNATURE.to_vec();
    // Version 2, command PROXY; then family and protocol.
    header.push(0x21);
    let Some(((source, source_port), (destination, destination_port))) = ends else {
        header.extend_from_slice(&[0x00, 0, 0]);
        return header;
    };
    header.extend_from_slice(if source.is_ipv4() { &[0x11, 0, 12] } else { &[0x21, 0, 36] });
    for ip in [source, destination] {
        match ip {
            IpAddr::V4(ip) => header.extend_from_slice(&ip.octets()),
            IpAddr::V6(ip) => header.extend_from_slice(&ip.octets()),
        }
    }
    header.extend_from_slice(&source_port.to_be_bytes());
    header.extend_from_slice(&destination_port.to_be_bytes());
    header
}
