//! Whether the peer's own socket is in this machine's socket table: TCP shows the end of sending, not the end of reading.
//! A UNIX socket shows both.

use crate::event::Proto;
use crate::sys::diag;
use crate::sys::socket::Socket;

/// The number of the interface between two sockets of one machine; theirs may be bound to it (`--device lo`).
const LOOPBACK: u32 = 1;

/// Where the peer's own socket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// In this machine's socket table, held by a process.
    Here,
    /// In this machine's socket table, held by no process.
    Left,
    /// Not in this machine's socket table.
    Unseen,
    /// Unknown: the table could not be read this time.
    Unknown,
}

/// Where the other end of a connection is. Behind a redirect or address translation (NAT) it has other addresses and is not
/// seen.
#[must_use]
pub fn presence(socket: &Socket) -> Presence {
    if let Some(hung_up) = socket.is_hung_up() {
        return if hung_up { Presence::Left } else { Presence::Here };
    }
    let (Some(local), Some(peer)) = (socket.local_inet(), socket.peer_inet()) else {
        return Presence::Unseen;
    };
    match diag::lookup(Proto::Tcp, peer, local, LOOPBACK) {
        Ok(Some(found)) if found.inode != 0 => Presence::Here,
        Ok(Some(_)) => Presence::Left,
        Ok(None) => Presence::Unseen,
        Err(_) => Presence::Unknown,
    }
}
