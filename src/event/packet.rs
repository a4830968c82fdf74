//! The fields of the event `packet`.

use super::{Dir, State};
use serde::{Serialize, Serializer};
use std::fmt;

/// A packet, as the network view shows it; soquete-events(7) documents the fields.
#[derive(Clone, Debug, Default, Serialize)]
#[allow(missing_docs)] // see soquete-events(7)
pub struct PacketFields {
    pub dir: Option<Dir>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "joined")]
    pub flags: Option<Vec<&'static str>>,
    /// `seq` is the number of the event.
    #[serde(rename = "tcp_seq", skip_serializing_if = "Option::is_none")]
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
    /// The name of its interface (with `-v`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// The first bytes that it carries, where they are wanted for people (`demo`).
    #[serde(skip)]
    pub payload: Vec<u8>,
    /// The changes of state that it caused.
    #[serde(skip)]
    pub moved: Vec<(State, State)>,
}

/// TCP options that a segment had; in JSON in words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)] // see soquete-events(7)
pub struct PacketOptions {
    pub mss: Option<u16>,
    pub ws: Option<u8>,
    pub sack_ok: bool,
    /// The first block acknowledged selectively, by relative numbers.
    pub sack: Option<(u32, u32)>,
    pub ts: Option<(u32, u32)>,
}

impl fmt::Display for PacketOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [
            self.mss.map(|mss| format!("mss {mss}")),
            self.sack_ok.then(|| "sack".to_owned()),
            self.ts.map(|(own, echo)| format!("ts {own} {echo}")),
            self.ws.map(|scale| format!("ws {scale}")),
            self.sack.map(|(from, to)| format!("sack-block {from}..{to}")),
        ];
        f.write_str(&words.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}

impl Serialize for PacketOptions {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// The flags as one word each, with blanks between them.
#[allow(clippy::ref_option)] // the signature that serde calls
fn joined<S: Serializer>(flags: &Option<Vec<&'static str>>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&flags.as_deref().unwrap_or_default().join(" "))
}
