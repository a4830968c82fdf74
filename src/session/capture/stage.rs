//! The stage between the event queue and the printer: events and packets in the order of their times.

use super::Shared;
use super::diagram::Diagram;
use super::dissect::{Dissected, Dissector};
use super::file::CaptureFile;
use super::packet::CapturedPacket;
use super::secrets::Secrets;
use crate::capture::{Note, follows, moves};
use crate::event::{Event, PacketFields, Record, SCHEMA_VERSION, Sink, State};
use crate::sys::packet::Statistics;
use jiff::Timestamp;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// The next look at records that are held back.
const LOOK: Duration = Duration::from_millis(5);
/// The longest that a record is held back, should the reader of packets be late.
const LONGEST: Duration = Duration::from_millis(300);
/// A change of state is found at most this long after the packet that caused it.
const CAUSED: Duration = Duration::from_millis(10);
/// Records that are given to the printer at once.
const PART: usize = 1024;

/// See the module.
pub struct Stage {
    printer: Box<dyn Sink>,
    /// Shows the packets alone, numbered by themselves.
    packet_printer: Option<Box<dyn Sink>>,
    packet_seq: u64,
    dissector: Dissector,
    file: Option<CaptureFile>,
    /// Of TLS sessions, for the file.
    secrets: Option<Secrets>,
    diagram: Option<Diagram>,
    shared: Arc<Shared>,
    /// Packets are shown.
    show: bool,
    /// Of the events errors alone are shown.
    quiet: bool,
    /// Events, in the order of their times.
    held: VecDeque<Record>,
    /// The state of each connection as of the last event that was passed on.
    states: HashMap<u32, State>,
    /// Packets, in the order of their times.
    packets: VecDeque<CapturedPacket>,
    /// The time of the last record given out, of the events and of the packets apart from them: a late packet has it too.
    last: [Timestamp; 2],
    /// The number of the last event taken in, and of the last one given out: the difference is what was added, and gaps stay.
    seq_in: u64,
    seq: u64,
    /// More is ready than was given out.
    ready: bool,
    /// Packets that belonged to a connection of interest.
    captured: u64,
}

impl Stage {
    pub(super) fn new(
        (printer, packet_printer): (Box<dyn Sink>, Option<Box<dyn Sink>>),
        dissector: Dissector,
        (file, secrets, diagram): (Option<CaptureFile>, Option<Secrets>, Option<Diagram>),
        shared: Arc<Shared>,
        (show, quiet): (bool, bool),
    ) -> Self {
        Self {
            printer,
            packet_printer,
            packet_seq: 0,
            dissector,
            file,
            secrets,
            diagram,
            shared,
            show,
            quiet,
            held: VecDeque::new(),
            states: HashMap::new(),
            packets: VecDeque::new(),
            last: [Timestamp::MIN; 2],
            seq_in: 0,
            seq: 0,
            ready: false,
            captured: 0,
        }
    }

    /// Adds a record; their times never go back.
    fn hold(&mut self, record: Record) {
        self.dissector.learn(&record.event);
        let lost = record.seq.saturating_sub(self.seq_in + 1);
        (self.seq_in, self.seq) = (record.seq, self.seq + lost);
        self.held.push_back(record);
    }

    /// Takes the packets in that the reader read.
    fn take_packets(&mut self) {
        for packet in self.shared.backlog.take() {
            let at =
                self.packets.iter().rposition(|held| held.at <= packet.at).map_or(0, |before| before + 1);
            self.packets.insert(at, packet);
        }
    }

    /// Passes on what nothing can precede any more.
    fn release(&mut self, all: bool) -> io::Result<()> {
        let complete = self.shared.complete_until.load(Ordering::Acquire);
        self.take_packets();
        let overdue = Timestamp::now() - LONGEST;
        let (mut ready, mut shown) = (Vec::new(), Vec::new());
        while ready.len() + shown.len() < PART || all {
            let (packet, event) = (self.packets.front().map(|p| p.at), self.held.front().map(|r| r.ts));
            let Some(at) = packet.into_iter().chain(event).min() else { break };
            let passed = i64::try_from(at.as_nanosecond()).unwrap_or(i64::MAX) <= complete;
            if !all && !passed && at > overdue {
                break;
            }
            let is_packet = packet == Some(at);
            let Some(mut record) = (if is_packet { self.next_packet() } else { self.next_event() }) else {
                continue;
            };
            let apart = is_packet && self.packet_printer.is_some();
            let (seq, to) =
                if apart { (&mut self.packet_seq, &mut shown) } else { (&mut self.seq, &mut ready) };
            *seq += 1;
            let last = &mut self.last[usize::from(apart)];
            *last = record.ts.max(*last);
            (record.seq, record.ts) = (*seq, *last);
            to.push(record);
        }
        self.release_secrets(false);
        self.ready = ready.len() + shown.len() >= PART;
        if let Some(file) = self.file.as_mut().filter(|_| !self.ready) {
            let flushed = file.flush();
            self.check(flushed);
        }
        if !shown.is_empty() {
            self.print_packets(&shown);
        }
        if ready.is_empty() { Ok(()) } else { self.printer.write(&ready) }
    }

