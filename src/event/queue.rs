//! The queue between the threads that emit events and the one thread that writes them.
//!
//! The queue is bounded. When its reader stops reading, the queue fills up; then an emitter waits once, for a moment, and
//! from then on events are dropped and counted until the reader goes on: the data path never stops.

use super::flood::{CAPACITY, Inner, capacity_for};
use super::hold::Hold;
use super::sink::{Sink, Verbosity};
use super::{Event, Record};
use jiff::Timestamp;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Records written at once: about as many as a pipe holds, so that a slow reader is not taken for a stuck one.
const PART: usize = 256;
/// How long an emitter waits when the queue becomes full.
pub(super) const FULL_TIMEOUT: Duration = Duration::from_millis(200);
/// The pause between two writes: a burst of events becomes one write, and does not wake the writer for each event.
const COALESCE: Duration = Duration::from_millis(1);
/// How long the end of the program waits for a reader that reads nothing.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// The sending side of the queue. Cheap to clone.
#[derive(Clone)]
pub struct Events {
    verbosity: Verbosity,
    /// They go to the same file as standard output.
    pub(super) shares_output: bool,
    pub(super) queue: Arc<Queue>,
    hold: Option<Hold>,
}

pub(super) struct Queue {
    inner: Mutex<Inner>,
    filled: Condvar,
    pub(super) drained: Condvar,
}

/// The writer thread; see [`Writer::finish`].
pub struct Writer {
    queue: Arc<Queue>,
}

impl Events {
    /// Starts the writer thread over `sink`.
    pub fn start(verbosity: Verbosity, mut sink: Box<dyn Sink>) -> io::Result<(Self, Writer)> {
        let queue = Arc::new(Queue {
            inner: Mutex::new(Inner::default()),
            filled: Condvar::new(),
            drained: Condvar::new(),
        });
        let for_thread = Arc::clone(&queue);
        std::thread::Builder::new()
            .name("events".into())
            .spawn(move || for_thread.write_all(sink.as_mut()))?;
        let events = Self { verbosity, shares_output: false, queue: Arc::clone(&queue), hold: None };
        Ok((events, Writer { queue }))
    }

    /// Whether events other than errors are shown; work that only an event needs is skipped otherwise.
    #[must_use]
    pub fn enabled(&self) -> bool {
        self.verbosity > Verbosity::Errors
    }

    /// Whether `-v` was given.
    #[must_use]
    pub fn detailed(&self) -> bool {
        self.verbosity >= Verbosity::Detail
    }

    /// Numbers, stamps and queues `event`, if it is to be shown.
    pub fn emit(&self, event: Event) {
        if !self.verbosity.shows(&event) {
            return;
        }
        let released = match &self.hold {
            Some(hold) => hold.keep(event),
            None => Some(event),
        };
        if let Some(event) = released {
            self.queue.push(Timestamp::now(), event);
        }
    }

    /// Has the sink called, without events, if none are queued: it takes something else in.
    pub fn prompt_sink(&self) {
        let mut inner = self.queue.lock();
        inner.prompted = true;
        self.queue.filled.notify_one();
    }

    /// Events that are held back until [`Self::release`]; without it they are dropped with the last clone.
    #[must_use]
    pub fn held(&self) -> Self {
        Self { hold: Some(Hold::default()), ..self.clone() }
    }

    /// Queues the events held back, each with the time of its emission, or that of the last event where that is later; later
    /// events are not held back.
    pub fn release(&self) {
        if let Some(hold) = &self.hold {
            hold.release(|ts, event| self.queue.push(ts, event));
        }
    }

    /// Takes the events held back so far, each with the time of its emission; later ones are held back too.
    #[must_use]
    pub fn take_held(&self) -> Vec<(Timestamp, Event)> {
        self.hold.as_ref().map(Hold::take).unwrap_or_default()
    }

