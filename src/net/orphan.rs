//! Whether a peer that sent FIN is still there: half-closed, or gone for good.

use crate::event::Proto;
use crate::sys::diag;
use crate::sys::socket::Tracked;

/// The number of the interface between two sockets of one machine; theirs may be bound to it (`--device lo`).
const LOOPBACK: u32 = 1;

/// Whether no process holds the peer's socket any more; `None` where that cannot be known, which is for every peer on
/// another machine: TCP tells the end of sending, not the end of reading.
#[must_use]
pub fn peer_is_gone(socket: &Tracked) -> Option<bool> {
    let (local, peer) = (socket.local()?, socket.peer()?);
    let same_machine = peer.ip().to_canonical().is_loopback() || peer.ip() == local.ip();
    if !same_machine {
        return None;
    }
    let found = diag::lookup(Proto::Tcp, peer, local, LOOPBACK).ok()?;
    Some(found.is_none_or(|found| found.inode == 0))
}
