//! One packet, from its network header on. etherparse reads the headers; the lengths come from the network header, since the
//! capture may hold the beginning alone.

use super::icmp;
use etherparse::{LaxNetSlice, LaxSlicedPacket, TcpOptionElement, TcpSlice, TransportSlice};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// A packet of the network layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Where from; unspecified of ARP.
    pub source: IpAddr,
    /// Where to.
    pub destination: IpAddr,
    /// Time to live, or hop limit; 0 of ARP.
    pub ttl: u8,
    /// What it carries.
    pub payload: Payload,
}

/// What a packet carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// A TCP segment.
    Tcp(Segment),
    /// A UDP datagram.
    Udp {
        /// The port it is from.
        source: u16,
        /// The port it is to.
        destination: u16,
        /// Payload bytes.
        len: u32,
    },
    /// An ICMP message in words, and the packet that it is about: where that was from and to.
    Icmp(String, Option<(SocketAddr, SocketAddr)>),
    /// Neighbour discovery or ARP in words.
    Neighbour(String),
    /// A later fragment, which has no ports.
    Fragment,
    /// Another protocol, by its number.
    Other(u8),
}

/// The header of a TCP segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The port it is from.
    pub source: u16,
    /// The port it is to.
    pub destination: u16,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement number; meaningless without ACK.
    pub ack: u32,
    /// Control bits.
    pub flags: Flags,
    /// The window as it stands in the header, without its scale.
    pub window: u16,
    /// Payload bytes.
    pub len: u32,
    /// Options.
    pub options: Options,
}

/// The control bits of a segment, RFC 9293 3.1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, clippy::struct_excessive_bools)] // the names of the RFC
pub struct Flags {
    pub syn: bool,
    pub fin: bool,
    pub rst: bool,
    pub psh: bool,
    pub ack: bool,
    pub urg: bool,
    pub ece: bool,
    pub cwr: bool,
}

/// The options of a segment: RFC 9293 3.2, RFC 7323, RFC 2018.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Maximum segment size.
    pub mss: Option<u16>,
    /// Window scale, a power of two.
    pub window_scale: Option<u8>,
    /// Selective acknowledgement permitted.
    pub sack_permitted: bool,
    /// The first block acknowledged selectively.
    pub sack: Option<(u32, u32)>,
    /// Timestamps: the sender's, and the one it echoes.
    pub timestamps: Option<(u32, u32)>,
}

impl Flags {
    /// The names of the bits that are set, in the order people say them.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        [
            (self.syn, "SYN"),
            (self.fin, "FIN"),
            (self.rst, "RST"),
            (self.psh, "PSH"),
            (self.ack, "ACK"),
            (self.urg, "URG"),
            (self.ece, "ECE"),
            (self.cwr, "CWR"),
        ]
        .into_iter()
        .filter_map(|(set, name)| set.then_some(name))
    }
}

impl Packet {
    /// The addresses of the two sockets, that of the sender first; `None` where the packet has no ports.
    #[must_use]
    pub fn ends(&self) -> Option<(SocketAddr, SocketAddr)> {
        let (source, destination) = match self.payload {
            Payload::Tcp(segment) => (segment.source, segment.destination),
            Payload::Udp { source, destination, .. } => (source, destination),
            _ => return None,
        };
        Some((SocketAddr::new(self.source, source), SocketAddr::new(self.destination, destination)))
    }
}

/// Reads a packet of the protocol `ether_type` (`ETH_P_IP` ...) that is `length` bytes long, of which `bytes` were captured.
/// `None` where not even the network header can be read.
#[must_use]
pub fn decode(ether_type: u16, bytes: &[u8], length: u32) -> Option<Packet> {
    let sliced = LaxSlicedPacket::from_ether_type(ether_type.into(), bytes);
    let (source, destination, ttl, whole, before) = match sliced.net.as_ref()? {
        LaxNetSlice::Ipv4(v4) => {
            let header = v4.header();
            let (source, destination) = (header.source_addr(), header.destination_addr());
            let whole = match u32::from(header.total_len()) {
                0 => length, // longer than the field can say (BIG TCP)
                whole => whole.min(length),
            };
            (IpAddr::V4(source), IpAddr::V4(destination), header.ttl(), whole, header.slice().len())
        }
        LaxNetSlice::Ipv6(v6) => {
            let header = v6.header();
            let (source, destination) = (header.source_addr(), header.destination_addr());
            let whole = match u32::from(header.payload_length()) {
                0 => length,
                payload => (payload + 40).min(length),
            };
            let before = header.slice().len() + v6.extensions().slice().len();
            (IpAddr::V6(source), IpAddr::V6(destination), header.hop_limit(), whole, before)
        }
        LaxNetSlice::Arp(arp) => {
            let (source, destination) =
                (IpAddr::from(Ipv4Addr::UNSPECIFIED), IpAddr::from(Ipv6Addr::UNSPECIFIED));
            let payload = Payload::Neighbour(icmp::arp(arp)?);
            return Some(Packet { source, destination, ttl: 0, payload });
        }
    };
    let carried = whole.saturating_sub(u32::try_from(before).unwrap_or(u32::MAX));
    let payload = match &sliced.transport {
        Some(TransportSlice::Tcp(tcp)) => Payload::Tcp(segment(tcp, carried)),
        Some(TransportSlice::Udp(udp)) => Payload::Udp {
            source: udp.source_port(),
            destination: udp.destination_port(),
            len: carried.saturating_sub(8),
        },
        Some(TransportSlice::Icmpv4(message)) => icmp::v4(message),
        Some(TransportSlice::Icmpv6(message)) => icmp::v6(message),
        _ => {
            let carried = sliced.net.as_ref().and_then(LaxNetSlice::ip_payload_ref);
            match carried {
                Some(payload) if payload.fragmented => Payload::Fragment,
                payload => Payload::Other(payload.map_or(0, |payload| payload.ip_number.0)),
            }
        }
    };
    Some(Packet { source, destination, ttl, payload })
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
