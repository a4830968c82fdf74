//! The rows of each event.

use super::lanes::Kind;
use super::{Drawing, ends, side};
use crate::capture::{implied_segment, packet_words};
use crate::event::ladder::Ladder as _;
use crate::event::{Dir, Event, Op, Outcome, PacketFields, Role, State, Subject, Via};
use crate::output::explain;
use crate::text::language::{Language, Phrase};
use crate::text::sanitize;
use crate::text::shorten::{columns, shorten};
use std::io::{self, Write};

/// The most that is quoted of what a segment carries, columns.
const QUOTED: usize = 120;
/// What an arrow alone counts to be read, characters.
const ARROW: usize = 10;

const CAPTURED: Phrase = Phrase::new(
    "{} packets captured, {} dropped by the kernel",
    "{} pacotes capturados, {} descartados pelo kernel",
);

impl<W: Write + Send> Drawing<W> {
    /// Draws an event; returns how much of it there is to read.
    pub(super) fn draw(&mut self, event: &Event) -> io::Result<usize> {
        match event {
            Event::State { .. } => self.state(event),
            Event::Packet { socket, packet } => self.packet(socket, packet),
            Event::Datagram { socket, dir: Dir::Out, len } if self.implied && socket.peer.is_some() => {
                self.turn_to(socket, None)?;
                let label = format!("UDP, {len} bytes ({})", self.say(explain::IMPLIED));
                self.lanes().arrow(side(socket), &label, Kind::Carries, true, &mut self.out)?;
                Ok(ARROW)
            }
            Event::Accept { socket, .. } => self.sentence(socket, None, self.say(explain::ACCEPTED)),
            Event::Target {
                conn: Some(conn),
                proto,
                local: Some(local),
                peer: Some(peer),
                outcome: Outcome::Connected,
                ..
            } => {
                let (local, peer) = (Some(local.clone()), Some(peer.clone()));
                let socket = Subject { conn: *conn, proto: *proto, local, peer, role: Role::Client };
                self.sentence(&socket, None, self.say(explain::LOCAL_PORT))
            }
            Event::Capture { captured, dropped, .. } => {
                let counts = self.say(CAPTURED).replacen("{}", &captured.to_string(), 1);
                self.hint(&counts.replacen("{}", &dropped.to_string(), 1))
            }
            _ => Ok(0),
        }
    }

    fn state(&mut self, event: &Event) -> io::Result<usize> {
        let Event::State { socket, from, to, op, via } = event else { return Ok(0) };
        self.turn_to(socket, Some(*from))?;
        let (side, key) = (side(socket), ends(socket));
        self.states.insert((side, key), *to);
        let mut sentence = self.say(explain::sentence(socket.proto, socket.role, *from, *to, *op)).to_owned();
        if self.implied && *via == Via::Implied {
            sentence = format!("{sentence} ({})", self.say(explain::IMPLIED));
        }
        let read = self.sentence(socket, Some(*to), &sentence)?;
        let segment = implied_segment(socket.role, *to).or_else(|| aborts(*from, *to, *op));
        if let Some(segment) = segment.filter(|_| self.implied && socket.peer.is_some()) {
            let label = format!("{segment} ({})", self.say(explain::IMPLIED));
            self.lanes().arrow(side, &label, kind(Some(&[segment]), 0), true, &mut self.out)?;
            return Ok(read + ARROW);
        }
        Ok(read)
    }

    fn sentence(&mut self, socket: &Subject, state: Option<State>, sentence: &str) -> io::Result<usize> {
        self.turn_to(socket, None)?;
        let is_new = self.options.sentences && self.said.insert((side(socket), sentence.to_owned()));
        let text = if is_new { sentence } else { "" };
        if state.is_some() || !text.is_empty() {
            self.lanes().state(side(socket), state, text, &mut self.out)?;
        }
        Ok(columns(text).max(ARROW))
    }