    /// Queues an event of [`Self::take_held`].
    pub fn pass(&self, ts: Timestamp, event: Event) {
        self.queue.push(ts, event);
    }

    /// As [`Self::emit`] for simultaneous events: one timestamp and one lock for all of them. Events beyond the capacity are
    /// dropped and counted at once, so that a flood of datagrams does not wait for its own events.
    pub fn emit_burst(&self, events: impl Iterator<Item = Event>) {
        if self.hold.is_some() {
            events.for_each(|event| self.emit(event));
        } else if self.verbosity > Verbosity::Brief {
            self.queue.push_burst(events);
        }
    }
}

impl Queue {
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, ts: Timestamp, event: Event) {
        let mut inner = self.lock();
        if inner.closed || inner.gone {
            return;
        }
        let capacity = capacity_for(&event);
        if inner.queued.len() >= capacity && !inner.stuck {
            inner.waiters += 1;
            let (again, timeout) = self
                .drained
                .wait_timeout_while(inner, FULL_TIMEOUT, |i| i.queued.len() >= capacity && !i.gone)
                .unwrap_or_else(PoisonError::into_inner);
            inner = again;
            inner.waiters -= 1;
            inner.stuck = timeout.timed_out();
        }
        if inner.queued.len() >= capacity {
            inner.seq += 1;
            inner.dropped += 1;
            return;
        }
        inner.record_loss();
        inner.add(ts, event);
        self.wake(&mut inner);
    }

    fn push_burst(&self, events: impl Iterator<Item = Event>) {
        let mut inner = self.lock();
        if inner.closed || inner.gone {
            return;
        }
        let ts = Timestamp::now();
        for event in events {
            if inner.queued.len() < CAPACITY {
                inner.add(ts, event);
            } else {
                inner.seq += 1;
                inner.dropped += 1;
            }
        }
        self.wake(&mut inner);
    }

    fn wake(&self, inner: &mut Inner) {
        if inner.idle && !inner.queued.is_empty() {
            inner.idle = false;
            self.filled.notify_one();
        }
    }

    fn notify_waiters(&self, inner: &Inner) {
        if inner.waiters > 0 || inner.closed {
            self.drained.notify_all();
        }
    }

    /// Writes in parts, each of which proves that the reader reads.
    fn write(&self, batch: &[Record], sink: &mut dyn Sink) -> io::Result<()> {
        let empty = batch.is_empty().then_some(batch);
        for part in batch.chunks(PART).chain(empty) {
            sink.write(part)?;
            let mut inner = self.lock();
            inner.batches += 1;
            self.notify_waiters(&inner);
        }
        Ok(())
    }

    /// Waits until events are queued, the queue is closed, or `held` has passed.
    fn wait_for_events(&self, held: Option<Instant>) -> MutexGuard<'_, Inner> {
        let is_idle = |inner: &mut Inner| {
            inner.idle = inner.queued.is_empty() && !inner.closed && !inner.prompted;
            inner.idle
        };
        let inner = self.lock();
        let Some(held) = held else {
            return self.filled.wait_while(inner, is_idle).unwrap_or_else(PoisonError::into_inner);
        };
        let left = held.saturating_duration_since(Instant::now());
        self.filled.wait_timeout_while(inner, left, is_idle).unwrap_or_else(PoisonError::into_inner).0
    }

    fn write_all(&self, sink: &mut dyn Sink) {
        let mut batch: Vec<Record> = Vec::new();
        loop {
            let held = sink.holds_until();
            let mut inner = self.wait_for_events(held);
            inner.idle = false;
            let prompted = std::mem::take(&mut inner.prompted);
            if inner.queued.is_empty() && held.is_none() && !prompted {
                drop(inner);
                sink.finish();
                self.lock().gone = true;
                self.drained.notify_all();
                return;
            }
            inner.record_loss();
            std::mem::swap(&mut batch, &mut inner.queued);
            inner.stuck = false;
            inner.writing = true;
            self.notify_waiters(&inner);
            drop(inner);
            let result = self.write(&batch, sink);
            batch.clear();
            let mut inner = self.lock();
            inner.writing = sink.holds_until().is_some();
            self.notify_waiters(&inner);
            if let Err(error) = result {
                inner.gone = true;
                inner.failure = Some(error);
                inner.queued.clear();
                self.drained.notify_all();
                return;
            }
            // The end of the program does not wait for more events.
            let coalesced = self.filled.wait_timeout_while(inner, COALESCE, |i| !i.closed);
            drop(coalesced.unwrap_or_else(PoisonError::into_inner));
        }
    }
}