    fn print_packets(&mut self, shown: &[Record]) {
        let Some(printer) = &mut self.packet_printer else { return };
        if let Err(error) = printer.write(shown) {
            // It is set once: nothing is printed after it.
            let _ = self.shared.unprinted.set(error);
            (self.packet_printer, self.show) = (None, false);
        }
    }

    fn next_event(&mut self) -> Option<Record> {
        let mut record = self.held.pop_front()?;
        if let Some(diagram) = &mut self.diagram {
            diagram.add(&record);
        }
        match &record.event {
            Event::State { socket, to: State::Closed | State::TimeWait, .. } => {
                self.states.remove(&socket.conn);
            }
            Event::State { socket, to, .. } => {
                self.states.insert(socket.conn, *to);
            }
            _ => {}
        }
        if let Event::Capture { captured, dropped, .. } = &mut record.event {
            let counts = Statistics { captured: *captured, dropped: *dropped };
            *captured = self.captured;
            self.finish_files(record.ts, counts);
        }
        (!self.quiet || matches!(record.event, Event::Error { .. })).then_some(record)
    }

    /// Says what is known of the next packet, and saves it; returns it if it is to be shown.
    fn next_packet(&mut self) -> Option<Record> {
        let captured = self.packets.pop_front()?;
        self.shared.backlog.release(&captured);
        let Dissected { socket, mut fields, note, packet } = self.dissector.dissect(&captured)?;
        self.captured += 1;
        fields.moved = self.moved(socket.conn, captured.at, &fields, note);
        let ts = captured.at;
        if let Some(file) = &mut self.file {
            let comment = comment(&fields.moved);
            let saved = match &mut self.secrets {
                Some(secrets) => secrets.save(file, captured, packet, comment),
                None => file.save(&captured, comment.as_deref()),
            };
            self.check(saved);
        }
        let event = Event::Packet { socket, packet: Box::new(fields) };
        let record = Record { v: SCHEMA_VERSION, seq: 0, ts, event };
        if let Some(diagram) = &mut self.diagram {
            diagram.add(&record);
        }
        (self.show && !self.quiet).then_some(record)
    }

    /// The changes of state that a packet caused, among the events that follow it.
    fn moved(
        &mut self,
        conn: u32,
        at: Timestamp,
        fields: &PacketFields,
        note: Option<Note>,
    ) -> Vec<(State, State)> {
        let (Some(dir), Some(flags)) = (fields.dir, fields.flags.as_deref()) else { return Vec::new() };
        if !matches!(note, Some(Note::Handshake(_) | Note::Close(..))) && !flags.contains(&"RST") {
            return Vec::new();
        }
        let soon = self.held.iter().take_while(|record| record.ts <= at + CAUSED);
        let caused = soon.filter_map(|record| match &record.event {
            Event::State { socket, from, to, .. }
                if socket.conn == conn && moves(dir, flags, note, *from, *to) =>
            {
                Some((*from, *to))
            }
            _ => None,
        });
        let caused: Vec<_> = caused.collect();
        match self.states.get_mut(&conn) {
            Some(state) if caused.is_empty() => {
                let caused = follows(dir, flags, note, *state);
                *state = caused.last().map_or(*state, |(_, to)| *to);
                caused
            }
            _ => caused,
        }
    }

    /// Saves the packets whose secrets are known.
    fn release_secrets(&mut self, all: bool) {
        if let (Some(file), Some(secrets)) = (&mut self.file, &mut self.secrets) {
            let saved = secrets.release(file, all);
            self.check(saved);
        }
    }

    fn finish_files(&mut self, at: Timestamp, counts: Statistics) {
        self.release_secrets(true);
        if let Some(file) = &mut self.file {
            let saved = file.finish(at, counts);
            self.check(saved);
        }
        if let Some(diagram) = self.diagram.take() {
            let drawn = diagram.finish();
            self.check(drawn);
        }
    }

    /// Keeps the first error of the file, and writes no more to it.
    fn check(&mut self, saved: crate::sys::Result<()>) {
        if let Err(error) = saved {
            self.shared.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            self.file = None;
        }
    }
}

/// Changes of state as the comment of a packet.
fn comment(moved: &[(State, State)]) -> Option<String> {
    let text = moved.iter().map(|(from, to)| format!("{from} → {to}")).collect::<Vec<_>>().join(", ");
    (!text.is_empty()).then_some(text)
}

impl Sink for Stage {
    fn write(&mut self, batch: &[Record]) -> io::Result<()> {
        for record in batch {
            self.hold(record.clone());
        }
        self.release(false)
    }

    fn holds_until(&self) -> Option<Instant> {
        let now = || Instant::now() + if self.ready { Duration::ZERO } else { LOOK };
        let waits = self.file.is_some() && self.secrets.as_ref().is_some_and(Secrets::waits);
        (waits || !self.held.is_empty() || !self.packets.is_empty()).then(now)
    }

    fn finish(&mut self) {
        // An error of the printer is reported by the queue where it was returned first.
        let _ = self.release(true);
        if let Some(printer) = &mut self.packet_printer {
            printer.finish();
        }
        self.printer.finish();
    }
}
