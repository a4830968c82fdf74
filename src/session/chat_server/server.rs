//! The room with its doors: reads what clients send, writes what they have still to be told. One thread owns it.
//!
//! Clients are read as they come; what they said goes out in one pass over all of them, after everybody whose bytes
//! had arrived was read. Who takes no more is left to its own task, which goes on when the socket has room.

use super::events;
use crate::chat::{Flow, Id, Room, Rules};
use crate::event::{Events, MemberChange, Subject};
use crate::net::stream::Stream;
use crate::text::clock::Clock;
use std::cell::RefCell;
use std::io::{self, ErrorKind, IoSlice};
use std::mem;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Bytes of one read; the buffer is shared, so a silent client costs none.
const READ: usize = 64 << 10;

/// How often the readers are looked at while it is to be found out how fast one is.
const REVIEW: Duration = Duration::from_millis(50);
/// How often where all that are far behind are known to be slow.
const REST: Duration = Duration::from_secs(1);

/// The room, the connections, and who waits for what.
pub(super) struct ChatServer {
    pub(super) room: Room,
    /// By [`Id::index`].
    pub(super) connections: Vec<Option<Connection>>,
    pub(super) clock: Clock,
    pub(super) events: Events,
    pub(super) buffer: Vec<u8>,
    /// Bytes that may be said between two passes.
    pub(super) pass_every: u64,
    /// Where the room was at the last pass.
    pub(super) passed: u64,
    pass_wanted: bool,
    flush_task: Option<Waker>,
    /// Talkers that wait until the room is less crowded.
    pub(super) held_back: Vec<Waker>,
    /// Rings when a reader is far behind.
    pressed: Rc<Notify>,
    opened: Instant,
    /// Our own seat: the transcript's, or the operator's who reads it.
    pub(super) transcript: Option<(Id, Subject)>,
    /// Rings when the transcript may have grown.
    pub(super) said: Rc<Notify>,
}

/// The room as its tasks share it.
pub(super) type Shared = Rc<RefCell<ChatServer>>;

/// A client's place in the hall.
pub(super) struct Connection {
    id: Id,
    pub(super) stream: Rc<Stream>,
    /// Its task waits for room in the socket.
    pub(super) blocked: bool,
    /// Why it has to go.
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
    /// An empty hall.
    pub(super) fn new(rules: Rules, events: Events) -> Self {
        Self {
            room: Room::new(rules),
            connections: Vec::new(),
            clock: Clock::local(),
            events,
            buffer: vec![0; READ],
            pass_every: rules.slow_limit / 8,
            passed: 0,
            pass_wanted: false,
            flush_task: None,
            held_back: Vec::new(),
            pressed: Rc::new(Notify::new()),
            opened: Instant::now(),
            transcript: None,
            said: Rc::new(Notify::new()),
        }
    }

    /// Seats a client; why not otherwise.
    pub(super) fn enter(&mut self, stream: &Rc<Stream>) -> Result<Id, String> {
        let Some(peer) = stream.socket_ref().peer() else { return Err("it has no address".to_owned()) };
        let id = self.room.join(peer, &self.clock.now())?;
        if self.connections.len() <= id.index() {
            self.connections.resize_with(id.index() + 1, || None);
        }
        let stream = Rc::clone(stream);
        events::tell_change(&self.events, &stream, MemberChange::Join, None, None);
        self.connections[id.index()] =
            Some(Connection { id, stream, blocked: false, ending: None, rest: Vec::new(), task: None });
        self.want_pass();
        Ok(id)
    }

    /// What a client is told that is not let in.
    pub(super) fn refusal(&mut self, why: &str) -> Vec<u8> {
        let stamp = self.clock.now();
        self.room.refusal(why, &stamp)
    }

