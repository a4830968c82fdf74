//! Helpers of the room's tests: rules, and members that join, send and read.

use super::*;
use std::io::{ErrorKind, IoSlice};

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

pub(super) fn label(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

pub(super) fn join(room: &mut Room, port: u16) -> MemberId {
    room.join(&label(port), STAMP).unwrap()
}

pub(super) fn send(room: &mut Room, id: MemberId, text: &str) -> Received {
    room.receive(id, &mut text.as_bytes(), STAMP, &mut |_| ())
}

/// Writes up to `most` bytes to `id`.
pub(super) fn take(room: &mut Room, id: MemberId, most: usize) -> (Vec<u8>, Flushed) {
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

pub(super) fn read(room: &mut Room, id: MemberId) -> String {
    let (bytes, flow) = take(room, id, usize::MAX);
    assert_eq!(flow, Flushed::All);
    String::from_utf8_lossy(&bytes).replace(&format!("[{STAMP}]"), "[]")
}
