//! The room and its connections. One thread owns them.
//!
//! Clients are read as their bytes arrive; what they said goes out in one flush of all connections, once every client whose
//! bytes had arrived was read. A connection that takes no more is left to its own task, which goes on when the socket is
//! writable.

use super::events;
use super::now::now;
use crate::chat::bus::Link;
use crate::chat::{Flushed, MemberId, Room, RoomEvent, Rules};
use crate::event::{Address, Events, MemberChange, Subject};
use crate::net::stream::ByteStream;
use crate::net::tap::Taps;
use crate::text::clock::Clock;
use crate::text::sanitize;
use std::cell::RefCell;
use std::io::{self, ErrorKind, IoSlice};
use std::mem;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::task::{Context, Waker};
use std::time::Instant;
use tokio::sync::Notify;

/// Bytes of one read; the buffer is shared, so a silent client costs none.
const READ: usize = 64 << 10;

/// The room, the connections, and the tasks that wait.
pub(super) struct ChatServer {
    pub(super) room: Room,
    /// By [`MemberId::index`].
    pub(super) connections: Vec<Option<Connection>>,
    pub(super) clock: Clock,
    pub(super) events: Events,
    pub(super) taps: Option<Rc<Taps>>,
    pub(super) buffer: Vec<u8>,
    /// Bytes that may be said between two flushes.
    pub(super) flush_every: u64,
    /// The room's place at the last flush.
    pub(super) flushed_at: u64,
    flush_requested: bool,
    flush_task: Option<Waker>,
    /// Senders that wait for a reader.
    pub(super) waiting_senders: Vec<Waker>,
    /// A reader is far behind.
    pub(super) pressed: Rc<Notify>,
    pub(super) opened: Instant,
    /// The server's own member, and the listener by which events name it.
    pub(super) transcript: Option<(MemberId, Subject)>,
    /// How the room is run.
    pub(super) rules: Rules,
    /// The link with other machines.
    pub(super) link: Option<Link>,
    /// The subject of the room on the bus, and the address of the bus.
    pub(super) bus: Option<(String, String)>,
    /// Something may wait to be sent to the bus.
    pub(super) bus_waiting: Rc<Notify>,
    /// The transcript may have grown.
    pub(super) transcript_grown: Rc<Notify>,
}

/// The server as its tasks share it.
pub(super) type Shared = Rc<RefCell<ChatServer>>;

/// A client's connection.
pub(super) struct Connection {
    id: MemberId,
    pub(super) stream: Rc<ByteStream>,
    /// Its task waits until the socket is writable.
    pub(super) blocked: bool,
    /// Why it is to be closed.
    pub(super) ending: Option<Ending>,
    /// Received and not taken by the room yet.
    pub(super) rest: Vec<u8>,
    pub(super) task: Option<Waker>,
}

/// Why a client leaves.
pub(super) enum Ending {
    /// It sent FIN.
    Left,
    /// `/quit`.
    Quit,
    /// It reads too slowly.
    TooSlow,
    /// The connection failed.
    Failed(io::Error),
}

impl ChatServer {
    /// A server without connections.
    pub(super) fn new(rules: Rules, events: Events, taps: Option<Rc<Taps>>) -> Self {
        Self {
            room: Room::new(rules),
            connections: Vec::new(),
            clock: Clock::local(),
            events,
            taps,
            buffer: vec![0; READ],
            flush_every: rules.slow_limit / 8,
            flushed_at: 0,
            flush_requested: false,
            flush_task: None,
            waiting_senders: Vec::new(),
            pressed: Rc::new(Notify::new()),
            opened: Instant::now(),
            transcript: None,
            rules,
            link: None,
            bus: None,
            bus_waiting: Rc::new(Notify::new()),
            transcript_grown: Rc::new(Notify::new()),
        }
    }

    /// Adds a client; the error says why it is refused.
    pub(super) fn join(&mut self, stream: &Rc<ByteStream>) -> Result<MemberId, String> {
        let socket = stream.socket_ref();
        let label = socket.peer().as_ref().map_or_else(|| socket.peer_name(), label);
        let id = self.room.join(&label, &self.clock.now())?;
        if let Some(link) = &mut self.link {
            link.joined(id, &label, now(self.opened));
        }
        if self.connections.len() <= id.index() {
            self.connections.resize_with(id.index() + 1, || None);
        }
        let stream = Rc::clone(stream);
        events::emit_change(&self.events, &stream, MemberChange::Join, None, None);
        self.connections[id.index()] =
            Some(Connection { id, stream, blocked: false, ending: None, rest: Vec::new(), task: None });
        self.request_flush();
        Ok(id)
    }

