//! A room of the chat, and those who join it.

use super::{Peer, Running};

/// Joins and waits until the room knows, so that whoever comes next comes next.
pub fn join(room: &Running) -> Peer {
    let peer = Peer::connect(room.address());
    let who = peer.local().to_string();
    room.wait_for("a member", |e| e.is("member") && e["what"] == "join" && e["peer"] == *who);
    peer
}
