//! The fields of events that take one of a fixed set of words. soquete-events(7) documents each word.

use super::Address;
use serde::Serialize;

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
    /// vsock(7).
    Vsock,
}

/// What a socket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Waits for connections.
    Listener,
    /// Opened the connection, or sends the first datagram.
    Client,
    /// Accepted from a listener, or answers datagrams.
    Server,
}

/// How a state is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// Read from the open descriptor (`TCP_INFO`, tcp(7)).
    Kernel,
    /// Read from the kernel's socket table after the descriptor was closed (`sock_diag`(7)).
    Table,
    /// Not observed: RFC 9293 permits no other path between the states that were observed, and no other end of a connection
    /// that is reset when it is closed (3.10.5).
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
    /// A SYN arrived at a listener.
    SynReceived,
    /// The last ACK of the handshake arrived.
    AckReceived,
    /// accept(2), where there is no handshake.
    Accept,
    /// shutdown(2).
    Shutdown,
    /// close(2).
    Close,
    /// The peer's FIN arrived.
    FinReceived,
    /// The peer's RST arrived, or an error with the same effect.
    ResetReceived,
    /// The connection was refused.
    Refused,
    /// No answer arrived in time.
    TimedOut,
}

/// The direction of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Dir {
    /// Received.
    In,
    /// Sent.
    Out,
}

/// The result for one target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The connection was established.
    Open,
    /// Refused.
    Closed,
    /// The connection was established, but its TLS handshake failed.
    TlsFailed,
    /// There was an answer, but not the one that was expected.
    NoMatch,
    /// No answer in time, or ICMP reported it unreachable.
    Filtered,
    /// The name has no address.
    Unresolved,
    /// A local error prevented the attempt.
    Failed,
    /// A connection to this target is established.
    Connected,
    /// The connection to this target ended.
    Disconnected,
    /// A datagram was received in reply.
    Replied,
    /// ICMP reported the port as unreachable.
    Refused,
    /// No reply in time.
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
    /// The peer did not acknowledge what it was sent.
    Unacknowledged,
    /// The network or the host cannot be reached.
    Unreachable,
    /// A deadline passed.
    Timeout,
    /// The local address is already taken, or not one of this machine.
    Address,
    /// Not permitted.
    Permission,
    /// Descriptors or memory ran out.
    Resources,
    /// A socket option was refused.
    Option,
    /// A file or stream failed.
    File,
    /// Text was truncated, dropped or not understood.
    Data,
    /// Events were lost because they were not read in time.
    EventsLost,
    /// A connection waits for standard input alone.
    Waiting,
    /// TLS: a certificate that is not accepted, a handshake that failed, a truncation.
    Tls,
    /// A proxy refused, or did not speak its protocol.
    Proxy,
    /// None of these.
    Other,
}

/// A change of a chat member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MemberChange {
    /// Joined.
    Join,
    /// Left.
    Leave,
    /// Changed its nick.
    Nick,
    /// Reads too slowly.
    Slow,
}

/// From where a bound address can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// From this machine alone.
    Loopback,
    /// Through this one address.
    Address,
    /// Through every address of this machine.
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
            Self::Vsock => "vsock",
        }
    }
}

impl Outcome {
    /// The word shown to users.
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
            Self::TlsFailed => "tls-failed",
            Self::NoMatch => "no-match",
        }
    }
}

/// The machine itself, and any machine, as vsock(7) numbers them.
const VMADDR_CID_LOCAL: u32 = 1;
const VMADDR_CID_ANY: u32 = u32::MAX;

impl Scope {
    /// The scope of a bound address.
    #[must_use]
    pub fn of(address: &Address) -> Self {
        match address {
            Address::Unix(_) => Self::Loopback,
            Address::Vsock { cid, .. } if *cid == VMADDR_CID_LOCAL => Self::Loopback,
            Address::Vsock { cid, .. } if *cid == VMADDR_CID_ANY => Self::Public,
            Address::Vsock { .. } => Self::Address,
            Address::Inet(address) => match address.ip().to_canonical() {
                ip if ip.is_unspecified() => Self::Public,
                ip if ip.is_loopback() => Self::Loopback,
                _ => Self::Address,
            },
        }
    }
}

/// A step of TLS on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TlsStep {
    /// A certificate was made for this run.
    Certificate,
    /// The handshake is done.
    Handshake,
    /// The peer ended its direction in order.
    CloseNotify,
    /// A fatal alert, or a handshake that failed.
    Alert,
    /// The peer's FIN arrived without `close_notify`.
    Truncated,
}

/// What vouches for the peer's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verified {
    /// The system's roots.
    System,
    /// The roots in the file given.
    Ca,
    /// Its fingerprint.
    Pin,
    /// Nothing: verification is off, or the peer has no certificate.
    None,
}

impl Verified {
    /// The word shown to users.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Ca => "ca",
            Self::Pin => "pin",
            Self::None => "none",
        }
    }
}
