//! Fields that events share or have many of.

use super::{Address, Kind};
use serde::Serialize;

/// The cause of a warning or an error.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)] // see `Event`
pub struct Fault {
    pub kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub op: Option<String>,
    /// The symbolic name, `ECONNREFUSED`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errno: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conn: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<Address>,
    /// One line for people.
    pub text: String,
}

/// `TCP_INFO` in the units of its names; a field unknown to the kernel is absent (tcp(7)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // see `Event`
pub struct InfoFields {
    pub rtt_us: u32,
    pub rttvar_us: u32,
    pub rto_us: u32,
    pub snd_mss: u32,
    pub rcv_mss: u32,
    pub pmtu: u32,
    pub cwnd: u32,
    pub retransmits: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery_rate: Option<u64>,
}