    fn packet(&mut self, socket: &Subject, packet: &PacketFields) -> io::Result<usize> {
        self.turn_to(socket, None)?;
        let own = side(socket);
        let from = if packet.dir == Some(Dir::In) { own.other() } else { own };
        let lanes = self.lanes();
        let room =
            lanes.between().map_or(self.width().saturating_sub(6), |between| between.saturating_sub(6));
        let kind = kind(packet.flags.as_deref(), packet.len.unwrap_or_default());
        let kind = if packet.carries.is_some() { Kind::Breaks } else { kind };
        let words = packet_words(packet);
        let quoted = quoted(&packet.payload);
        let (label, below) = match (quoted, &packet.note) {
            (Some(quoted), _) => {
                let head = words.split(',').next().unwrap_or_default();
                let head = if packet.flags.is_some() { head } else { "UDP" };
                let whole = format!("{head} {quoted}");
                if columns(&whole) <= room { (whole, None) } else { (words.clone(), Some(quoted)) }
            }
            (None, Some(note)) if packet.carries.is_none() => {
                let note = format!("({})", translated(note, self.options.language));
                let whole = format!("{words} {note}");
                if columns(&whole) <= room { (whole, None) } else { (words, Some(note)) }
            }
            _ => (words, None),
        };
        lanes.arrow(from, &label, kind, false, &mut self.out)?;
        if let Some(below) = &below {
            lanes.middle(below, kind, &mut self.out)?;
        }
        if let Some(detail) = detail(packet, room).filter(|_| self.options.detail) {
            for line in detail.lines() {
                lanes.middle(line, Kind::Acknowledges, &mut self.out)?;
            }
        }
        Ok(ARROW + columns(below.as_deref().unwrap_or_default()))
    }
}

/// The RST of an end that closes a connection that is open.
const fn aborts(from: State, to: State, op: Op) -> Option<&'static str> {
    let open = matches!(from, State::Established | State::CloseWait);
    if open && matches!(to, State::Closed) && matches!(op, Op::Close) { Some("RST") } else { None }
}

/// What a segment is for.
fn kind(flags: Option<&[&str]>, len: u32) -> Kind {
    let has = |flag| flags.is_some_and(|flags| flags.iter().any(|word| word.split(' ').any(|f| f == flag)));
    match () {
        () if has("RST") => Kind::Breaks,
        () if has("SYN") => Kind::Opens,
        () if has("FIN") => Kind::Closes,
        () if len > 0 || flags.is_none() => Kind::Carries,
        () => Kind::Acknowledges,
    }
}

/// The bytes of a segment as a quotation, if there are any.
pub(super) fn quoted(payload: &[u8]) -> Option<String> {
    let text =
        String::from_utf8_lossy(payload).replace('\r', "\\r").replace('\n', "\\n").replace('\t', "\\t");
    (!text.is_empty()).then(|| format!("\"{}\"", shorten(&sanitize::line(&text), QUOTED)))
}

/// The note of a packet in the language of the reader.
fn translated(note: &str, language: Language) -> String {
    const NOTES: [Phrase; 2] =
        [Phrase::new("close", "encerramento"), Phrase::new("retransmission", "retransmissão")];
    let found = NOTES.iter().find(|known| note.starts_with(known.en));
    found.map_or_else(|| note.to_owned(), |known| note.replacen(known.en, known.say(language), 1))
}

/// The window of a segment, and the options of one that opens a connection; its absolute number in a line of its own where the
/// first has no room for it.
fn detail(packet: &PacketFields, room: usize) -> Option<String> {
    let flags = packet.flags.as_ref()?;
    let mut text = format!("win {}", packet.win?);
    if let Some(options) = packet.options.as_ref().filter(|_| flags.contains(&"SYN")) {
        let mss = options.mss.map_or_else(String::new, |mss| format!(" mss {mss}"));
        let scale = options.ws.map_or_else(String::new, |scale| format!(" ws {scale}"));
        let (sack, ts) =
            (if options.sack_ok { " sack" } else { "" }, if options.ts.is_some() { " ts" } else { "" });
        text.push_str(&[&mss, sack, ts, &scale].concat());
    }
    if let Some(seq) = packet.seq_raw {
        let raw = format!("raw {seq}");
        text.push(if columns(&text) + 1 + columns(&raw) <= room { ' ' } else { '\n' });
        text.push_str(&raw);
    }
    Some(text)
}
