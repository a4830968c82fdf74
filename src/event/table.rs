//! Rows of the socket table, of its counts and of its changes. Their JSON is what `soquete stat --json` prints.

use super::{InfoFields, State, micros};
use jiff::Timestamp;
use serde::Serialize;
use std::fmt;
use std::net::SocketAddr;

/// What a socket speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// RFC 9293.
    Tcp,
    /// RFC 768.
    Udp,
    /// unix(7).
    Unix,
}

impl Transport {
    /// The name users read.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Unix => "unix",
        }
    }
}

/// What a socket is bound to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Name {
    /// An address and a port.
    Inet(SocketAddr),
    /// A path, or an abstract name behind `@`; bytes that are no UTF-8 as `\xff`.
    Unix(String),
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inet(address) => address.fmt(f),
            Self::Unix(name) => f.pad(name),
        }
    }
}

/// One socket of the table.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)] // soquete-stat(1) documents the fields
pub struct SocketRow {
    pub proto: Transport,
    /// `stream`, `dgram` or `seqpacket`, of a UNIX socket.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    /// Null for a UNIX socket without a name.
    pub local: Option<Name>,
    /// Null where there is no other end.
    pub peer: Option<Name>,
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
    /// Named where it is not the kernel's `sock_diag`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<&'static str>,
}

/// What waits in a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[allow(missing_docs)] // as `SocketRow`
pub enum Queues {
    /// Connections that nobody accepted yet.
    Accept { accept_queue: u32, accept_max: Option<u32> },
    /// Bytes.
    Data { recv_queue: u32, send_queue: u32 },
}

/// A process that holds a socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // as `SocketRow`
pub struct ProcessRow {
    pub pid: u32,
    pub name: String,
}

/// What `-e` adds, each where the kernel tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // as `SocketRow`
pub struct ExtendedFields {
    #[serde(flatten)]
    pub info: Option<InfoFields>,
    /// What the running timer waits for: `retransmit`, `keepalive`, `time-wait`, `probe`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timer: Option<&'static str>,
    /// Until it fires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timer_ms: Option<u64>,
    /// How often it fired for the same thing.
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

/// Bytes of memory, and datagrams thrown away for want of it.
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
    pub proto: Transport,
    pub state: State,
    pub count: u64,
}

/// What became of a socket between two looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It was not there before; `from` is null.
    Appeared,
    /// It went from one state to another, perhaps through others.
    Changed,
    /// It is not there any more; `to` is null.
    Gone,
}

/// One change of the table.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)] // as `SocketRow`
pub struct ChangeRow {
    #[serde(serialize_with = "micros")]
    pub ts: Timestamp,
    pub change: Change,
    pub proto: Transport,
    pub local: Option<Name>,
    pub peer: Option<Name>,
    pub from: Option<State>,
    pub to: Option<State>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    pub inode: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processes: Option<Vec<ProcessRow>>,
}