    /// Writes to everybody who is not blocked, and looks who of the others is too far behind.
    pub(super) fn flush_all(&mut self) {
        self.pass_wanted = false;
        self.passed = self.room.place();
        let stamp = self.clock.now();
        let (room, events) = (&mut self.room, &self.events);
        for connection in
            self.connections.iter_mut().flatten().filter(|connection| connection.ending.is_none())
        {
            let flow = if connection.blocked {
                let mut tell =
                    |what: crate::chat::RoomEvent<'_>| events::tell(events, &connection.stream, &what);
                room.flush(connection.id, &stamp, &mut tell, |_| Err(ErrorKind::WouldBlock.into()))
            } else {
                deliver(room, connection.id, &stamp, &connection.stream, events)
            };
            match flow {
                Ok(Flow::Done) => continue,
                Ok(Flow::Blocked) if connection.blocked => continue,
                Ok(Flow::Blocked) => connection.blocked = true,
                Ok(Flow::TooSlow) => connection.ending = Some(Ending::TooSlow),
                Err(error) => connection.ending = Some(Ending::Failed(error)),
            }
            if let Some(task) = &connection.task {
                task.wake_by_ref();
            }
        }
        self.watch_transcript(&stamp);
        self.room.trim();
        self.said.notify_one();
        self.want_review();
        self.release_talkers();
    }

    /// The courier's turn: a pass whenever one is wanted.
    pub(super) fn courier_turn(&mut self, cx: &mut Context<'_>) {
        if !self.flush_task.as_ref().is_some_and(|task| task.will_wake(cx.waker())) {
            self.flush_task = Some(cx.waker().clone());
        }
        if self.pass_wanted {
            self.flush_all();
        }
    }

    /// Asks for a pass once everybody whose bytes had arrived was read.
    pub(super) fn want_pass(&mut self) {
        if !mem::replace(&mut self.pass_wanted, true)
            && let Some(flush_task) = &self.flush_task
        {
            flush_task.wake_by_ref();
        }
    }

    /// Measures how fast the readers that are far behind read.
    pub(super) fn review(&mut self) {
        let connections = &self.connections;
        self.room.review(self.opened.elapsed(), |id, written| {
            let connection = connections.get(id.index()).and_then(Option::as_ref);
            written
                - connection
                    .map_or(0, |connection| connection.stream.socket_ref().unacknowledged())
                    .min(written)
        });
        // One that is found too slow is told so even if nobody talks.
        self.want_pass();
        self.release_talkers();
    }

    /// When to review next, if there is a reason to.
    pub(super) fn review_in(&self) -> Option<Duration> {
        match (self.room.is_pressed(), self.room.is_measured()) {
            (true, _) => Some(REVIEW),
            (false, true) => Some(REST),
            (false, false) => None,
        }
    }

    /// Whether it is to be found out how fast a reader is.
    pub(super) const fn is_pressed(&self) -> bool {
        self.room.is_pressed()
    }

    /// Has the readers reviewed where one is behind that was not before.
    pub(super) fn want_review(&self) {
        if self.room.is_pressed() {
            self.pressed.notify_one();
        }
    }

    /// Ready once the talkers need not wait.
    pub(super) fn poll_calm(&mut self, cx: &Context<'_>) -> Poll<()> {
        if !self.room.crowded() {
            return Poll::Ready(());
        }
        self.held_back.push(cx.waker().clone());
        Poll::Pending
    }

    pub(super) fn release_talkers(&mut self) {
        if !self.room.crowded() {
            self.held_back.drain(..).for_each(Waker::wake);
        }
    }

    pub(super) fn connection(&mut self, id: Id) -> Option<&mut Connection> {
        self.connections.get_mut(id.index())?.as_mut()
    }

    /// Rings when a reader is far behind.
    pub(super) fn pressed(&self) -> Rc<Notify> {
        Rc::clone(&self.pressed)
    }
}

/// Writes what waits for one client.
pub(super) fn deliver(
    room: &mut Room,
    id: Id,
    stamp: &str,
    stream: &Stream,
    events: &Events,
) -> io::Result<Flow> {
    let socket = stream.socket_ref();
    let mut tell = |what: crate::chat::RoomEvent<'_>| events::tell(events, stream, &what);
    room.flush(id, stamp, &mut tell, |parts| match parts {
        [one] => socket.send(one),
        many => socket.send_vectored(many),
    })
}

/// Takes everything; how much it was.
pub(super) fn collect(parts: &[IoSlice<'_>], into: &mut Vec<u8>) -> usize {
    let before = into.len();
    for part in parts {
        into.extend_from_slice(part);
    }
    into.len() - before
}
