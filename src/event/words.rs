//! The fields of events that take one of a few words. soquete-events(7) says what each word means.

use serde::Serialize;
use std::net::SocketAddr;

/// The transport of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Proto {
    /// RFC 9293.
    Tcp,
    /// RFC 768.
    Udp,
    /// unix(7).
    Unix,
}

/// What a socket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Waits for connections.
    Listener,
    /// Opened the connection, or sends the first datagram.
    Client,
    /// Came out of a listener, or answers datagrams.
    Server,
}

/// How a state is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// The kernel said so when asked about the open descriptor (`TCP_INFO`, tcp(7)).
    Kernel,
    /// The kernel's socket table said so after the descriptor was closed (`sock_diag`(7)).
    Table,
    /// Nobody saw it; RFC 9293 leaves no other way between the states that were seen.
    Implied,
}

/// What took a socket from one state to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Op {
    /// bind(2).
    Bind,
    /// listen(2).
    Listen,
    /// connect(2), and the handshake it starts.
    Connect,
    /// A SYN came to a listener.
    SynReceived,
    /// The handshake's last ACK came.
    AckReceived,
    /// shutdown(2).
    Shutdown,
    /// close(2).
    Close,
    /// The peer's FIN came.
    FinReceived,
    /// The peer's RST came, or an error that ends a connection as one.
    ResetReceived,
    /// The connection was refused.
    Refused,
    /// No answer came in time.
    TimedOut,
}

/// Whether bytes or a datagram came in or went out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Dir {
    /// Received.
    In,
    /// Sent.
    Out,
}

/// What became of one target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The connection came about.
    Open,
    /// Refused.
    Closed,
    /// No answer in time, or a router said no.
    Filtered,
    /// The name has no address.
    Unresolved,
    /// This machine could not try.
    Failed,
    /// A connection to this target stands.
    Connected,
    /// The connection to this target ended.
    Disconnected,
    /// A datagram came back.
    Replied,
    /// ICMP said that nobody listens there.
    Refused,
    /// Nothing came back in time.
    NoAnswer,
}

/// What a warning or an error is about, for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A wrong command line.
    Usage,
    /// The name has no address.
    Resolve,
    /// The peer refused.
    Refused,
    /// The peer reset the connection.
    Reset,
    /// The peer never acknowledged what it was sent.
    Unacknowledged,
    /// The network or the host cannot be reached.
    Unreachable,
    /// A deadline passed.
    Timeout,
    /// The local address is taken or not ours.
    Address,
    /// Not permitted.
    Permission,
    /// Descriptors or memory ran out.
    Resources,
    /// A socket option was refused.
    Option,
    /// A file or stream failed.
    File,
    /// Text was cut, dropped or not understood.
    Data,
    /// Events were lost because nobody read them in time.
    EventsLost,
    /// Only standard input is waited for.
    Waiting,
    /// None of these.
    Other,
}

/// A chat member's doings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MemberChange {
    /// Came into the room.
    Join,
    /// Left the room.
    Leave,
    /// Took another name.
    Nick,
    /// Reads too slowly.
    Slow,
}

/// Who can reach a bound address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// This machine alone.
    Loopback,
    /// Whoever reaches this one address.
    Address,
    /// Whoever reaches any address of this machine.
    Public,
}

impl Proto {
    /// The word users read.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Unix => "unix",
        }
    }
}

impl Outcome {
    /// The word users read.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Filtered => "filtered",
            Self::Unresolved => "unresolved",
            Self::Failed => "failed",
            Self::Connected => "connected",
            Self::Disconnected => "disconnected",
            Self::Replied => "replied",
            Self::Refused => "refused",
            Self::NoAnswer => "no-answer",
        }
    }
}

impl Op {
    /// What happened, for a person.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Bind => "bind",
            Self::Listen => "listen",
            Self::Connect => "connect",
            Self::SynReceived => "SYN received",
            Self::AckReceived => "ACK received",
            Self::Shutdown => "shutdown",
            Self::Close => "close",
            Self::FinReceived => "FIN received",
            Self::ResetReceived => "RST received",
            Self::Refused => "refused",
            Self::TimedOut => "timed out",
        }
    }
}

impl Scope {
    /// The scope of a bound address.
    #[must_use]
    pub fn of(address: SocketAddr) -> Self {
        match address.ip().to_canonical() {
            ip if ip.is_unspecified() => Self::Public,
            ip if ip.is_loopback() => Self::Loopback,
            _ => Self::Address,
        }
    }
}
