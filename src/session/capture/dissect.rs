//! One packet as the fields of its event: its connection, its numbers, what it is.

use super::others::{Ends, Others};
use super::packet::CapturedPacket;
use super::recent::Recent;
use super::sockets::Sockets;
use crate::capture::{Flow, Note, Packet, Payload, decode};
use crate::event::{Dir, Event, PacketFields, PacketOptions, Proto, Subject};
use crate::sys::interface;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

/// Connections whose numbers are followed at once.
const FLOWS: usize = 8192;
/// Fragmented packets whose later parts are expected.
const FRAGMENTED: usize = 256;
/// The loopback interface in every network namespace.
const LOOPBACK: u32 = 1;
/// After this the packets of a connection may come by another interface.
const ROUTE_CHANGE: SignedDuration = SignedDuration::from_secs(1);

/// Whose packets.
pub(super) enum Connections {
    /// Those of this program.
    Own(Sockets),
    /// Those of every program.
    Others(Others),
}

/// What is shown beside the packet itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Details {
    /// The bytes.
    pub(super) hex: bool,
    /// The numbers as they stand in the header, and the interface.
    pub(super) raw: bool,
    /// The first bytes that it carries, for people.
    pub(super) payload: bool,
}

type Pair = (SocketAddr, SocketAddr);

/// Follows the connections of a capture.
pub(super) struct Dissector {
    connections: Connections,
    details: Details,
    flows: Recent<Pair, Flow>,
    /// The interface at which the packets of each direction are seen, and the time of the last one: those of a VLAN or a bridge
    /// cross several.
    seen_at: Recent<Pair, Option<(u32, Timestamp)>>,
    fragmented: Recent<(IpAddr, IpAddr, u32), Option<(Proto, Pair)>>,
    interfaces: HashMap<u32, String>,
}

/// A packet that belongs to a connection.
pub(super) struct Dissected {
    pub(super) socket: Subject,
    pub(super) fields: PacketFields,
    pub(super) note: Option<Note>,
    pub(super) packet: Packet,
}

impl Dissector {
    pub(super) fn new(connections: Connections, details: Details) -> Self {
        Self {
            connections,
            details,
            flows: Recent::new(FLOWS),
            seen_at: Recent::new(FLOWS),
            fragmented: Recent::new(FRAGMENTED),
            interfaces: HashMap::new(),
        }
    }

    /// Learns of sockets from an event.
    pub(super) fn learn(&mut self, event: &Event) {
        if let Connections::Own(sockets) = &mut self.connections {
            sockets.learn(event);
        }
    }

