//! One socket as the table shows it. Values only; every source of rows makes these.

use crate::event::table::{MemoryFields, Queues, TimerKind, UnixKind};
use crate::event::{Proto, State};
use crate::sys::tcp_info::{self, TcpInfo};
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::time::Duration;

/// Takes each row as it is decoded; nothing is kept. `Break` ends the dump.
pub(super) type Visit<'v> = dyn FnMut(&Row<'_>) -> ControlFlow<()> + 'v;

/// One socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row<'a> {
    /// TCP or UDP.
    Inet(InetRow<'a>),
    /// UNIX.
    Unix(UnixRow<'a>),
}

impl Row<'_> {
    /// Its state.
    #[must_use]
    pub const fn state(&self) -> State {
        match self {
            Self::Inet(row) => row.state,
            Self::Unix(row) => row.state,
        }
    }

    /// The inode its descriptors show.
    #[must_use]
    pub const fn inode(&self) -> u32 {
        match self {
            Self::Inet(row) => row.inode,
            Self::Unix(row) => row.inode,
        }
    }
}

/// A TCP or UDP socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InetRow<'a> {
    /// Its transport.
    pub proto: Proto,
    /// Our end; an IPv6 socket that carries IPv4 has mapped addresses.
    pub local: SocketAddr,
    /// The other end, unspecified with port 0 where there is none.
    pub peer: SocketAddr,
    /// Its state.
    pub state: State,
    /// Its queues.
    pub queues: Queues,
    /// Its owner.
    pub uid: u32,
    /// The inode its descriptors show; 0 when no descriptor leads to it (an orphan, TIME-WAIT, a connection not accepted yet).
    pub inode: u32,
    /// The number of the interface it is bound to, 0 for none.
    pub interface: u32,
    /// The kernel's name for this socket, never reused; 0 from a source that has none.
    pub cookie: u64,
    /// Its running timer.
    pub timer: Option<Timer>,
    /// The extended information, where it was asked for.
    pub extended: Extended<'a>,
}

/// A UNIX socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnixRow<'a> {
    /// Stream, datagram or sequenced packets.
    pub kind: UnixKind,
    /// LISTEN, ESTABLISHED, CLOSED; datagram sockets UNCONNECTED or CONNECTED.
    pub state: State,
    /// What it is bound to.
    pub name: UnixName<'a>,
    /// The inode its descriptors show.
    pub inode: u32,
    /// The inode of the socket it is connected to.
    pub peer: Option<u32>,
    /// Its queues.
    pub queues: Queues,
    /// Its owner (since Linux 5.3).
    pub uid: Option<u32>,
    /// As [`InetRow::cookie`].
    pub cookie: u64,
    /// Its memory, when asked for.
    pub memory: Option<MemoryFields>,
}

/// What a UNIX socket is bound to: bytes, not text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnixName<'a> {
    /// Nothing.
    Unnamed,
    /// A path, as it was given to bind(2).
    Path(&'a [u8]),
    /// A name outside the file system, without the zero byte in front.
    Abstract(&'a [u8]),
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

/// The extended information of a row; each part where the kernel gave it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extended<'a> {
    /// `struct tcp_info`, as long as this kernel makes it.
    pub info: Option<&'a [u8]>,
    /// Buffers and drops.
    pub memory: Option<MemoryFields>,
    /// The congestion control's name.
    pub congestion: Option<&'a [u8]>,
    /// IPv4's type of service.
    pub tos: Option<u8>,
    /// IPv6's traffic class.
    pub traffic_class: Option<u8>,
    /// Which directions are shut: 1 receiving, 2 sending.
    pub shutdown: u8,
    /// Whether an IPv6 socket refuses IPv4.
    pub v6only: Option<bool>,
}

impl Extended<'_> {
    /// [`Self::info`] decoded.
    #[must_use]
    pub fn tcp_info(&self) -> Option<TcpInfo> {
        self.info.filter(|bytes| !bytes.is_empty()).map(tcp_info::decode)
    }
}
