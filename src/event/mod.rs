//! What happens to sockets, as values: the event stream of schema version 1. Every layer may use it; it uses none.
//!
//! `man/soquete-events.7` documents each event and field for users; a test compares the two.

mod flood;
mod hold;
mod queue;
pub mod report;
pub mod samples;
mod sink;
mod state;
pub mod table;
mod words;

pub use queue::{Events, Writer};
pub use sink::{Sink, Verbosity};
pub use state::{Ending, State, UnknownState};
pub use words::{Dir, Kind, MemberChange, Op, Outcome, Proto, Role, Scope, Via};

use jiff::Timestamp;
use serde::Serialize;
use std::fmt;
use std::net::SocketAddr;

/// The version of the stream's shape, `v` in every event. A new field keeps it; a changed one raises it.
pub const SCHEMA_VERSION: u8 = 1;

/// One event with its place in the stream.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    /// [`SCHEMA_VERSION`].
    pub v: u8,
    /// Counts from 1; a gap means events were dropped because nobody read them in time.
    pub seq: u64,
    /// When it was seen, UTC.
    #[serde(serialize_with = "micros")]
    pub ts: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

fn micros<S: serde::Serializer>(ts: &Timestamp, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(&format_args!("{ts:.6}"))
}

/// The socket an event is about.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Subject {
    /// One number a socket, from 1, never reused within a run.
    pub conn: u32,
    /// Transport.
    pub proto: Proto,
    /// Our address, once there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local: Option<SocketAddr>,
    /// The other end's address, once there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<SocketAddr>,
    /// What the socket is for.
    pub role: Role,
}

/// One thing that happened. The fields are those of the table in soquete-events(7).
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
#[allow(missing_docs)] // one place documents the fields: soquete-events(7)
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
    /// A socket option was set and read back; under `-v` also options nobody set, `requested` null.
    Option {
        #[serde(flatten)]
        socket: Subject,
        name: &'static str,
        requested: Option<Value>,
        effective: Value,
    },
    /// A name was looked up (under `-v`).
    Resolve { host: String, address: SocketAddr },
    /// What the kernel knows about a connection (under `-v`): `TCP_INFO`.
    Info {
        #[serde(flatten)]
        socket: Subject,
        #[serde(flatten)]
        info: InfoFields,
    },
    /// A local address was taken.
    Bind {
        #[serde(flatten)]
        socket: Subject,
    },
    /// Ready for clients, or for datagrams (`backlog` is TCP's).
    Listening {
        #[serde(flatten)]
        socket: Subject,
        /// In force, as read back.
        #[serde(skip_serializing_if = "Option::is_none")]
        backlog: Option<u32>,
        /// As asked for.
        #[serde(skip_serializing_if = "Option::is_none")]
        backlog_requested: Option<u32>,
        /// Who can reach it.
        scope: Scope,
    },
    /// A client came in.
    Accept {
        #[serde(flatten)]
        socket: Subject,
    },
    /// A client was turned away.
    Refuse {
        #[serde(flatten)]
        socket: Subject,
        reason: String,
    },
    /// One datagram in or out.
    Datagram {
        #[serde(flatten)]
        socket: Subject,
        dir: Dir,
        len: usize,
    },
    /// A chat member joined, left, took a nick or lags.
    Member {
        #[serde(flatten)]
        socket: Subject,
        what: MemberChange,
        #[serde(skip_serializing_if = "Option::is_none")]
        nick: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// A line was said in the room.
    Line {
        #[serde(flatten)]
        socket: Subject,
        #[serde(skip_serializing_if = "Option::is_none")]
        nick: Option<String>,
        text: String,
    },
    /// One port check, or one of many connections.
    Target {
        target: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        conn: Option<u32>,
        proto: Proto,
        #[serde(skip_serializing_if = "Option::is_none")]
        local: Option<SocketAddr>,
        #[serde(skip_serializing_if = "Option::is_none")]
        peer: Option<SocketAddr>,
        outcome: Outcome,
        /// Which try of a wait it was, while the wait goes on.
        #[serde(skip_serializing_if = "Option::is_none")]
        attempt: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        latency_us: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// A long transfer goes on.
    Progress {
        #[serde(flatten)]
        socket: Subject,
        bytes_in: u64,
        bytes_out: u64,
        /// How many bytes the input holds, where that is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        total: Option<u64>,
    },
    /// A socket is done.
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
        /// Ended by FIN on both sides, nothing lost.
        clean: bool,
    },
    /// Something went wrong and the work goes on.
    Warning {
        #[serde(flatten)]
        fault: Fault,
    },
    /// Something went wrong.
    Error {
        #[serde(flatten)]
        fault: Fault,
    },
    /// The last event.
    Exit { code: u8, cause: String },
}

/// An option's value as events show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// On or off.
    Bool(bool),
    /// A count, bytes, seconds or milliseconds, as the option has it.
    Number(u64),
    /// A name.
    Text(String),
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(on) => f.write_str(if *on { "on" } else { "off" }),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

/// What went wrong, where.
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
    pub peer: Option<SocketAddr>,
    /// One line for a person.
    pub text: String,
}

/// `TCP_INFO` in the units of its names; a field the kernel does not know is absent (tcp(7)).
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
