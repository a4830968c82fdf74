//! A frame of the live view of the socket table: values, drawn by `output`.

use super::table::Queues;
use super::{Address, Proto, State};
use std::time::Duration;

/// Everything that one frame shows.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// Columns of the terminal.
    pub columns: usize,
    /// Its lines.
    pub lines: usize,
    /// From one frame to the next.
    pub every: Duration,
    /// How many sockets are in each state, in the order of [`State::ALL`].
    pub counts: Vec<(State, u64)>,
    /// Bytes a second of all of them, in and out.
    pub total: Rates,
    /// The sockets, busiest first.
    pub rows: Vec<TopRow>,
    /// Whether processes are shown.
    pub processes: bool,
    /// What is wrong with the rows.
    pub note: Option<String>,
}

/// Bytes a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Received.
    pub incoming: u64,
    /// Acknowledged by the peer.
    pub outgoing: u64,
}

/// A socket of the live view.
#[derive(Clone, Debug)]
pub struct TopRow {
    /// Its transport.
    pub proto: Proto,
    /// Its state.
    pub state: State,
    /// Our end.
    pub local: Option<Address>,
    /// The other end.
    pub peer: Option<Address>,
    /// Its queues.
    pub queues: Queues,
    /// The room for received bytes and for bytes to send, where it is known.
    pub room: Option<(u32, u32)>,
    /// Of a connection since the last frame; `None` where the kernel does not count.
    pub rates: Option<Rates>,
    /// Round-trip times in microseconds, one a frame, the last one now.
    pub rtts: Vec<u32>,
    /// Segments retransmitted since the last frame.
    pub retransmits: u32,
    /// Its processes, where they are shown.
    pub processes: Option<String>,
    /// What happened to it since the last frame.
    pub mark: Mark,
    /// Its inode, 0 where it has none.
    pub inode: u32,
}

impl TopRow {
    /// A UNIX socket without a name of which nothing but its inode is known.
    #[must_use]
    pub const fn of(inode: u32) -> Self {
        Self {
            proto: Proto::Unix,
            state: State::Closed,
            local: None,
            peer: None,
            queues: Queues::Data { recv_queue: 0, send_queue: 0 },
            room: None,
            rates: None,
            rtts: Vec::new(),
            retransmits: 0,
            processes: None,
            mark: Mark::Same,
            inode,
        }
    }
}

/// What happened to a socket since the last frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Nothing but its figures.
    Same,
    /// It appeared.
    New,
    /// Its state changed.
    Changed,
    /// It is gone; this is how it was.
    Gone,
}
