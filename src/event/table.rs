//! Rows of the socket table, of its counts and of its changes. Their JSON is what `soquete stat --json` prints.

use super::{Address, InfoFields, Proto, State, micros};
use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// One socket of the table.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)] // soquete-stat(1) documents the fields
pub struct SocketRow {
    pub proto: Proto,
    /// Of a UNIX socket.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<UnixKind>,
    /// Null for a UNIX socket without a name.
    #[serde(serialize_with = "bare")]
    pub local: Option<Address>,
    /// Null where there is no other end.
    #[serde(serialize_with = "bare")]
    pub peer: Option<Address>,
    /// The inode of a UNIX socket's other end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer_inode: Option<u32>,
    pub state: State,
    #[serde(flatten)]
    pub queues: Queues,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// 0 where no descriptor leads to the socket.
    pub inode: u32,
    /// Present when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processes: Option<Vec<ProcessRow>>,
    /// Why `processes` may lack some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processes_hidden: Option<String>,
    #[serde(flatten)]
    pub extended: Option<Box<ExtendedFields>>,
    /// The source of the row, where it is not the kernel's `sock_diag`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<&'static str>,
}

/// An address beside the `proto` that says its family: a UNIX name stands alone.
#[allow(clippy::ref_option)] // serde hands over the field as it is
fn bare<S: Serializer>(address: &Option<Address>, out: S) -> Result<S::Ok, S::Error> {
    match address {
        Some(Address::Unix(name)) => out.collect_str(name),
        address => address.serialize(out),
    }
}

/// The type of a UNIX socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UnixKind {
    /// `SOCK_STREAM`.
    Stream,
    /// `SOCK_DGRAM`.
    Dgram,
    /// `SOCK_SEQPACKET`.
    SeqPacket,
}

impl UnixKind {
    /// The word users read.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Dgram => "dgram",
            Self::SeqPacket => "seqpacket",
        }
    }
}

/// The queues of a socket; the kernel has the same two numbers for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[allow(missing_docs)] // as `SocketRow`
pub enum Queues {
    /// A listener's connections not accepted yet, and the backlog in force, where the source has it.
    Accept { accept_queue: u32, accept_max: Option<u32> },
    /// Bytes received and not read; bytes sent and not acknowledged, or not sent yet.
    Data { recv_queue: u32, send_queue: u32 },
}

/// What a socket's running timer waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimerKind {
    /// An acknowledgement; then the segment is sent again.
    Retransmit,
    /// A segment of the peer; then a keepalive probe is sent.
    Keepalive,
    /// The end of TIME-WAIT, or of an orphan's FIN-WAIT-2.
    TimeWait,
    /// The peer's window to open; then it is probed.
    Probe,
}

impl TimerKind {
    /// The word users read.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Retransmit => "retransmit",
            Self::Keepalive => "keepalive",
            Self::TimeWait => "time-wait",
            Self::Probe => "probe",
        }
    }
}

/// A process that holds a socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // as `SocketRow`
pub struct ProcessRow {
    pub pid: u32,
    pub name: String,
}

/// The fields of `-e`, each where the kernel gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // as `SocketRow`
pub struct ExtendedFields {
    #[serde(flatten)]
    pub info: Option<InfoFields>,
    /// What the running timer waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timer: Option<TimerKind>,
    /// Milliseconds until it fires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timer_ms: Option<u64>,
    /// How often it fired in a row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timer_fired: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub congestion: Option<String>,
    #[serde(flatten)]
    pub memory: Option<MemoryFields>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tos: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub v6only: Option<bool>,
    /// `receive`, `send` or `both`, where a direction is shut.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shut: Option<&'static str>,
    /// The interface it is bound to, by name, or by number where the name is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// The kernel's name for this socket, never reused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cookie: Option<u64>,
}

/// `SK_MEMINFO` (`linux/sock_diag.h`): bytes, and the datagrams discarded for lack of memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // as `SocketRow`
pub struct MemoryFields {
    pub recv_memory: u32,
    pub recv_buffer: u32,
    pub send_memory: u32,
    pub send_buffer: u32,
    pub forward_memory: u32,
    pub queued_memory: u32,
    pub option_memory: u32,
    pub backlog_memory: u32,
    pub drops: u32,
}

/// How many sockets are in one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // as `SocketRow`
pub struct CountRow {
    pub proto: Proto,
    pub state: State,
    pub count: u64,
}

/// The change of a socket between two passes over the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It was not in the table before; `from` is null.
    Appeared,
    /// It changed its state, perhaps through others.
    Changed,
    /// It is not in the table any more; `to` is null.
    Gone,
}

/// A change of the table, and the time it was seen.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)] // as `SocketRow`
pub struct ChangeRow {
    #[serde(serialize_with = "micros")]
    pub ts: Timestamp,
    #[serde(flatten)]
    pub socket: SocketChange,
    /// Present when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processes: Option<Vec<ProcessRow>>,
}

/// One change of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // as `SocketRow`
pub struct SocketChange {
    pub change: Change,
    pub proto: Proto,
    #[serde(serialize_with = "bare")]
    pub local: Option<Address>,
    #[serde(serialize_with = "bare")]
    pub peer: Option<Address>,
    pub from: Option<State>,
    pub to: Option<State>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    pub inode: u32,
}
