//! The events of `--brief`: one for the birth and one for the end of each connection, and what went wrong.

use super::{Event, Outcome, Role, State, TlsStep};

impl Event {
    /// Whether `--brief` shows this event.
    #[must_use]
    pub const fn is_brief(&self) -> bool {
        match self {
            Self::Listening { .. }
            | Self::Accept { .. }
            | Self::Refuse { .. }
            | Self::Summary { .. }
            | Self::Capture { .. }
            | Self::Bus { .. }
            | Self::Warning { .. }
            | Self::Error { .. }
            | Self::Exit { .. } => true,
            Self::State { socket, to, .. } => {
                matches!(socket.role, Role::Client) && matches!(to, State::Established | State::Connected)
            }
            // A connection has events of its own.
            Self::Target { outcome, .. } => !matches!(outcome, Outcome::Connected | Outcome::Disconnected),
            // Its fingerprint is to be typed on the other side.
            Self::Tls { what, .. } => matches!(what, TlsStep::Certificate),
            _ => false,
        }
    }
}