    /// What a packet is; `None` of one that belongs to no connection of interest, or was seen before at another interface.
    pub(super) fn dissect(&mut self, captured: &CapturedPacket) -> Option<Dissected> {
        let bytes = captured.network_bytes();
        let length = captured.length.saturating_sub(u32::try_from(captured.network).unwrap_or_default());
        let packet = decode(captured.protocol, bytes, length)?;
        let (socket, dir) = self.connection(captured, &packet)?;
        let mut fields = PacketFields { dir: Some(dir), ..PacketFields::default() };
        let note = self.fill(&mut fields, &packet);
        fields.vlan = captured.vlan.map(|tag| tag & 0xfff);
        if let (Some(size), Some(len)) = (captured.segment_size, fields.len)
            && len > u32::from(size)
        {
            (fields.segments, fields.segment_size) = (Some(len.div_ceil(size.into())), Some(size));
        }
        if self.details.hex {
            let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            });
            fields.hex = Some(hex);
        }
        if let Some(len) = fields.len.filter(|_| self.details.payload) {
            let len = usize::try_from(len).unwrap_or(usize::MAX);
            fields.payload = bytes.iter().skip(packet.data_at).take(len).copied().collect();
        }
        if self.details.raw {
            let name = self.interfaces.entry(captured.interface);
            fields.interface = Some(name.or_insert_with(|| interface::name(captured.interface)).clone());
        }
        Some(Dissected { socket, fields, note, packet })
    }

    /// The connection of a packet, and the packet's direction; of an ICMP error the connection of the packet it is about.
    fn connection(&mut self, captured: &CapturedPacket, packet: &Packet) -> Option<(Subject, Dir)> {
        let dir = if captured.outgoing { Dir::Out } else { Dir::In };
        match &packet.payload {
            Payload::Tcp(_) | Payload::Udp { .. } | Payload::Fragment => {
                let (proto, ends) = self.ends(packet)?;
                let syn = match &packet.payload {
                    Payload::Tcp(segment) => segment.flags.syn.then_some(segment.flags.ack),
                    _ => None,
                };
                let found = self.find(captured, proto, ends, syn)?;
                self.is_first_sight(captured, ends).then_some(found)
            }
            Payload::Icmp(_, Some(ends)) => {
                let tcp = self.find(captured, Proto::Tcp, *ends, None);
                let (subject, dir) = tcp.or_else(|| self.find(captured, Proto::Udp, *ends, None))?;
                // What was sent is answered: the message goes the other way.
                Some((subject, if dir == Dir::Out { Dir::In } else { Dir::Out }))
            }
            Payload::Icmp(_, None) => match &mut self.connections {
                Connections::Own(_) => None,
                Connections::Others(others) => {
                    Some((others.of_hosts(packet.source, packet.destination)?, dir))
                }
            },
            Payload::Arp(_) => Some((self.neighbours(packet.source, packet.destination)?, dir)),
            Payload::Neighbour(_, target) => {
                Some((self.neighbours(packet.source, target.unwrap_or(packet.destination))?, dir))
            }
            Payload::Other(_) => None,
        }
    }

    fn neighbours(&mut self, source: IpAddr, target: IpAddr) -> Option<Subject> {
        match &mut self.connections {
            Connections::Own(sockets) => sockets.of_peer([target, source]),
            Connections::Others(others) => others.of_hosts(source, target),
        }
    }

    fn find(
        &mut self,
        captured: &CapturedPacket,
        proto: Proto,
        (source, destination): Pair,
        syn: Option<bool>,
    ) -> Option<(Subject, Dir)> {
        match &mut self.connections {
            Connections::Own(sockets) => sockets.of(proto, source, destination),
            Connections::Others(others) => {
                let (outgoing, loopback) = (captured.outgoing, captured.interface == LOOPBACK);
                others.of(Ends { proto, source, destination, outgoing, loopback, syn })
            }
        }
    }

    /// The protocol and the ends of a packet; of a later fragment those of the first one.
    fn ends(&mut self, packet: &Packet) -> Option<(Proto, Pair)> {
        let proto = if matches!(packet.payload, Payload::Tcp(_)) { Proto::Tcp } else { Proto::Udp };
        let own = packet.ends().map(|ends| (proto, ends));
        let Some(fragment) = packet.fragment else { return own };
        let key = (packet.source, packet.destination, fragment.id);
        if own.is_some() {
            *self.fragmented.entry(&key) = own;
        }
        own.or_else(|| self.fragmented.find(&key).copied().flatten())
    }

    /// Whether a packet is seen at the interface where those of its direction are seen first.
    fn is_first_sight(&mut self, captured: &CapturedPacket, ends: Pair) -> bool {
        let seen = self.seen_at.entry(&ends);
        match seen {
            Some((interface, at))
                if *interface != captured.interface && captured.at.duration_since(*at) < ROUTE_CHANGE =>
            {
                false
            }
            seen => {
                *seen = Some((captured.interface, captured.at));
                true
            }
        }
    }

    /// Fills the fields in; returns the note of a segment.
    fn fill(&mut self, fields: &mut PacketFields, packet: &Packet) -> Option<Note> {
        fields.ttl = (packet.ttl > 0).then_some(packet.ttl);
        let mut carries = |what: &str, words: &String| {
            (fields.carries, fields.note) = (Some(what.to_owned()), Some(words.clone()));
        };
        match &packet.payload {
            Payload::Tcp(_) => return self.fill_segment(fields, packet),
            Payload::Udp { len, .. } => fields.len = Some(*len),
            Payload::Icmp(words, _) => carries("icmp", words),
            Payload::Arp(words) => carries("arp", words),
            Payload::Neighbour(words, _) => carries("nd", words),
            Payload::Fragment => fields.carries = Some("fragment".to_owned()),
            Payload::Other(number) => fields.carries = Some(number.to_string()),
        }
        if let Some(fragment) = packet.fragment {
            let (from, to) = (fragment.offset, fragment.offset + fragment.len);
            let last = if fragment.more { "" } else { ", the last" };
            fields.note = Some(format!("fragment: bytes {from} to {to}{last}"));
            if matches!(packet.payload, Payload::Fragment) {
                fields.len = Some(fragment.len);
            }
        }
        None
    }

    fn fill_segment(&mut self, fields: &mut PacketFields, packet: &Packet) -> Option<Note> {
        let Payload::Tcp(segment) = &packet.payload else { return None };
        let (source, destination) = packet.ends()?;
        let key = if source <= destination { (source, destination) } else { (destination, source) };
        let relative = self.flows.entry(&key).follow(usize::from(source != key.0), segment);
        fields.flags = Some(segment.flags.names().collect());
        (fields.seq, fields.ack, fields.win) = (Some(relative.seq), relative.ack, Some(relative.window));
        fields.len = Some(segment.len);
        fields.note = relative.note.map(|note| note.to_string());
        let options = segment.options;
        let options = PacketOptions {
            mss: options.mss,
            ws: options.window_scale,
            sack_ok: options.sack_permitted,
            sack: relative.sack,
            ts: options.timestamps,
        };
        fields.options = (options != PacketOptions::default()).then_some(options);
        if self.details.raw {
            fields.seq_raw = Some(segment.seq);
            fields.ack_raw = segment.flags.ack.then_some(segment.ack);
        }
        relative.note
    }
}
