//! The addresses of a socket as text.

use super::datagram;
use crate::event::{Address, Role, Subject};
use crate::text::sanitize;

/// Appends what a socket is for and its addresses, the local end first: `client 127.0.0.1:50000 → 127.0.0.1:80`.
pub(super) fn birth(socket: &Subject, out: &mut Vec<u8>) {
    let (role, arrow) = match socket.role {
        Role::Listener => ("listener", " ← "),
        Role::Client => ("client", " → "),
        Role::Server => ("server", " ← "),
    };
    out.extend_from_slice(role.as_bytes());
    if let Some(local) = &socket.local {
        out.push(b' ');
        address(local, out);
    }
    if let Some(peer) = &socket.peer {
        out.extend_from_slice(arrow.as_bytes());
        address(peer, out);
    }
}

/// Appends an address; a UNIX socket's name is as hostile as any text of a peer's.
pub(super) fn address(address: &Address, out: &mut Vec<u8>) {
    match address {
        Address::Inet(address) => datagram::address(*address, out),
        other => out.extend_from_slice(sanitize::line(&other.to_string()).as_bytes()),
    }
}
