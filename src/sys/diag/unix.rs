//! UNIX sockets: `struct unix_diag_req` and `struct unix_diag_msg` (`linux/unix_diag.h`). Pure. Used by its siblings.

use super::channel::header;
use super::meminfo::memory;
use super::netlink::{self, BY_FAMILY, DUMP, HEADER, u32_at};
use super::row::{UnixName, UnixRow};
use super::states::{States, unix_state};
use crate::event::table::{Queues, UnixKind};
use crate::event::{Proto, State};

/// Length of `struct unix_diag_req`.
const REQUEST: usize = 24;
/// Length of `struct unix_diag_msg`.
const ROW: usize = 16;
const SHOW_NAME: u32 = 0x01;
const SHOW_PEER: u32 = 0x04;
const SHOW_QUEUES: u32 = 0x10;
const SHOW_MEMORY: u32 = 0x20;
const SHOW_UID: u32 = 0x40;

/// Asks for every UNIX socket that may be in one of the states.
pub(super) fn dump(states: States, extended: bool) -> Vec<u8> {
    let show = SHOW_NAME | SHOW_PEER | SHOW_QUEUES | SHOW_UID | if extended { SHOW_MEMORY } else { 0 };
    let mut bytes = Vec::with_capacity(HEADER + REQUEST);
    bytes.extend(header(BY_FAMILY, DUMP, REQUEST));
    bytes.extend([1, 0, 0, 0]); // AF_UNIX, any protocol
    bytes.extend(states.mask(Proto::Unix).to_ne_bytes());
    bytes.extend(0_u32.to_ne_bytes()); // any inode
    bytes.extend(show.to_ne_bytes());
    bytes.extend([0xff; 8]); // no cookie
    bytes
}

/// Reads one row; `None` if it is too short, of an unknown kind or in an unknown state.
pub(super) fn row(payload: &[u8]) -> Option<UnixRow<'_>> {
    let (head, rest) = payload.split_first_chunk::<ROW>()?;
    let kind = kind_of(head[1])?;
    let state = unix_state(kind, head[2])?;
    let mut row = UnixRow {
        kind,
        state,
        name: UnixName::Unnamed,
        inode: u32_at(head, 4),
        peer: None,
        queues: queues(state, 0, 0),
        uid: None,
        cookie: u64::from(u32_at(head, 8)) | u64::from(u32_at(head, 12)) << 32,
        memory: None,
    };
    for (attribute, value) in netlink::attributes(rest) {
        match attribute {
            0 => row.name = name(value),
            2 => row.peer = number(value).filter(|inode| *inode != 0),
            4 => {
                let second = value.get(4..).and_then(number).unwrap_or(0);
                row.queues = queues(state, number(value).unwrap_or(0), second);
            }
            5 => row.memory = Some(memory(value)),
            7 => row.uid = number(value),
            _ => {}
        }
    }
    Some(row)
}

/// A path may end with a zero byte or not, as it was given to bind(2).
fn name(value: &[u8]) -> UnixName<'_> {
    match value.split_first() {
        None => UnixName::Unnamed,
        Some((0, name)) => UnixName::Abstract(name),
        Some(_) => UnixName::Path(value.split(|b| *b == 0).next().unwrap_or(value)),
    }
}

/// The kind with this number (`SOCK_STREAM` and so on).
pub(super) const fn kind_of(number: u8) -> Option<UnixKind> {
    match number as i32 {
        libc::SOCK_STREAM => Some(UnixKind::Stream),
        libc::SOCK_DGRAM => Some(UnixKind::Dgram),
        libc::SOCK_SEQPACKET => Some(UnixKind::SeqPacket),
        _ => None,
    }
}

/// As for TCP, two numbers with two meanings.
pub(super) const fn queues(state: State, first: u32, second: u32) -> Queues {
    match state {
        State::Listen => Queues::Accept { accept_queue: first, accept_max: Some(second) },
        _ => Queues::Data { recv_queue: first, send_queue: second },
    }
}

fn number(value: &[u8]) -> Option<u32> {
    value.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes))
}