    /// What a client reads that is refused.
    pub(super) fn refusal(&mut self, why: &str) -> Vec<u8> {
        let stamp = self.clock.now();
        self.room.refusal(why, &stamp)
    }

    pub(super) fn connection(&mut self, id: MemberId) -> Option<&mut Connection> {
        self.connections.get_mut(id.index())?.as_mut()
    }

    /// Writes to all connections that are not blocked, and checks the lag of those that are.
    pub(super) fn flush_all(&mut self) {
        self.flush_requested = false;
        self.flushed_at = self.room.place();
        let stamp = self.clock.now();
        let (room, events) = (&mut self.room, &self.events);
        for connection in self.connections.iter_mut().flatten().filter(|c| c.ending.is_none()) {
            let (id, stream) = (connection.id, &connection.stream);
            let flushed = if connection.blocked {
                let mut report = |event: RoomEvent<'_>| events::emit(events, stream, &event);
                room.flush(id, &stamp, &mut report, |_| Err(ErrorKind::WouldBlock.into()))
            } else {
                flush(room, id, &stamp, stream, events)
            };
            match flushed {
                Ok(Flushed::All) if !connection.stream.has_unsent() => continue,
                Ok(Flushed::All | Flushed::Blocked) if connection.blocked => continue,
                Ok(Flushed::All | Flushed::Blocked) => connection.blocked = true,
                Ok(Flushed::TooSlow) => connection.ending = Some(Ending::TooSlow),
                Err(error) => connection.ending = Some(Ending::Failed(error)),
            }
            if let Some(task) = &connection.task {
                task.wake_by_ref();
            }
        }
        self.check_transcript(&stamp);
        self.room.trim();
        self.transcript_grown.notify_one();
        if self.link.is_some() {
            self.bus_waiting.notify_one();
        }
        self.request_measurement();
        self.wake_senders();
    }

    /// The flush task: flushes all connections whenever that is requested.
    pub(super) fn poll_flush(&mut self, cx: &Context<'_>) {
        if !self.flush_task.as_ref().is_some_and(|task| task.will_wake(cx.waker())) {
            self.flush_task = Some(cx.waker().clone());
        }
        if self.flush_requested {
            self.flush_all();
        }
    }

    /// Requests a flush once every client whose bytes had arrived was read.
    pub(super) fn request_flush(&mut self) {
        if !mem::replace(&mut self.flush_requested, true)
            && let Some(flush_task) = &self.flush_task
        {
            flush_task.wake_by_ref();
        }
    }
}

/// Writes what waits for one client.
pub(super) fn flush(
    room: &mut Room,
    id: MemberId,
    stamp: &str,
    stream: &ByteStream,
    events: &Events,
) -> io::Result<Flushed> {
    let mut report = |event: RoomEvent<'_>| events::emit(events, stream, &event);
    room.flush(id, stamp, &mut report, |slices| stream.try_write(slices))
}

/// Appends all of `slices` to `into`; returns their length.
pub(super) fn collect(slices: &[IoSlice<'_>], into: &mut Vec<u8>) -> usize {
    let before = into.len();
    for slice in slices {
        into.extend_from_slice(slice);
    }
    into.len() - before
}

/// A member's label: its address, an IPv4 address in its own form where the socket is for both families. A UNIX socket's name
/// is as hostile as any text of a client's.
pub(super) fn label(address: &Address) -> String {
    match address.inet().map(|inet| (inet.ip().to_canonical(), inet.port())) {
        Some((ip @ IpAddr::V4(_), port)) => SocketAddr::new(ip, port).to_string(),
        _ => sanitize::line(&address.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv4_client_of_a_socket_for_both_families_is_labelled_in_ipv4() {
        for (address, text) in [("[::ffff:10.0.0.1]:7", "10.0.0.1:7"), ("[::1]:7", "[::1]:7")] {
            assert_eq!(label(&address.parse::<SocketAddr>().unwrap().into()), text);
        }
    }
}
