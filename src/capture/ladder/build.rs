//! The steps of conversations from events.

use super::implied::implied;
use super::{CONVERSATIONS, Conversation, Ladder, STEPS, Side, Step, What};
use crate::event::{Dir, Event, PacketFields, Proto, Record, Role, State, Subject};
use crate::text::number::counted;
use jiff::Timestamp;
use std::collections::HashMap;

/// Takes the events of a run in the order of their times.
#[derive(Default)]
pub struct LadderBuilder {
    conversations: Vec<Drawn>,
    by_conn: HashMap<u32, usize>,
    left_out: usize,
    has_packets: bool,
}

/// A conversation, and what is needed to go on with it.
struct Drawn {
    conversation: Conversation,
    began: Timestamp,
    /// Loopback loses nothing: what is sent again there arrived twice.
    loses: bool,
    /// Of packets that arrived: the place of the step, and the changes of state that are to stand right after it.
    expected: Vec<(usize, State, State)>,
}

impl LadderBuilder {
    /// Adds an event; those that no diagram shows change nothing.
    pub fn add(&mut self, record: &Record) {
        match &record.event {
            Event::State { socket, from, to, .. }
                if !matches!(socket.role, Role::Listener) && *to != State::Listen =>
            {
                if let Some(at) = self.conversation(socket, record.ts) {
                    self.conversations[at].state(socket, *from, *to, record.ts);
                }
            }
            Event::Packet { socket, packet } => {
                self.has_packets = true;
                if let Some(at) = self.conversation(socket, record.ts) {
                    self.conversations[at].packet(socket, packet, record.ts);
                }
            }
            _ => {}
        }
    }

    fn conversation(&mut self, socket: &Subject, ts: Timestamp) -> Option<usize> {
        if let Some(at) = self.by_conn.get(&socket.conn) {
            return Some(*at);
        }
        let (local, peer) = (socket.local.as_ref()?, socket.peer.as_ref()?);
        if self.conversations.len() >= CONVERSATIONS {
            self.left_out += 1;
            return None;
        }
        let (client, server) = if socket.role == Role::Client { (local, peer) } else { (peer, local) };
        let conversation = Conversation {
            conn: socket.conn,
            proto: socket.proto,
            client: client.to_string(),
            server: server.to_string(),
            steps: Vec::new(),
            left_out: 0,
        };
        let loses = peer.inet().is_some_and(|peer| !peer.ip().to_canonical().is_loopback());
        let at = self.conversations.len();
        self.conversations.push(Drawn { conversation, began: ts, loses, expected: Vec::new() });
        self.by_conn.insert(socket.conn, at);
        Some(at)
    }

    /// The drawing.
    #[must_use]
    pub fn finish(self) -> Ladder {
        let has_packets = self.has_packets;
        let conversations = self.conversations.into_iter().map(|drawn| {
            let mut conversation = drawn.conversation;
            if !has_packets && conversation.proto == Proto::Tcp {
                conversation.steps = implied(&conversation.steps);
            }
            conversation
        });
        Ladder { conversations: conversations.collect(), left_out: self.left_out, has_packets }
    }
}

impl Drawn {
    fn push(&mut self, at: Timestamp, what: What) -> Option<usize> {
        if self.conversation.steps.len() >= STEPS {
            self.conversation.left_out += 1;
            return None;
        }
        let at = i64::try_from((at.as_nanosecond() - self.began.as_nanosecond()) / 1000)
            .unwrap_or_default()
            .max(0);
        self.conversation.steps.push(Step { at, what });
        Some(self.conversation.steps.len() - 1)
    }

    /// A change of state stands right after the packet that caused it, though it was observed a moment later.
    fn state(&mut self, socket: &Subject, from: State, to: State, ts: Timestamp) {
        let what = What::State { side: side(socket), from, to };
        let cause = self.expected.iter().position(|(_, left, entered)| (*left, *entered) == (from, to));
        let Some(cause) = cause.map(|at| self.expected.remove(at).0) else {
            self.push(ts, what);
            return;
        };
        let steps = &mut self.conversation.steps;
        let after = |step: &Step| matches!(step.what, What::State { .. });
        let place = cause + 1 + steps[cause + 1..].iter().take_while(|step| after(step)).count();
        let at = steps[cause].at;
        steps.insert(place, Step { at, what });
        for (packet, ..) in &mut self.expected {
            *packet += usize::from(*packet >= place);
        }
    }

    fn packet(&mut self, socket: &Subject, packet: &PacketFields, ts: Timestamp) {
        let own = side(socket);
        let from = if packet.dir == Some(Dir::In) { own.other() } else { own };
        let (words, note) = (packet_words(packet), packet.note.clone().filter(|_| packet.carries.is_none()));
        let what = What::Packet { from, words, note, lost: false, implied: false };
        if let Some(at) = self.push(ts, what) {
            self.expected.extend(packet.moved.iter().map(|(from, to)| (at, *from, *to)));
        }
        if self.loses && packet.note.as_deref() == Some("retransmission") {
            self.mark_lost(from, packet);
        }
    }

    /// The first sending of what is sent again got lost, if it is the same.
    fn mark_lost(&mut self, from: Side, packet: &PacketFields) {
        let again = packet_words(packet);
        let mut earlier = self.conversation.steps.iter_mut().rev().skip(1);
        let first = earlier.find_map(|step| match &mut step.what {
            What::Packet { from: side, words, lost, .. } if *side == from && *words == again => Some(lost),
            _ => None,
        });
        if let Some(lost) = first {
            *lost = true;
        }
    }
}

const fn side(socket: &Subject) -> Side {
    match socket.role {
        Role::Client => Side::Left,
        Role::Server | Role::Listener => Side::Right,
    }
}

/// The flags and numbers of a packet: `SYN ACK seq 0 ack 1`.
#[must_use]
pub fn packet_words(packet: &PacketFields) -> String {
    let bytes = |len: u32| counted(len.into(), "byte", "bytes");
    let Some(flags) = &packet.flags else {
        return match (&packet.carries, &packet.note, packet.len) {
            (Some(carries), Some(note), _) => format!("{} {note}", carries.to_uppercase()),
            (_, _, Some(len)) => format!("UDP {}", bytes(len)),
            _ => "packet".to_owned(),
        };
    };
    let (seq, len) = (packet.seq.unwrap_or_default(), packet.len.unwrap_or_default());
    let flags = flags.join(" ");
    match (len, packet.ack) {
        (0, Some(ack)) if flags == "ACK" => format!("ACK {ack}"),
        (0, Some(ack)) => format!("{flags} seq {seq} ack {ack}"),
        (0, None) => format!("{flags} seq {seq}"),
        (len, _) => format!("{flags} seq {seq}, {}", bytes(len)),
    }
}
