//! The link of a room with its other machines: what goes out, and its state. Pure.

use super::envelope::{Entry, Message, Subject, VERSION, origin, plain};
use super::outbox::{Batch, Outbox};
use super::peer::Peers;
use crate::chat::rules::OPERATOR;
use crate::chat::{MemberId, Room, RoomEvent, RoomEventKind};
use crate::text::clock::{Clock, Stamp};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::Duration;

/// Bytes of messages other than lines that may wait to be sent.
const QUEUE: usize = 4 << 20;

/// How a link works.
#[derive(Clone, Debug)]
pub struct LinkConfig {
    /// What other machines call this one: a host and a port.
    pub machine: String,
    /// 16 random bytes.
    pub random: [u8; 16],
    /// Bytes of lines that are kept for machines that missed them.
    pub limit: u64,
    /// Bytes of a line's text at most.
    pub max_line: usize,
}

/// The time: since any origin, and of the clock.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Never goes back.
    pub uptime: Duration,
    /// As shown.
    pub wall: Timestamp,
}

/// A message to send.
#[derive(Debug)]
pub struct Outgoing {
    /// Where to.
    pub subject: Subject,
    /// JSON.
    pub payload: Vec<u8>,
}

/// What a link reports.
#[derive(Debug, PartialEq, Eq)]
pub enum LinkEvent {
    /// Lines of another machine did not arrive.
    Lost {
        /// Its name.
        machine: String,
        /// How many.
        lines: u64,
    },
    /// Lines said here were forgotten before the bus took them.
    Unsent(u64),
    /// A member of this machine lost its nick to an older claim.
    NickLost(MemberId, String),
    /// Messages were refused, the last one for this reason.
    Refused(u64, &'static str),
}

/// Takes the events of a call.
pub type LinkReport<'a> = &'a mut dyn FnMut(LinkEvent);

/// What a call works on: the room, the time, and who takes its events.
pub(super) struct Context<'a> {
    pub(super) room: &'a mut Room,
    pub(super) now: Now,
    pub(super) report: LinkReport<'a>,
}

/// See the module.
pub struct Link {
    /// What other machines call this one.
    machine: String,
    pub(super) max_line: usize,
    pub(super) origin: String,
    pub(super) outbox: Outbox,
    pub(super) peers: Peers,
    pub(super) connected: bool,
    queue: VecDeque<Outgoing>,
    queued: usize,
    /// Bytes of answers that may still be given before the next tick.
    pub(super) answers: usize,
    /// When this machine was last announced.
    pub(super) told: Option<Duration>,
    pub(super) refused: (u64, &'static str),
    utc: Clock,
    local: Clock,
    /// The time of the last entry as text, and as shown.
    shown: Option<(String, Stamp)>,
}

impl Link {
    /// A link that is connected, before its first message.
    #[must_use]
    pub fn new(config: &LinkConfig) -> Self {
        let outbox = Outbox::new(config.limit);
        Self {
            machine: plain(&config.machine),
            max_line: config.max_line,
            origin: origin(config.random),
            outbox,
            peers: Peers::default(),
            connected: true,
            queue: VecDeque::new(),
            queued: 0,
            answers: 0,
            told: None,
            refused: (0, ""),
            utc: Clock::new(TimeZone::UTC),
            local: Clock::local(),
            shown: None,
        }
    }

    /// Whether the bus is there.
    #[must_use]
    pub const fn is_connected(&self) -> bool {
        self.connected
    }

    /// Where this machine listens, below the room's subject.
    #[must_use]
    pub fn subjects(&self) -> [Subject; 4] {
        let origin = &self.origin;
        [Subject::Room, Subject::Presence, Subject::Again(origin.clone()), Subject::To(origin.clone())]
    }

    /// Tells the others what a member of this machine did.
    pub fn happened(&mut self, event: &RoomEvent<'_>, now: Now) {
        match event.kind {
            RoomEventKind::Line(text) => {
                self.tell("", event.id, event.label, event.nick, &String::from_utf8_lossy(text), now);
            }
            RoomEventKind::Nick(_) => self.tell("nick", event.id, event.label, event.nick, "", now),
            RoomEventKind::Truncated(_) | RoomEventKind::Skipped(_) => {}
        }
    }

