//! The segments of one connection in order: numbers from its start, windows with their scale, and what a segment is beyond its
//! flags (a step of the handshake or of the close, a retransmission, a probe).

use super::note::Note;
use super::packet::Segment;

/// The holes remembered in the numbers of one side; more count as filled.
const HOLES: usize = 16;

/// One connection, followed from any point on.
#[derive(Clone, Debug, Default)]
pub struct Flow {
    sides: [Side; 2],
    /// From the first FIN on.
    closed: Option<Close>,
}

/// What one side sent so far.
#[derive(Clone, Debug, Default)]
struct Side {
    /// The number that counts as 0.
    base: Option<u32>,
    /// The number after the last one sent.
    next: u32,
    /// The window scale of its SYN; `None` where that was not seen.
    scale: Option<u8>,
    syn: bool,
    /// Its handshake is over.
    answered: bool,
    /// The number after its FIN.
    fin: Option<u32>,
    acked: Option<u32>,
    window: u16,
    duplicates: u32,
    holes: Vec<(u32, u32)>,
    /// Its last segment was a keep-alive.
    probed: bool,
}

/// How far the close came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Close {
    /// The side whose FIN was first.
    first: usize,
    /// Steps done, of four.
    step: u8,
}

/// A segment by the numbers of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relative {
    /// The sequence number, 0 of the SYN.
    pub seq: u32,
    /// The acknowledgement number, where there is one.
    pub ack: Option<u32>,
    /// The window in bytes, as far as its scale is known.
    pub window: u32,
    /// The first block acknowledged selectively.
    pub sack: Option<(u32, u32)>,
    /// What the segment is beyond its flags.
    pub note: Option<Note>,
}

impl Flow {
    /// Follows a segment of side 0 or 1.
    pub fn follow(&mut self, side: usize, segment: &Segment) -> Relative {
        let note = self.note(side, segment);
        self.advance(side, segment);
        self.sides[side].probed = note == Some(Note::KeepAlive);
        let (own, other) = self.pair(side);
        let scaled = !segment.flags.syn && other.scale.is_some();
        let scale = own.scale.filter(|_| scaled).unwrap_or(0);
        Relative {
            seq: segment.seq.wrapping_sub(own.base.unwrap_or(segment.seq)),
            ack: segment.flags.ack.then(|| segment.ack.wrapping_sub(other.base.unwrap_or(segment.ack))),
            window: u32::from(segment.window) << scale,
            sack: segment.options.sack.map(|(from, to)| {
                let base = other.base.unwrap_or(from);
                (from.wrapping_sub(base), to.wrapping_sub(base))
            }),
            note,
        }
    }

    fn pair(&self, side: usize) -> (&Side, &Side) {
        (&self.sides[side], &self.sides[1 - side])
    }

    fn note(&mut self, side: usize, segment: &Segment) -> Option<Note> {
        let flags = segment.flags;
        let (own, other) = self.pair(side);
        if flags.rst {
            return None;
        }
        if flags.syn {
            let again = own.syn && own.base == Some(segment.seq);
            return Some(if again {
                Note::Retransmission
            } else {
                Note::Handshake(if flags.ack { 2 } else { 1 })
            });
        }
        if own.syn
            && other.syn
            && !own.answered
            && !other.answered
            && flags.ack
            && other.acked == Some(own.next)
        {
            return Some(Note::Handshake(3));
        }
        if own.base.is_some()
            && let Some(note) = own.out_of_sequence(segment, other)
        {
            return Some(note);
        }
        if let Some(note) = self.close_step(side, segment) {
            return Some(note);
        }
        let (own, other) = self.pair(side);
        own.pure_ack(segment, other)
    }

    /// Which steps of the close a segment is.
    fn close_step(&mut self, side: usize, segment: &Segment) -> Option<Note> {
        let (_, other) = self.pair(side);
        let acks_fin = segment.flags.ack && other.fin == Some(segment.ack);
        let Some(close) = &mut self.closed else {
            segment.flags.fin.then(|| self.closed = Some(Close { first: side, step: 1 }))?;
            return Some(Note::Close(1, 1));
        };
        let answers = side != close.first;
        let from = close.step + 1;
        if answers && acks_fin && close.step == 1 {
            close.step = 2;
        }
        if answers && segment.flags.fin && close.step < 3 {
            close.step = 3;
        }
        if !answers && acks_fin && close.step == 3 {
            close.step = 4;
        }
        (close.step >= from).then(|| Note::Close(from.min(close.step), close.step))
    }

