//! One packet, from its network header on. etherparse reads the headers; the lengths come from the network header, since the
//! capture may hold the beginning alone.

use super::icmp;
use super::network::{Fragment, network};
use super::packet::{Flags, Options, Packet, Payload, Segment};
use etherparse::{
    IpNumber, LaxNetSlice, LaxSlicedPacket, TcpOptionElement, TcpSlice, TransportSlice, UdpSlice,
};

/// Reads a packet of the protocol `ether_type` (`ETH_P_IP` ...) that is `length` bytes long, of which `bytes` were captured.
/// `None` where not even the network header can be read.
#[must_use]
pub fn decode(ether_type: u16, bytes: &[u8], length: u32) -> Option<Packet> {
    let sliced = LaxSlicedPacket::from_ether_type(ether_type.into(), bytes);
    let net = sliced.net.as_ref()?;
    let header = network(net, length)?;
    let payload = match &sliced.transport {
        Some(TransportSlice::Tcp(tcp)) => Payload::Tcp(segment(tcp, header.carried)),
        Some(TransportSlice::Udp(udp)) => datagram(udp, header.carried.saturating_sub(8)),
        Some(TransportSlice::Icmpv4(message)) => icmp::v4(message),
        Some(TransportSlice::Icmpv6(message)) => icmp::v6(message),
        _ => other(net, header.fragment, header.carried)?,
    };
    let data = match &payload {
        Payload::Tcp(segment) => segment.len,
        Payload::Udp { .. } => header.carried.saturating_sub(8),
        _ => 0,
    };
    Some(Packet {
        source: header.source,
        destination: header.destination,
        ttl: header.ttl,
        fragment: header.fragment,
        payload,
        data_at: header.before + header.carried.saturating_sub(data) as usize,
    })
}

/// What a packet carries whose transport header was not read: ARP, fragments, other protocols. The first fragment has the
/// transport header.
fn other(net: &LaxNetSlice<'_>, fragment: Option<Fragment>, carried: u32) -> Option<Payload> {
    if let LaxNetSlice::Arp(arp) = net {
        return Some(Payload::Arp(icmp::arp(arp)?));
    }
    let inside = net.ip_payload_ref()?;
    let first = match fragment {
        Some(fragment) if fragment.offset > 0 => return Some(Payload::Fragment),
        fragment => fragment.is_some(),
    };
    Some(match inside.ip_number {
        IpNumber::TCP if first => match TcpSlice::from_slice(inside.payload) {
            Ok(tcp) => Payload::Tcp(segment(&tcp, carried)),
            Err(_) => Payload::Fragment,
        },
        // Its header says the length of the whole datagram.
        IpNumber::UDP if first => match UdpSlice::from_slice_lax(inside.payload) {
            Ok(udp) => datagram(&udp, u32::from(udp.length()).saturating_sub(8)),
            Err(_) => Payload::Fragment,
        },
        number => Payload::Other(number.0),
    })
}

fn datagram(udp: &UdpSlice<'_>, len: u32) -> Payload {
    Payload::Udp { source: udp.source_port(), destination: udp.destination_port(), len }
}

fn segment(tcp: &TcpSlice<'_>, carried: u32) -> Segment {
    Segment {
        source: tcp.source_port(),
        destination: tcp.destination_port(),
        seq: tcp.sequence_number(),
        ack: tcp.acknowledgment_number(),
        flags: Flags {
            syn: tcp.syn(),
            fin: tcp.fin(),
            rst: tcp.rst(),
            psh: tcp.psh(),
            ack: tcp.ack(),
            urg: tcp.urg(),
            ece: tcp.ece(),
            cwr: tcp.cwr(),
        },
        window: tcp.window_size(),
        len: carried.saturating_sub(u32::from(tcp.data_offset()) * 4),
        options: options(tcp),
    }
}

fn options(tcp: &TcpSlice<'_>) -> Options {
    let mut options = Options::default();
    for option in tcp.options_iterator().map_while(Result::ok) {
        match option {
            TcpOptionElement::Noop => {}
            TcpOptionElement::MaximumSegmentSize(mss) => options.mss = Some(mss),
            // RFC 7323 2.3: a larger one counts as 14.
            TcpOptionElement::WindowScale(scale) => options.window_scale = Some(scale.min(14)),
            TcpOptionElement::SelectiveAcknowledgementPermitted => options.sack_permitted = true,
            TcpOptionElement::SelectiveAcknowledgement(first, _) => options.sack = Some(first),
            TcpOptionElement::Timestamp(own, echo) => options.timestamps = Some((own, echo)),
        }
    }
    options
}
