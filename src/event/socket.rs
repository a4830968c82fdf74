//! The socket that an event is about.

use super::{Address, Event, Proto, Role};
use serde::Serialize;

/// The socket an event is about.
#[derive(Clone, Debug, Serialize)]
pub struct Subject {
    /// The number of the socket, from 1, never reused within a run.
    pub conn: u32,
    /// Transport.
    pub proto: Proto,
    /// The local address, once there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local: Option<Address>,
    /// The address of the peer, once there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<Address>,
    /// What the socket is for.
    pub role: Role,
}

impl Event {
    /// The socket; `None` for events about none, or about one by its number alone.
    #[must_use]
    pub const fn socket(&self) -> Option<&Subject> {
        match self {
            Self::State { socket, .. }
            | Self::Option { socket, .. }
            | Self::Info { socket, .. }
            | Self::Bind { socket }
            | Self::Listening { socket, .. }
            | Self::Accept { socket, .. }
            | Self::Refuse { socket, .. }
            | Self::Datagram { socket, .. }
            | Self::Data { socket, .. }
            | Self::Member { socket, .. }
            | Self::Line { socket, .. }
            | Self::Tls { socket, .. }
            | Self::Packet { socket, .. }
            | Self::Child { socket, .. }
            | Self::Proxy { socket, .. }
            | Self::ProxyHeader { socket, .. }
            | Self::Progress { socket, .. }
            | Self::Summary { socket, .. } => Some(socket),
            Self::Resolve { .. }
            | Self::Capture { .. }
            | Self::Bus { .. }
            | Self::Target { .. }
            | Self::Warning { .. }
            | Self::Error { .. }
            | Self::Exit { .. } => None,
        }
    }

    /// The number of the socket.
    #[must_use]
    pub fn conn(&self) -> Option<u32> {
        match self {
            Self::Target { conn, .. } => *conn,
            Self::Warning { fault } | Self::Error { fault } => fault.conn,
            _ => self.socket().map(|socket| socket.conn),
        }
    }
}
