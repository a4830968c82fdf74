//! The socket of an event as text.

use super::datagram;
use crate::event::{Address, Role, Subject};
use crate::text::sanitize;

/// The socket of an event, the local end first: `#2 127.0.0.1:50000 → 127.0.0.1:80`.
pub(super) fn subject(socket: &Subject) -> String {
    let arrow = if socket.role == Role::Client { " → " } else { " ← " };
    let mut text = Vec::with_capacity(64);
    text.push(b'#');
    datagram::number(socket.conn.into(), &mut text);
    if let Some(local) = &socket.local {
        text.push(b' ');
        address(local, &mut text);
    }
    if let Some(peer) = &socket.peer {
        text.extend_from_slice(arrow.as_bytes());
        address(peer, &mut text);
    }
    String::from_utf8(text).unwrap_or_default()
}

/// Appends an address; a UNIX socket's name is as hostile as any text of a peer's.
pub(super) fn address(address: &Address, out: &mut Vec<u8>) {
    match address {
        Address::Inet(address) => datagram::address(*address, out),
        other => out.extend_from_slice(sanitize::line(&other.to_string()).as_bytes()),
    }
}
