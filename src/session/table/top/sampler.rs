//! What changed in the table from one frame to the next: rates, round-trip times, sockets that came and went. Pure.

use super::super::rows::{ends, unix_address};
use crate::event::top::{Frame, Mark, Rates, TopRow};
use crate::event::{Proto, State};
use crate::sys::diag::{InetRow, Row, UnixRow};
use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Round-trip times that are kept of a socket.
const HISTORY: usize = 48;

/// What names a socket for as long as it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    /// A connection, also when it rests in TIME-WAIT, where the kernel gives it another cookie.
    Connection(SocketAddr, SocketAddr, u32),
    /// Any other.
    Cookie(Proto, u64),
    /// Any other, from a source without cookies.
    Place(Proto, u32, SocketAddr),
    /// A UNIX socket.
    Unix(u32),
}

/// The sockets of the last frame.
#[derive(Default)]
pub(super) struct Sampler {
    known: HashMap<Key, Known>,
    last: Option<Instant>,
    number: u64,
}

/// A socket as it was.
struct Known {
    row: TopRow,
    /// Bytes received and acknowledged since the connection was opened.
    bytes: Option<(u64, u64)>,
    retransmits: u32,
    /// The number of the pass that saw it last.
    seen: u64,
}

/// One pass over the table.
#[derive(Clone, Copy)]
pub(super) struct Pass {
    number: u64,
    /// Since the pass before.
    elapsed: Option<Duration>,
}

impl Sampler {
    pub(super) fn begin(&mut self, now: Instant) -> Pass {
        let elapsed = self.last.map(|last| now.saturating_duration_since(last));
        self.last = Some(now);
        self.number += 1;
        Pass { number: self.number, elapsed }
    }

    pub(super) fn observe(&mut self, row: &Row<'_>, pass: Pass) {
        match row {
            Row::Inet(row) => self.inet(row, pass),
            Row::Unix(row) => self.unix(row, pass),
        }
    }

    fn inet(&mut self, row: &InetRow<'_>, pass: Pass) {
        let (local, peer) = ends(row);
        let key = match row.cookie {
            _ if row.proto == Proto::Tcp && peer.is_some() => {
                Key::Connection(row.local, row.peer, row.interface)
            }
            0 => Key::Place(row.proto, row.inode, row.local),
            cookie => Key::Cookie(row.proto, cookie),
        };
        let info = row.extended.tcp_info().filter(|_| row.state != State::Listen);
        let bytes = info.and_then(|info| Some((info.bytes_received()?, info.bytes_acked()?)));
        let found = Found {
            bytes,
            rtt: info.and_then(|info| info.rtt_us()),
            retransmits: info.and_then(|info| info.retransmits()).unwrap_or(0),
        };
        let room = row.extended.memory.map(|memory| (memory.recv_buffer, memory.send_buffer));
        let made = TopRow {
            proto: row.proto,
            state: row.state,
            local,
            peer,
            queues: row.queues,
            room,
            ..TopRow::of(row.inode)
        };
        self.keep(key, made, found, pass);
    }

    fn unix(&mut self, row: &UnixRow<'_>, pass: Pass) {
        let room = row.memory.map(|memory| (memory.recv_buffer, memory.send_buffer));
        let made = TopRow {
            proto: Proto::Unix,
            state: row.state,
            local: unix_address(row.name),
            queues: row.queues,
            room,
            ..TopRow::of(row.inode)
        };
        self.keep(Key::Unix(row.inode), made, Found::default(), pass);
    }

    fn keep(&mut self, key: Key, mut row: TopRow, found: Found, pass: Pass) {
        let known = self.known.get_mut(&key);
        row.mark = match &known {
            None if pass.elapsed.is_some() => Mark::New,
            Some(known) if known.row.state != row.state => Mark::Changed,
            _ => Mark::Same,
        };
        if let Some(known) = known {
            row.rtts = std::mem::take(&mut known.row.rtts);
            row.retransmits = found.retransmits.saturating_sub(known.retransmits);
            let both = known.bytes.zip(found.bytes).zip(pass.elapsed);
            row.rates = both.map(|((before, now), elapsed)| rates(before, now, elapsed));
        }
        row.rates = row.rates.or(found.bytes.map(|_| Rates::default()));
        if row.rtts.len() == HISTORY {
            row.rtts.remove(0);
        }
        row.rtts.extend(found.rtt);
        let known = Known { row, bytes: found.bytes, retransmits: found.retransmits, seen: pass.number };
        self.known.insert(key, known);
    }

    /// The frame: the sockets of this pass, and for the last time those that it did not see.
    pub(super) fn end(&mut self, pass: Pass) -> Frame {
        let mut frame = Frame::default();
        self.known.retain(|_, known| {
            let is_here = known.seen == pass.number;
            let mut row = known.row.clone();
            if !is_here {
                (row.mark, row.rates, row.retransmits) = (Mark::Gone, None, 0);
            } else if let Some(rates) = row.rates {
                frame.total.incoming += rates.incoming;
                frame.total.outgoing += rates.outgoing;
            }
            frame.rows.push(row);
            is_here
        });
        let here =
            |state: State| frame.rows.iter().filter(move |row| row.state == state && row.mark != Mark::Gone);
        let counts = State::ALL.into_iter().map(|state| (state, here(state).count() as u64));
        frame.counts = counts.filter(|(_, count)| *count > 0).collect();
        frame.rows.sort_by_cached_key(order);
        frame
    }
}

/// What the kernel says of a connection.
#[derive(Clone, Copy, Default)]
struct Found {
    bytes: Option<(u64, u64)>,
    rtt: Option<u32>,
    retransmits: u32,
}

fn rates(before: (u64, u64), now: (u64, u64), elapsed: Duration) -> Rates {
    let micros = elapsed.as_micros().max(1);
    let rate = |before: u64, now: u64| {
        u64::try_from(u128::from(now.saturating_sub(before)) * 1_000_000 / micros).unwrap_or(u64::MAX)
    };
    Rates { incoming: rate(before.0, now.0), outgoing: rate(before.1, now.1) }
}

/// The busiest first, then those with something in their queues, then by state and address.
fn order(row: &TopRow) -> (Reverse<u64>, Reverse<u64>, State, String, String) {
    use crate::event::table::Queues;
    let busy = row.rates.map_or(0, |rates| rates.incoming.saturating_add(rates.outgoing));
    let queued = match row.queues {
        Queues::Accept { accept_queue, .. } => u64::from(accept_queue),
        Queues::Data { recv_queue, send_queue } => u64::from(recv_queue) + u64::from(send_queue),
    };
    let text = |address: &Option<crate::event::Address>| {
        address.as_ref().map_or_else(String::new, ToString::to_string)
    };
    (Reverse(busy), Reverse(queued), row.state, text(&row.local), text(&row.peer))
}