impl Writer {
    /// Waits until every event is written, or the reader has read nothing for two seconds. Returns the error of the sink, if
    /// writing failed.
    #[must_use]
    pub fn finish(self) -> Option<io::Error> {
        let mut inner = self.queue.lock();
        inner.closed = true;
        self.queue.filled.notify_all();
        let mut seen = inner.batches;
        let mut deadline = Instant::now() + FLUSH_TIMEOUT;
        while !inner.gone {
            let now = Instant::now();
            if inner.batches != seen {
                (seen, deadline) = (inner.batches, now + FLUSH_TIMEOUT);
            } else if now >= deadline {
                return None;
            }
            inner = self
                .queue
                .drained
                .wait_timeout(inner, deadline.saturating_duration_since(now))
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        inner.failure.take()
    }
}

#[cfg(test)]
mod tests {
    use super::super::flood::RESERVE;
    use super::super::{Fault, Kind};
    use super::*;
    use std::sync::mpsc;

    struct Gate(mpsc::Receiver<()>, mpsc::Sender<Vec<Record>>);

    impl Sink for Gate {
        fn write(&mut self, batch: &[Record]) -> io::Result<()> {
            self.0.recv().map_err(io::Error::other)?;
            self.1.send(batch.to_vec()).map_err(io::Error::other)
        }

        fn finish(&mut self) {}
    }

    fn exit(code: u8) -> Event {
        Event::Exit { code, cause: String::new() }
    }

    /// The records of a reader that begins to read only now, and how many events they report as lost.
    fn read_at_last(
        gate: &mpsc::Sender<()>,
        batches: &mpsc::Receiver<Vec<Record>>,
        writer: Writer,
    ) -> (Vec<Record>, u64) {
        for _ in 0..2 * (CAPACITY + RESERVE) / PART {
            gate.send(()).unwrap();
        }
        assert!(writer.finish().is_none());
        let records: Vec<Record> = batches.try_iter().flatten().collect();
        let (mut seen, mut lost) = (0, 0);
        for record in &records {
            let gap = record.seq - seen - 1;
            let reported = match &record.event {
                Event::Warning { fault } if fault.kind == Kind::EventsLost => {
                    fault.text.split(' ').next().unwrap().parse().unwrap()
                }
                _ => 0,
            };
            assert_eq!(gap, reported, "each event is written, or counted where it is missing");
            (seen, lost) = (record.seq, lost + reported);
        }
        (records, lost)
    }

    fn note() -> Event {
        Event::Resolve { host: String::new(), address: ([127, 0, 0, 1], 1).into() }
    }

    fn error() -> Event {
        let fault =
            Fault { kind: Kind::Other, op: None, errno: None, conn: None, peer: None, text: "x".into() };
        Event::Error { fault }
    }

    #[test]
    fn a_stuck_reader_costs_events_and_not_time() {
        let (open, gate) = mpsc::channel();
        let (written, batches) = mpsc::channel();
        let (events, writer) = Events::start(Verbosity::All, Box::new(Gate(gate, written))).unwrap();
        let started = Instant::now();
        for _ in 0..CAPACITY * 3 {
            events.emit(note());
            // Far more than it takes, and far less than a wait of `FULL_TIMEOUT` for each.
            assert!(started.elapsed() < Duration::from_mins(1), "emitting waited for the reader");
        }
        let (_, lost) = read_at_last(&open, &batches, writer);
        assert!(lost > 0, "the loss is reported");
    }

