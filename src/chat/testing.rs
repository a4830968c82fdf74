//! The hands of the room's tests: a room, who comes in, what is said and heard.

use super::*;
use std::io::{ErrorKind, IoSlice};
use std::net::SocketAddr;

pub(super) const STAMP: &str = "2026-11-21 23:24:25";

pub(super) fn rules() -> Rules {
    Rules {
        raw: false,
        announce: false,
        history: 0,
        max_clients: 100,
        max_line: 4096,
        slow: SlowPolicy::Disconnect,
        slow_limit: 1 << 20,
    }
}

pub(super) fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

pub(super) fn join(room: &mut Room, port: u16) -> Id {
    room.join(address(port), STAMP).unwrap()
}

pub(super) fn send(room: &mut Room, id: Id, text: &str) -> Verdict {
    room.receive(id, &mut text.as_bytes(), STAMP, &mut |_| ())
}

/// Lets `id` take up to `most` bytes.
pub(super) fn take(room: &mut Room, id: Id, most: usize) -> (Vec<u8>, Flow) {
    let mut got = Vec::new();
    let write = |slices: &[IoSlice<'_>]| {
        let before = got.len();
        for slice in slices {
            got.extend_from_slice(&slice[..slice.len().min(most - got.len())]);
        }
        if got.len() == before { Err(ErrorKind::WouldBlock.into()) } else { Ok(got.len() - before) }
    };
    let flow = room.flush(id, STAMP, &mut |_| (), write).unwrap();
    (got, flow)
}

pub(super) fn hear(room: &mut Room, id: Id) -> String {
    let (bytes, flow) = take(room, id, usize::MAX);
    assert_eq!(flow, Flow::Done);
    String::from_utf8_lossy(&bytes).replace(&format!("[{STAMP}]"), "[]")
}
