//! Whether the peer's own socket is in this machine's socket table: TCP tells the end of sending, not the end of reading.

use super::relay::terms::Presence;
use crate::event::Proto;
use crate::sys::diag;
use crate::sys::socket::Tracked;

/// The number of the interface between two sockets of one machine; theirs may be bound to it (`--device lo`).
const LOOPBACK: u32 = 1;

/// Where the other end of a connection is. Behind a redirect or address translation (NAT) its addresses are others, and
/// it is not seen.
#[must_use]
pub fn presence(socket: &Tracked) -> Presence {
    let (Some(local), Some(peer)) = (socket.local(), socket.peer()) else { return Presence::Unseen };
    match diag::lookup(Proto::Tcp, peer, local, LOOPBACK) {
        Ok(Some(found)) if found.inode != 0 => Presence::Here,
        Ok(Some(_)) => Presence::Left,
        Ok(None) => Presence::Unseen,
        Err(_) => Presence::Unknown,
    }
}
