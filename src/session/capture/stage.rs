//! The stage between the event queue and the printer: events and packets in the order of their times, each packet with its
//! socket and its numbers.

use super::diagram::Diagram;
use super::file::CaptureFile;
use super::sockets::Sockets;
use super::{CaptureConfig, Shared};
use crate::capture::{Flow, Note, Packet, Payload, decode, moves};
use crate::event::{Dir, Event, PacketFields, PacketOptions, Proto, Record, Sink, State, Subject};
use crate::sys::packet::Statistics;
use jiff::Timestamp;
use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// The next look at records that are held back.
const LOOK: Duration = Duration::from_millis(5);
/// The longest that a record is held back, should the reader of packets be late.
const LONGEST: Duration = Duration::from_millis(300);
/// A change of state is found at most this long after the packet that caused it.
const CAUSED: Duration = Duration::from_millis(10);
/// Connections followed at once; with more the numbers of one begin anew.
const FLOWS: usize = 8192;

/// See the module.
pub struct Stage {
    printer: Box<dyn Sink>,
    config: CaptureConfig,
    file: Option<CaptureFile>,
    diagram: Option<Diagram>,
    shared: Arc<Shared>,
    /// In the order of their times.
    held: VecDeque<Record>,
    sockets: Sockets,
    flows: HashMap<(SocketAddr, SocketAddr), Flow>,
    seq: u64,
    /// Packets that belonged to a socket.
    captured: u64,
}

impl Stage {
    pub(super) fn new(
        printer: Box<dyn Sink>,
        config: &CaptureConfig,
        file: Option<CaptureFile>,
        diagram: Option<Diagram>,
        shared: Arc<Shared>,
    ) -> Self {
        Self {
            printer,
            config: config.clone(),
            file,
            diagram,
            shared,
            held: VecDeque::new(),
            sockets: Sockets::default(),
            flows: HashMap::new(),
            seq: 0,
            captured: 0,
        }
    }

    /// Puts a record where its time says; it mostly belongs near the end.
    fn hold(&mut self, record: Record) {
        self.sockets.learn(&record.event);
        let at = self.held.iter().rposition(|held| held.ts <= record.ts).map_or(0, |before| before + 1);
        self.held.insert(at, record);
    }

    /// Passes on what no packet can precede any more.
    fn release(&mut self, all: bool) -> io::Result<()> {
        let complete = self.shared.complete_until.load(Ordering::Acquire);
        let overdue = Timestamp::now() - LONGEST;
        let mut ready = Vec::new();
        while let Some(first) = self.held.front() {
            let passed = i64::try_from(first.ts.as_nanosecond()).unwrap_or(i64::MAX) <= complete;
            if !all && !passed && first.ts > overdue {
                break;
            }
            let Some(mut record) = self.held.pop_front() else { break };
            if matches!(record.event, Event::Packet { .. }) && !self.describe(&mut record) {
                continue;
            }
            if let Event::Capture { captured, dropped, .. } = &mut record.event {
                let counts = Statistics { captured: *captured, dropped: *dropped };
                *captured = self.captured;
                self.finish_file(record.ts, counts);
            }
            if let Some(diagram) = &mut self.diagram {
                diagram.add(&record);
            }
            if matches!(record.event, Event::Packet { .. }) && !self.config.show {
                continue;
            }
            self.seq += 1;
            record.seq = self.seq;
            ready.push(record);
        }
        if ready.is_empty() { Ok(()) } else { self.printer.write(&ready) }
    }