    /// Tells the others that a member joined.
    pub fn joined(&mut self, id: MemberId, label: &str, now: Now) {
        self.tell("join", id, label, None, "", now);
    }

    /// Tells the others that a member left, and why.
    pub fn left(&mut self, id: MemberId, label: &str, nick: Option<&str>, why: Option<&str>, now: Now) {
        self.tell("leave", id, label, nick, why.unwrap_or_default(), now);
    }

    /// Tells the others that a member has no nick any more.
    pub fn lost_nick(&mut self, id: MemberId, label: &str, now: Now) {
        self.tell("nick", id, label, None, "", now);
    }

    fn tell(&mut self, what: &str, id: MemberId, label: &str, nick: Option<&str>, text: &str, now: Now) {
        let time = format!("{}Z", &*self.utc.stamp(now.wall));
        let (nick, address) = (public_nick(nick), public_label(label));
        // What a line says of a nick was said when it was taken.
        let claimed = if what == "nick" && !nick.is_empty() { now.wall.as_millisecond() } else { 0 };
        let member = number(id);
        let (time, what, text) = (time.into(), what.into(), text.into());
        self.outbox.push(&Entry { time, what, nick: nick.into(), address, text, member, claimed });
    }

    /// The next message to send; `None` if there is none now.
    pub fn next_message(&mut self) -> Option<Outgoing> {
        if !self.connected {
            return None;
        }
        if let Some(outgoing) = self.queue.pop_front() {
            self.queued -= outgoing.payload.len();
            return Some(outgoing);
        }
        let batch = self.outbox.next_batch()?;
        Some(Outgoing { subject: Subject::Room, payload: self.lines(&batch, 0) })
    }

    /// A message of lines; in an answer `next` is the number of the next line, otherwise 0.
    pub(super) fn lines(&self, batch: &Batch, next: u64) -> Vec<u8> {
        let mut head = self.head("lines");
        (head.first, head.next) = (batch.first, next);
        let mut payload = json(&head);
        payload.pop();
        payload.extend_from_slice(b",\"lines\":[");
        payload.extend_from_slice(batch.body.as_bytes());
        payload.extend_from_slice(b"]}");
        payload
    }

    pub(super) fn head(&self, kind: &'static str) -> Message<'_> {
        let (origin, machine) = (Cow::Borrowed(&*self.origin), Cow::Borrowed(&*self.machine));
        Message { v: VERSION, kind: kind.into(), origin, machine, ..Message::default() }
    }

    /// Sends a message before the lines that wait; one too many is dropped, as the bus may drop any.
    pub(super) fn send(&mut self, subject: Subject, payload: Vec<u8>) {
        if self.connected && self.queued + payload.len() <= QUEUE {
            self.queued += payload.len();
            self.queue.push_back(Outgoing { subject, payload });
        }
    }

    /// Notes that the bus is lost.
    pub fn disconnected(&mut self) {
        self.connected = false;
        self.queue.clear();
        self.queued = 0;
    }

    /// How another machine's time is shown here; the time it is, where it is malformed.
    pub(super) fn shown(&mut self, time: &str, now: Now) -> Stamp {
        if let Some((text, stamp)) = &self.shown
            && text == time
        {
            return *stamp;
        }
        let Ok(wall) = time.parse() else { return self.local.stamp(now.wall) };
        let stamp = self.local.stamp(wall);
        self.shown = Some((time.to_owned(), stamp));
        stamp
    }
}

/// A member's number among the machines.
pub(super) fn number(id: MemberId) -> u32 {
    u32::try_from(id.index()).unwrap_or(u32::MAX)
}

/// A nick as others may read it: each room has its own operator.
pub(super) fn public_nick(nick: Option<&str>) -> &str {
    nick.filter(|&nick| nick != OPERATOR).unwrap_or_default()
}

/// A label as others accept it.
pub(super) fn public_label(label: &str) -> Cow<'_, str> {
    let ordinary = |b: u8| b.is_ascii_alphanumeric() || b".:[]".contains(&b);
    if label.bytes().all(ordinary) { label.into() } else { plain(label).into() }
}

/// The JSON of a message.
pub(super) fn json(message: &Message<'_>) -> Vec<u8> {
    // Numbers and texts are always JSON.
    serde_json::to_vec(message).unwrap_or_default()
}
