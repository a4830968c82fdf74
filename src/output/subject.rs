//! The socket of an event as text.

use super::datagram;
use crate::event::{Role, Subject};

/// The socket of an event, the local end first: `#2 127.0.0.1:50000 → 127.0.0.1:80`.
pub(super) fn subject(socket: Subject) -> String {
    let arrow = if socket.role == Role::Client { " → " } else { " ← " };
    let mut text = Vec::with_capacity(64);
    text.push(b'#');
    datagram::number(socket.conn.into(), &mut text);
    if let Some(local) = socket.local {
        text.push(b' ');
        datagram::address(local, &mut text);
    }
    if let Some(peer) = socket.peer {
        text.extend_from_slice(arrow.as_bytes());
        datagram::address(peer, &mut text);
    }
    String::from_utf8(text).unwrap_or_default()
}
