//! The fields of the event `packet`.

use super::{Dir, State};
use serde::Serialize;

/// A packet, as the network view shows it; soquete-events(7) documents the fields.
#[derive(Clone, Debug, Default, Serialize)]
#[allow(missing_docs)] // see soquete-events(7)
pub struct PacketFields {
    pub dir: Option<Dir>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flags: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ack: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub win: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub len: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<PacketOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// How many segments the kernel merged, or will make of it, and their payload bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segments: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment_size: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vlan: Option<u16>,
    /// `icmp`, `arp`, `nd`, `fragment` or a protocol's number, where it is not the protocol of the socket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carries: Option<String>,
    /// The numbers as they stand in the header (with `-v`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq_raw: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ack_raw: Option<u32>,
    /// The bytes from the network header on, in hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hex: Option<String>,
    /// The changes of state that it caused.
    #[serde(skip)]
    pub moved: Vec<(State, State)>,
    /// The packet as it was captured, for the stages between the capture and the printer.
    #[serde(skip)]
    pub captured: Option<Box<CapturedPacket>>,
}

/// TCP options that a segment had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // see soquete-events(7)
pub struct PacketOptions {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mss: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ws: Option<u8>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub sack_ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sack: Option<(u32, u32)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ts: Option<(u32, u32)>,
}

/// A packet as a capture delivers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapturedPacket {
    /// The number of its interface.
    pub interface: u32,
    /// Whether this machine sent it; false on loopback.
    pub outgoing: bool,
    /// The protocol of the network layer (`ETH_P_IP` ...).
    pub protocol: u16,
    /// The tag that the kernel took out of the frame.
    pub vlan: Option<u16>,
    /// Payload bytes of each segment that the kernel merged, or will make of it.
    pub segment_size: Option<u16>,
    /// The bytes captured, from the link's header on.
    pub bytes: Vec<u8>,
    /// Where the network header begins.
    pub network: usize,
    /// Bytes of the whole frame.
    pub length: u32,
}
