//! Answers as rows: `struct inet_diag_msg` and its attributes (`linux/inet_diag.h`). Pure, takes any bytes.

use super::meminfo::memory;
use super::netlink::{self, u16_at, u32_at};
use super::netlink::{BY_FAMILY, TCP_OLD};
use super::row::{Extended, InetRow, Row, Timer};
use super::states::state_of;
use super::unix;
use crate::event::table::{Queues, TimerKind};
use crate::event::{Proto, State};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::ops::ControlFlow;
use std::time::Duration;

/// Length of `struct inet_diag_msg`, the same in every kernel so far.
const INET_ROW: usize = 72;

/// How far an answer got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// This was the last of it.
    pub done: bool,
    /// The table changed during the dump; rows may be missing (`NLM_F_DUMP_INTR`).
    pub interrupted: bool,
    /// The visitor ended it.
    pub stopped: bool,
}

/// Gives each row in what one read returned to `visit`; `proto` is the table that was asked, which rows do not name.
/// Messages of other kinds and rows too short are passed over.
///
/// # Errors
/// The error that the kernel sends instead of rows, or at their end.
pub fn rows(
    proto: Proto,
    answer: &[u8],
    visit: &mut dyn FnMut(&Row<'_>) -> ControlFlow<()>,
) -> io::Result<Progress> {
    let mut progress = Progress::default();
    for message in netlink::messages(answer) {
        progress.interrupted |= i32::from(message.flags) & libc::NLM_F_DUMP_INTR != 0;
        match i32::from(message.kind) {
            libc::NLMSG_ERROR | libc::NLMSG_DONE => {
                progress.done = true;
                return message.errno().map_or(Ok(progress), Err);
            }
            kind if kind == i32::from(BY_FAMILY) || kind == i32::from(TCP_OLD) => {
                let row = match proto {
                    Proto::Unix => unix::row(message.payload).map(Row::Unix),
                    proto => inet(proto, message.payload).map(Row::Inet),
                };
                if row.is_some_and(|row| visit(&row).is_break()) {
                    progress.stopped = true;
                    return Ok(progress);
                }
            }
            _ => {}
        }
    }
    Ok(progress)
}

/// Reads one row; `None` if it is too short, of an unknown family or in an unknown state.
pub(super) fn inet(proto: Proto, payload: &[u8]) -> Option<InetRow<'_>> {
    let (head, rest) = payload.split_first_chunk::<INET_ROW>()?;
    let interface = u32_at(head, 40);
    let state = state_of(proto, head[1])?;
    let (recv, send) = (u32_at(head, 56), u32_at(head, 60));
    Some(InetRow {
        proto,
        local: address(head[0], &head[8..24], port_at(head, 4), interface)?,
        peer: address(head[0], &head[24..40], port_at(head, 6), interface)?,
        state,
        queues: match state {
            State::Listen => Queues::Accept { accept_queue: recv, accept_max: Some(send) },
            _ => Queues::Data { recv_queue: recv, send_queue: send },
        },
        uid: u32_at(head, 64),
        inode: u32_at(head, 68),
        interface,
        cookie: u64::from(u32_at(head, 44)) | u64::from(u32_at(head, 48)) << 32,
        timer: timer(head[2], head[3], u32_at(head, 52)),
        extended: extended(rest),
    })
}

fn port_at<const N: usize>(head: &[u8; N], at: usize) -> u16 {
    u16::from_be(u16_at(head, at))
}

fn address(family: u8, bytes: &[u8], port: u16, interface: u32) -> Option<SocketAddr> {
    match i32::from(family) {
        libc::AF_INET => {
            let ip: [u8; 4] = *bytes.first_chunk()?;
            Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::from(ip)), port))
        }
        libc::AF_INET6 => {
            let ip = Ipv6Addr::from(*bytes.first_chunk::<16>()?);
            let scope = if ip.is_unicast_link_local() { interface } else { 0 };
            Some(SocketAddr::V6(SocketAddrV6::new(ip, port, 0, scope)))
        }
        _ => None,
    }
}

pub(super) fn timer(kind: u8, fired: u8, millis: u32) -> Option<Timer> {
    let kind = match kind {
        1 => TimerKind::Retransmit,
        2 => TimerKind::Keepalive,
        3 => TimerKind::TimeWait,
        4 => TimerKind::Probe,
        _ => return None,
    };
    Some(Timer { kind, left: Duration::from_millis(millis.into()), fired })
}

fn extended(attributes: &[u8]) -> Extended<'_> {
    let mut extended = Extended::default();
    for (kind, value) in netlink::attributes(attributes) {
        match kind {
            2 => extended.info = Some(value),
            4 => extended.congestion = value.split(|b| *b == 0).next(),
            5 => extended.tos = value.first().copied(),
            6 => extended.traffic_class = value.first().copied(),
            7 => extended.memory = Some(memory(value)),
            8 => extended.shutdown = value.first().copied().unwrap_or(0),
            11 => extended.v6only = value.first().map(|b| *b != 0),
            _ => {}
        }
    }
    extended
}