    /// Says what is known of a packet, and saves it; returns whether it is to be shown.
    fn describe(&mut self, record: &mut Record) -> bool {
        let Event::Packet { socket, packet: fields } = &mut record.event else { return false };
        let Some(captured) = fields.captured.take() else { return false };
        let bytes = captured.bytes.get(captured.network..).unwrap_or_default();
        let length = captured.length.saturating_sub(u32::try_from(captured.network).unwrap_or_default());
        let Some(packet) = decode(captured.protocol, bytes, length) else { return false };
        let Some((subject, dir)) = self.subject(&packet) else { return false };
        *socket = subject;
        let note = self.fill(fields, &packet, dir);
        fields.vlan = captured.vlan.map(|tag| tag & 0xfff);
        if let (Some(size), Some(len)) = (captured.segment_size, fields.len)
            && len > u32::from(size)
        {
            (fields.segments, fields.segment_size) = (Some(len.div_ceil(size.into())), Some(size));
        }
        if self.config.hex {
            let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            });
            fields.hex = Some(hex);
        }
        self.captured += 1;
        fields.moved = moved(&self.held, socket.conn, record.ts, fields, note);
        if let Some(file) = &mut self.file {
            let moved =
                fields.moved.iter().map(|(from, to)| format!("{from} → {to}")).collect::<Vec<_>>().join(", ");
            let comment = Some(moved.as_str()).filter(|comment| !comment.is_empty());
            if let Err(error) = file.save(record.ts, &captured, comment) {
                self.fail(error);
            }
        }
        true
    }

    fn finish_file(&mut self, at: Timestamp, counts: Statistics) {
        if let Some(Err(error)) = self.file.as_mut().map(|file| file.finish(at, counts)) {
            self.fail(error);
        }
        if let Some(Err(error)) = self.diagram.take().map(Diagram::finish) {
            self.fail(error);
        }
    }

    /// Keeps the first error of the file, and writes no more to it.
    fn fail(&mut self, error: crate::sys::Error) {
        self.shared.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.file = None;
    }

    /// The socket of a packet, and the packet's direction; of an ICMP error the socket of the packet it is about.
    fn subject(&self, packet: &Packet) -> Option<(Subject, Dir)> {
        match (&packet.payload, packet.ends()) {
            (Payload::Tcp(_), Some((source, destination))) => {
                self.sockets.of(Proto::Tcp, source, destination)
            }
            (Payload::Udp { .. }, Some((source, destination))) => {
                self.sockets.of(Proto::Udp, source, destination)
            }
            (Payload::Icmp(_, Some((source, destination))), _) => {
                let of = |proto| self.sockets.of(proto, *source, *destination);
                // What we sent was answered: the message goes the other way.
                let (subject, dir) = of(Proto::Tcp).or_else(|| of(Proto::Udp))?;
                Some((subject, if dir == Dir::Out { Dir::In } else { Dir::Out }))
            }
            _ => None,
        }
    }

    /// Fills the fields in; returns the note of a segment.
    fn fill(&mut self, fields: &mut PacketFields, packet: &Packet, dir: Dir) -> Option<Note> {
        fields.dir = Some(dir);
        fields.ttl = Some(packet.ttl);
        match &packet.payload {
            Payload::Tcp(segment) => {
                let (source, destination) = packet.ends()?;
                let key = if source <= destination { (source, destination) } else { (destination, source) };
                if self.flows.len() >= FLOWS && !self.flows.contains_key(&key) {
                    self.flows.clear();
                }
                let flow = self.flows.entry(key).or_default();
                let relative = flow.follow(usize::from(source != key.0), segment);
                fields.flags = Some(segment.flags.names().collect());
                (fields.seq, fields.ack, fields.win) =
                    (Some(relative.seq), relative.ack, Some(relative.window));
                fields.len = Some(segment.len);
                fields.note = relative.note.map(|note| note.to_string());
                let options = segment.options;
                let options = PacketOptions {
                    mss: options.mss,
                    ws: options.window_scale,
                    sack_ok: options.sack_permitted,
                    sack: options.sack,
                    ts: options.timestamps,
                };
                fields.options = (options != PacketOptions::default()).then_some(options);
                if self.config.raw_numbers {
                    fields.seq_raw = Some(segment.seq);
                    fields.ack_raw = segment.flags.ack.then_some(segment.ack);
                }
                return relative.note;
            }
            Payload::Udp { len, .. } => fields.len = Some(*len),
            Payload::Icmp(words, _) => {
                (fields.carries, fields.note) = (Some("icmp".to_owned()), Some(words.clone()))
            }
            Payload::Neighbour(words) => {
                (fields.carries, fields.note) = (Some("nd".to_owned()), Some(words.clone()))
            }
            Payload::Fragment => fields.carries = Some("fragment".to_owned()),
            Payload::Other(number) => fields.carries = Some(number.to_string()),
        }
        None
    }
}

/// The changes of state that a packet caused, among the records that follow it.
fn moved(
    later: &VecDeque<Record>,
    conn: u32,
    at: Timestamp,
    fields: &PacketFields,
    note: Option<Note>,
) -> Vec<(State, State)> {
    let (Some(dir), Some(flags)) = (fields.dir, fields.flags.as_deref()) else { return Vec::new() };
    let caused =
        later.iter().take_while(|record| record.ts <= at + CAUSED).filter_map(|record| match &record.event {
            Event::State { socket, from, to, .. }
                if socket.conn == conn && moves(dir, flags, note, *from, *to) =>
            {
                Some((*from, *to))
            }
            _ => None,
        });
    caused.collect()
}

impl Sink for Stage {
    fn write(&mut self, batch: &[Record]) -> io::Result<()> {
        for record in batch {
            self.hold(record.clone());
        }
        self.release(false)
    }

    fn holds_until(&self) -> Option<Instant> {
        (!self.held.is_empty()).then(|| Instant::now() + LOOK)
    }

    fn finish(&mut self) {
        // An error of the printer is reported by the queue where it was returned first.
        let _ = self.release(true);
        self.printer.finish();
    }
}
