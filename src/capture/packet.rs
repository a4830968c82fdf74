//! A packet as values.

use super::network::Fragment;
use std::net::{IpAddr, SocketAddr};

/// A packet of the network layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Where from; of ARP the sender of the question or answer.
    pub source: IpAddr,
    /// Where to; of ARP the address that is asked for, or the one that is answered.
    pub destination: IpAddr,
    /// Time to live, or hop limit; 0 of ARP.
    pub ttl: u8,
    /// Which part of a fragmented packet it is.
    pub fragment: Option<Fragment>,
    /// What it carries.
    pub payload: Payload,
    /// Where the bytes that a segment or datagram carries begin, from the network header on; it may be past what was captured.
    pub data_at: usize,
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
    /// ARP in words.
    Arp(String),
    /// Neighbour discovery in words, and the address that it is about, where it is about one.
    Neighbour(String, Option<IpAddr>),
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
