//! Events of sockets as values: the event stream of schema version 1. Every layer may use it; it uses none.
//!
//! `man/soquete-events.7` documents each event and field for users; a test compares the two.

mod address;
mod brief;
mod bus;
mod cause;
mod child;
mod fields;
mod flood;
mod flush;
mod hold;
pub mod ladder;
mod packet;
mod queue;
pub mod report;
pub mod samples;
mod sink;
mod socket;
mod state;
pub mod table;
mod tls;
pub mod top;
mod value;
mod warning;
mod words;

pub use address::{Address, AddressRef, EscapedBytes, UnixAddress};
pub use bus::{BusChange, BusFields};
pub use child::{ChildFields, ChildStep};
pub use fields::{Fault, InfoFields};
pub use packet::{PacketFields, PacketOptions};
pub use queue::{Events, Writer};
pub use sink::{Sink, Verbosity};
pub use socket::Subject;
pub use state::{Ending, State, UnknownState};
pub use tls::TlsFields;
pub use value::{Span, Value};
pub use words::{Dir, Kind, MemberChange, Op, Outcome, Proto, Role, Scope, TlsStep, Verified, Via};

use jiff::Timestamp;
use serde::Serialize;
use std::net::SocketAddr;

/// The version of the schema, `v` in every event. A new field keeps it, a changed one raises it.
pub const SCHEMA_VERSION: u8 = 1;

/// An event with its position in the stream.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    /// [`SCHEMA_VERSION`].
    pub v: u8,
    /// Counts from 1; a gap means that events were dropped because they were not read in time.
    pub seq: u64,
    /// The time of its emission, UTC.
    #[serde(serialize_with = "micros")]
    pub ts: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

fn micros<S: serde::Serializer>(ts: &Timestamp, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(&format_args!("{ts:.6}"))
}

