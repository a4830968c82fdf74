//! ICMP (RFC 792, RFC 4443), neighbour discovery (RFC 4861) and ARP (RFC 826) in words.

use super::packet::Payload;
use etherparse::{
    ArpPacketSlice, Icmpv4Slice, Icmpv4Type, Icmpv6Slice, Icmpv6Type, LaxIpSlice, icmpv4, icmpv6,
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// An ICMP message and the packet that it quotes.
pub(super) fn v4(message: &Icmpv4Slice<'_>) -> Payload {
    use icmpv4::DestUnreachableHeader as Unreachable;
    let words = match message.icmp_type() {
        Icmpv4Type::DestinationUnreachable(why) => match why {
            Unreachable::Port => "port unreachable".to_owned(),
            Unreachable::Host => "host unreachable".to_owned(),
            Unreachable::Network => "network unreachable".to_owned(),
            Unreachable::Protocol => "protocol unreachable".to_owned(),
            Unreachable::FragmentationNeeded { next_hop_mtu } => {
                format!("fragmentation needed, mtu {next_hop_mtu}")
            }
            Unreachable::NetworkProhibited | Unreachable::HostProhibited | Unreachable::FilterProhibited => {
                "administratively prohibited".to_owned()
            }
            other => format!("destination unreachable, code {}", other.code_u8()),
        },
        Icmpv4Type::TimeExceeded(_) => "time exceeded".to_owned(),
        Icmpv4Type::EchoRequest(echo) => return Payload::Icmp(format!("echo request {}", echo.seq), None),
        Icmpv4Type::EchoReply(echo) => return Payload::Icmp(format!("echo reply {}", echo.seq), None),
        _ => format!("type {} code {}", message.type_u8(), message.code_u8()),
    };
    Payload::Icmp(words, quoted(message.payload()))
}

/// As [`v4`], for IPv6; neighbour discovery is among its messages.
pub(super) fn v6(message: &Icmpv6Slice<'_>) -> Payload {
    use icmpv6::DestUnreachableCode as Unreachable;
    let target =
        || message.payload().first_chunk::<16>().map_or(Ipv6Addr::UNSPECIFIED, |b| Ipv6Addr::from(*b));
    let words = match message.icmp_type() {
        Icmpv6Type::DestinationUnreachable(why) => match why {
            Unreachable::Port => "port unreachable".to_owned(),
            Unreachable::Address => "address unreachable".to_owned(),
            Unreachable::NoRoute => "no route".to_owned(),
            Unreachable::Prohibited => "administratively prohibited".to_owned(),
            _ => format!("destination unreachable, code {}", message.code_u8()),
        },
        Icmpv6Type::PacketTooBig { mtu } => format!("packet too big, mtu {mtu}"),
        Icmpv6Type::TimeExceeded(_) => "time exceeded".to_owned(),
        Icmpv6Type::EchoRequest(echo) => return Payload::Icmp(format!("echo request {}", echo.seq), None),
        Icmpv6Type::EchoReply(echo) => return Payload::Icmp(format!("echo reply {}", echo.seq), None),
        Icmpv6Type::NeighborSolicitation => {
            return Payload::Neighbour(format!("who has {}?", target()), Some(target().into()));
        }
        Icmpv6Type::NeighborAdvertisement(_) => {
            let words = match link_address(message.payload()) {
                Some(link) => format!("{} is at {link}", target()),
                None => format!("{} advertised", target()),
            };
            return Payload::Neighbour(words, Some(target().into()));
        }
        Icmpv6Type::RouterSolicitation => {
            return Payload::Neighbour("router solicitation".to_owned(), None);
        }
        Icmpv6Type::RouterAdvertisement(_) => {
            return Payload::Neighbour("router advertisement".to_owned(), None);
        }
        _ => format!("type {} code {}", message.type_u8(), message.code_u8()),
    };
    Payload::Icmp(words, quoted(message.payload()))
}

/// ARP for IPv4 addresses.
pub(super) fn arp(arp: &ArpPacketSlice<'_>) -> Option<String> {
    let address = |bytes: &[u8]| bytes.first_chunk::<4>().map(|bytes| Ipv4Addr::from(*bytes));
    let (sender, target) = (address(arp.sender_protocol_addr())?, address(arp.target_protocol_addr())?);
    Some(match arp.operation().0 {
        1 => format!("who has {target}? asks {sender}"),
        2 => format!("{sender} is at {}", link(arp.sender_hw_addr())),
        other => format!("ARP operation {other}"),
    })
}

/// The address in the first option of an advertisement, after the target (RFC 4861 4.6.1).
fn link_address(message: &[u8]) -> Option<String> {
    let option = message.get(16..24)?;
    (option[..2] == [2, 1]).then(|| link(&option[2..]))
}

fn link(address: &[u8]) -> String {
    address.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

/// The ends of the packet that an error is about: of its transport header the first four bytes are enough.
fn quoted(bytes: &[u8]) -> Option<(SocketAddr, SocketAddr)> {
    let (packet, _) = LaxIpSlice::from_slice(bytes).ok()?;
    let (source, destination): (IpAddr, IpAddr) = match &packet {
        LaxIpSlice::Ipv4(v4) => (v4.header().source_addr().into(), v4.header().destination_addr().into()),
        LaxIpSlice::Ipv6(v6) => (v6.header().source_addr().into(), v6.header().destination_addr().into()),
    };
    let ports = packet.payload().payload.first_chunk::<4>()?;
    let (from, to) = (u16::from_be_bytes([ports[0], ports[1]]), u16::from_be_bytes([ports[2], ports[3]]));
    Some((SocketAddr::new(source, from), SocketAddr::new(destination, to)))
}