    #[test]
    fn times_never_go_back_whoever_emits() {
        struct Collect(mpsc::Sender<Record>);

        impl Sink for Collect {
            fn write(&mut self, batch: &[Record]) -> io::Result<()> {
                batch.iter().try_for_each(|record| self.0.send(record.clone()).map_err(io::Error::other))
            }

            fn finish(&mut self) {}
        }

        const THREADS: u64 = 8;
        const EACH: u64 = 3_000;
        let (written, records) = mpsc::channel();
        let (events, writer) = Events::start(Verbosity::All, Box::new(Collect(written))).unwrap();
        std::thread::scope(|scope| {
            for number in 0..THREADS {
                let (events, held) = (events.clone(), events.held());
                scope.spawn(move || {
                    for round in 0..EACH {
                        match (number + round) % 4 {
                            0 => events.emit_burst(std::iter::once(note())),
                            1 => events.pass(Timestamp::now() - Duration::from_millis(round % 7), note()),
                            2 => {
                                held.emit(note());
                                held.take_held().into_iter().for_each(|(ts, event)| events.pass(ts, event));
                            }
                            _ => events.emit(note()),
                        }
                    }
                });
            }
        });
        assert!(writer.finish().is_none());
        let records: Vec<Record> = records.try_iter().collect();
        assert_eq!(records.len() as u64, THREADS * EACH);
        for pair in records.windows(2) {
            assert!(pair[0].ts <= pair[1].ts && pair[0].seq + 1 == pair[1].seq, "{pair:?}");
        }
        let late = records.last().unwrap().ts.duration_until(Timestamp::now());
        assert!(late.as_secs() < 60, "the times are those of the clock");
    }

    #[test]
    fn a_burst_never_waits_and_its_loss_is_counted() {
        let (open, gate) = mpsc::channel();
        let (written, batches) = mpsc::channel();
        let (events, writer) = Events::start(Verbosity::All, Box::new(Gate(gate, written))).unwrap();
        for _ in 0..4 {
            events.emit_burst((0..CAPACITY).map(|_| note()));
        }
        assert!(!events.queue.lock().stuck, "a burst waited for the reader");
        let (_, lost) = read_at_last(&open, &batches, writer);
        assert!(lost > 0, "the loss is reported");
    }

    #[test]
    fn errors_and_the_end_find_room_in_a_flood_and_the_end_comes_last() {
        let (open, gate) = mpsc::channel();
        let (written, batches) = mpsc::channel();
        let (events, writer) = Events::start(Verbosity::All, Box::new(Gate(gate, written))).unwrap();
        for _ in 0..4 {
            events.emit_burst((0..CAPACITY).map(|_| note()));
            events.emit(error());
        }
        for _ in 0..2 * RESERVE {
            events.emit(error());
        }
        events.emit(exit(0));
        let (records, lost) = read_at_last(&open, &batches, writer);
        assert!(lost > 0, "the loss is reported");
        assert!(matches!(records.last().unwrap().event, Event::Exit { .. }), "the last record is the end");
        let errors = records.iter().filter(|r| matches!(r.event, Event::Error { .. })).count();
        assert!(errors >= RESERVE / 2, "{errors} errors");
    }

    #[test]
    fn quiet_passes_errors_only() {
        let (open, gate) = mpsc::channel();
        let (written, batches) = mpsc::channel();
        let (events, writer) = Events::start(Verbosity::Errors, Box::new(Gate(gate, written))).unwrap();
        open.send(()).unwrap();
        events.emit(exit(0));
        events.emit(error());
        assert!(writer.finish().is_none());
        let records: Vec<Record> = batches.try_iter().flatten().collect();
        assert_eq!(records.len(), 1);
        assert!(matches!(records[0].event, Event::Error { .. }));
    }
}