/// One event. soquete-events(7) documents the fields.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
#[allow(missing_docs)] // see soquete-events(7)
pub enum Event {
    /// A socket went from one state to another.
    State {
        #[serde(flatten)]
        socket: Subject,
        from: State,
        to: State,
        op: Op,
        via: Via,
    },
    /// A socket option was set and read back; with `-v` also options that were not set, `requested` null.
    Option {
        #[serde(flatten)]
        socket: Subject,
        name: &'static str,
        requested: Option<Value>,
        effective: Value,
    },
    /// A name was resolved (with `-v`).
    Resolve { host: String, address: SocketAddr },
    /// The `TCP_INFO` of a connection (with `-v`).
    Info {
        #[serde(flatten)]
        socket: Subject,
        #[serde(flatten)]
        info: InfoFields,
    },
    /// A socket was bound to a local address.
    Bind {
        #[serde(flatten)]
        socket: Subject,
    },
    /// A socket is ready for clients, or for datagrams (`backlog` is TCP's).
    Listening {
        #[serde(flatten)]
        socket: Subject,
        /// The effective backlog.
        #[serde(skip_serializing_if = "Option::is_none")]
        backlog: Option<u32>,
        /// The requested backlog.
        #[serde(skip_serializing_if = "Option::is_none")]
        backlog_requested: Option<u32>,
        /// From where it can be reached.
        scope: Scope,
    },
    /// A connection was accepted.
    Accept {
        #[serde(flatten)]
        socket: Subject,
        /// The process of a UNIX client, as it was when it connected.
        #[serde(skip_serializing_if = "Option::is_none")]
        pid: Option<u32>,
        /// The user of that process.
        #[serde(skip_serializing_if = "Option::is_none")]
        uid: Option<u32>,
    },
    /// A client was refused.
    Refuse {
        #[serde(flatten)]
        socket: Subject,
        reason: String,
    },
    /// One datagram was received or sent.
    Datagram {
        #[serde(flatten)]
        socket: Subject,
        dir: Dir,
        len: usize,
    },
    /// Bytes moved on a stream (with `-v`).
    Data {
        #[serde(flatten)]
        socket: Subject,
        dir: Dir,
        /// Bytes since the last of these events.
        len: u64,
        /// Bytes so far.
        total: u64,
    },
    /// A chat member joined, left, changed its nick or reads too slowly.
    Member {
        #[serde(flatten)]
        socket: Subject,
        what: MemberChange,
        #[serde(skip_serializing_if = "Option::is_none")]
        nick: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// A chat line.
    Line {
        #[serde(flatten)]
        socket: Subject,
        #[serde(skip_serializing_if = "Option::is_none")]
        nick: Option<String>,
        text: String,
    },
    /// A step of TLS on a connection, or the certificate made for a listener.
    Tls {
        #[serde(flatten)]
        socket: Subject,
        what: TlsStep,
        #[serde(flatten)]
        tls: Box<TlsFields>,
    },
    /// A packet of a socket (`--packets`).
    Packet {
        #[serde(flatten)]
        socket: Subject,
        #[serde(flatten)]
        packet: Box<PacketFields>,
    },
    /// The end of a capture.
    Capture {
        /// Packets shown or saved.
        captured: u64,
        /// Packets that the kernel dropped for want of room.
        dropped: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        file: Option<String>,
    },
    /// A command that has a connection as its standard input and output started or ended.
    Child {
        #[serde(flatten)]
        socket: Subject,
        what: ChildStep,
        #[serde(flatten)]
        child: ChildFields,
    },
    /// A request to a proxy was answered, at either end; no user and no password is in it.
    Proxy {
        #[serde(flatten)]
        socket: Subject,
        /// The proxy as a URL, or the protocol that a client of ours spoke.
        proxy: String,
        /// `HOST:PORT` behind the proxy.
        target: String,
        outcome: Outcome,
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// A header of the PROXY protocol was received or sent.
    #[serde(rename = "proxy-header")]
    ProxyHeader {
        #[serde(flatten)]
        socket: Subject,
        dir: Dir,
        /// 1 or 2.
        version: u8,
        /// The client it names.
        #[serde(skip_serializing_if = "Option::is_none")]
        source: Option<SocketAddr>,
        /// The address that client connected to.
        #[serde(skip_serializing_if = "Option::is_none")]
        destination: Option<SocketAddr>,
    },
    /// The bus of a room was joined, lost or restored, or lines did not arrive over it.
    Bus {
        what: BusChange,
        #[serde(flatten)]
        bus: BusFields,
    },
    /// The result of a port check, or the state of one of many connections.
    Target {
        target: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        conn: Option<u32>,
        proto: Proto,
        #[serde(skip_serializing_if = "Option::is_none")]
        local: Option<Address>,
        #[serde(skip_serializing_if = "Option::is_none")]
        peer: Option<Address>,
        outcome: Outcome,
        /// The number of the attempt while a wait goes on.
        #[serde(skip_serializing_if = "Option::is_none")]
        attempt: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        latency_us: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// The progress of a long transfer.
    Progress {
        #[serde(flatten)]
        socket: Subject,
        bytes_in: u64,
        bytes_out: u64,
        /// The size of the input in bytes, where it is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        total: Option<u64>,
    },
    /// The totals of a socket that is closed.
    Summary {
        #[serde(flatten)]
        socket: Subject,
        bytes_in: u64,
        bytes_out: u64,
        duration_us: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        rtt_us: Option<u32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        retransmits: Option<u32>,
        /// Ended by FIN on both sides, without loss.
        clean: bool,
        /// The number of the socket that this one was joined with.
        #[serde(skip_serializing_if = "Option::is_none")]
        joined: Option<u32>,
    },
    /// A failure after which the program goes on.
    Warning {
        #[serde(flatten)]
        fault: Fault,
    },
    /// A failure.
    Error {
        #[serde(flatten)]
        fault: Fault,
    },
    /// The last event.
    Exit { code: u8, cause: String },
}
