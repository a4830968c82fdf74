//! Answers as values: `struct inet_diag_msg` (`linux/inet_diag.h`). Pure, takes any bytes. Used by its siblings.

use super::netlink::{u16_at, u32_at};
use super::states::state_of;
use crate::event::{Proto, State};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::time::Duration;

/// Length of `struct inet_diag_msg`, the same in every kernel so far.
const INET_ROW: usize = 72;

/// What a socket's running timer waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimerKind {
    /// An acknowledgement; then the segment is sent again.
    Retransmit,
    /// A sign of life; then a keepalive probe is sent.
    Keepalive,
    /// The end of TIME-WAIT, or of an orphan's FIN-WAIT-2.
    TimeWait,
    /// The peer's window to open; then it is probed.
    Probe,
}

/// A running timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    /// What it waits for.
    pub kind: TimerKind,
    /// Until it fires.
    pub left: Duration,
    /// How often it fired for the same thing.
    pub fired: u8,
}

/// The fixed part of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Our end.
    pub local: SocketAddr,
    /// The other end, unspecified with port 0 where there is none.
    pub peer: SocketAddr,
    /// Its state.
    pub state: State,
    /// Its running timer.
    pub timer: Option<Timer>,
    /// 0 when no descriptor leads to the socket.
    pub inode: u32,
}

impl Head {
    /// Reads the fixed part; `None` if it is too short, of an unknown family or in an unknown state.
    pub fn read(proto: Proto, payload: &[u8]) -> Option<Self> {
        let head: &[u8; INET_ROW] = payload.first_chunk()?;
        let interface = u32_at(head, 40);
        Some(Self {
            local: address(head[0], &head[8..24], port_at(head, 4), interface)?,
            peer: address(head[0], &head[24..40], port_at(head, 6), interface)?,
            state: state_of(proto, head[1])?,
            timer: timer(head[2], head[3], u32_at(head, 52)),
            inode: u32_at(head, 68),
        })
    }
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

fn timer(kind: u8, fired: u8, millis: u32) -> Option<Timer> {
    let kind = match kind {
        1 => TimerKind::Retransmit,
        2 => TimerKind::Keepalive,
        3 => TimerKind::TimeWait,
        4 => TimerKind::Probe,
        _ => return None,
    };
    Some(Timer { kind, left: Duration::from_millis(millis.into()), fired })
}