    fn advance(&mut self, side: usize, segment: &Segment) {
        let flags = segment.flags;
        let other_side = 1 - side;
        let own = &mut self.sides[side];
        if flags.syn && own.base != Some(segment.seq) {
            *own = Side {
                syn: true,
                base: Some(segment.seq),
                scale: segment.options.window_scale,
                ..Side::default()
            };
            own.next = segment.seq;
        }
        own.begin(segment.seq);
        let end = segment.end();
        if after(segment.seq, own.next) {
            own.holes.push((own.next, segment.seq));
            own.holes.truncate(HOLES);
        } else {
            own.fill(segment.seq, end);
        }
        if after(end, own.next) {
            own.next = end;
        }
        if flags.fin {
            own.fin = Some(end);
        }
        own.answered |= own.syn && !flags.syn;
        if flags.ack {
            let same = own.acked == Some(segment.ack) && own.window == segment.window && segment.is_bare();
            own.duplicates = if same { own.duplicates + 1 } else { 0 };
            own.acked = Some(segment.ack);
            self.sides[other_side].begin(segment.ack);
        }
        self.sides[side].window = segment.window;
    }
}

impl Side {
    /// Takes the bytes between two numbers out of the holes.
    fn fill(&mut self, from: u32, to: u32) {
        let parts = |(hole, end): (u32, u32)| {
            let before = if after(from, hole) {
                (hole, if after(end, from) { from } else { end })
            } else {
                (hole, hole)
            };
            let behind =
                if after(end, to) { (if after(to, hole) { to } else { hole }, end) } else { (end, end) };
            [before, behind]
        };
        self.holes =
            self.holes.drain(..).flat_map(parts).filter(|(from, to)| from != to).take(HOLES).collect();
    }

    /// Begins to count at a number of a side whose SYN was not seen: it becomes 1.
    fn begin(&mut self, at: u32) {
        if self.base.is_none() {
            (self.base, self.next) = (Some(at.wrapping_sub(1)), at);
        }
    }

    /// What a segment is whose number is not the next one.
    fn out_of_sequence(&self, segment: &Segment, other: &Self) -> Option<Note> {
        let bytes = segment.end() != segment.seq;
        if segment.seq == self.next.wrapping_sub(1)
            && segment.len <= 1
            && !segment.flags.fin
            && self.answered_fully()
        {
            return Some(if other.window == 0 { Note::ZeroWindowProbe } else { Note::KeepAlive });
        }
        if bytes && after(segment.seq, self.next) {
            return Some(Note::Hole);
        }
        if bytes && after(self.next, segment.seq) {
            let fills =
                self.holes.iter().any(|(from, to)| !after(*from, segment.seq) && !after(segment.end(), *to));
            return Some(if fills { Note::OutOfOrder } else { Note::Retransmission });
        }
        (bytes && other.window == 0 && other.acked.is_some()).then_some(Note::ZeroWindowProbe)
    }

    fn answered_fully(&self) -> bool {
        self.base.is_some_and(|base| after(self.next, base.wrapping_add(1))) || self.answered
    }

    /// What an acknowledgement without data is.
    fn pure_ack(&self, segment: &Segment, other: &Self) -> Option<Note> {
        if !segment.is_bare() || !segment.flags.ack {
            return None;
        }
        let repeats = self.acked == Some(segment.ack);
        if segment.window == 0 {
            return Some(Note::ZeroWindow);
        }
        if !repeats {
            return None;
        }
        if self.window != segment.window {
            return Some(Note::WindowUpdate);
        }
        Some(if other.probed { Note::KeepAliveAck } else { Note::DuplicateAck(self.duplicates + 1) })
    }
}

impl Segment {
    /// The number after its last: SYN and FIN count as a byte each (RFC 9293 3.4).
    fn end(&self) -> u32 {
        self.seq.wrapping_add(self.len + u32::from(self.flags.syn) + u32::from(self.flags.fin))
    }

    fn is_bare(&self) -> bool {
        self.end() == self.seq
    }
}

/// Whether the number `a` is after `b`, in the arithmetic of RFC 9293 3.4.
#[allow(clippy::cast_possible_wrap)] // the sign of the difference is the order
const fn after(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) > 0
}
