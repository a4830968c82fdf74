//! Standard input for many connections: one log, in which each connection has a cursor.
//!
//! Reading pauses while a connection still needs what would have to be released. One that is too slow by the rule of
//! `fanout::lag` is evicted if another connection waits for more input.

use super::budget::LineBudget;
use super::entry::{ReaderEntry, ReaderState};
use super::input::read_in_thread;
use crate::event::Kind;
use crate::fanout::Log;
use crate::sys::Error;
use crate::sys::splice::Filter;
use crate::text::line::LineFramer;
use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::OwnedFd;
use std::rc::{Rc, Weak};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

/// Bytes kept for connections that are behind or come back, and how far one may be behind. Tests fill it faster.
const LIMIT: u64 = if cfg!(test) { 16 << 10 } else { 4 << 20 };
/// How often the rate of a connection that is far behind is measured while reading pauses.
const MEASURE_EVERY: Duration = Duration::from_millis(50);
/// A line longer than this is passed on before its end is read.
const LONGEST: usize = 64 << 10;

/// Whether input is passed on as it is read or line by line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::session) enum Framing {
    /// Bytes, at once.
    Bytes,
    /// A line when its end is read, so that a connection that comes back begins with a whole one.
    Lines,
}

/// The shared input. Reading starts with the first reader.
pub(in crate::session) struct InputFanout {
    framing: Framing,
    pub(super) log: RefCell<Log>,
    readers: RefCell<Vec<Weak<ReaderEntry>>>,
    opened: Instant,
    pub(super) ended: Cell<bool>,
    failure: RefCell<Option<Error>>,
    /// There is a reader.
    wanted: Notify,
    /// There is more input, or the input ended, or a reader was evicted.
    pub(super) grown: Notify,
    /// A reader took something or left.
    pub(super) taken: Notify,
    /// Where long lines of all connections are collected.
    pub(super) budget: LineBudget,
    /// A connection reported that it waits for nothing but the input.
    pub(super) waiting_said: Cell<bool>,
}

/// Starts the fan-out of `input` in this runtime; `filter` changes what is read. Without one there is never any input.
pub(in crate::session) fn open(
    framing: Framing,
    filter: Option<Filter>,
    input: Option<io::Result<OwnedFd>>,
) -> Rc<InputFanout> {
    let fanout = Rc::new(InputFanout::new(framing));
    if let Some(input) = input {
        tokio::task::spawn_local(Rc::clone(&fanout).run(input, filter));
    }
    fanout
}

impl InputFanout {
    fn new(framing: Framing) -> Self {
        Self {
            framing,
            log: RefCell::default(),
            readers: RefCell::default(),
            opened: Instant::now(),
            ended: Cell::new(false),
            failure: RefCell::default(),
            wanted: Notify::new(),
            grown: Notify::new(),
            taken: Notify::new(),
            budget: LineBudget::new(),
            waiting_said: Cell::new(false),
        }
    }

    async fn run(self: Rc<Self>, input: io::Result<OwnedFd>, filter: Option<Filter>) {
        self.wanted.notified().await;
        let failed = self.read(input, filter).await.err();
        self.failure.replace(failed.map(|e| Error::new("read", "standard input", e).about(Kind::File)));
        self.ended.set(true);
        self.grown.notify_waiters();
    }

    /// Appends the input until it ends or fails.
    async fn read(&self, input: io::Result<OwnedFd>, mut filter: Option<Filter>) -> io::Result<()> {
        let mut chunks = read_in_thread(|| input)?;
        let (mut changed, mut framer) = (Vec::new(), LineFramer::default());
        let mut result = Ok(());
        while let Some(chunk) = chunks.recv().await {
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(error) => {
                    result = Err(error);
                    continue;
                }
            };
            let bytes: &[u8] = match &mut filter {
                Some(filter) => {
                    changed.clear();
                    filter(&chunk, &mut changed);
                    &changed
                }
                None => &chunk,
            };
            match self.framing {
                Framing::Bytes => self.append(bytes).await,
                Framing::Lines => self.append_lines(bytes, &mut framer).await,
            }
        }
        self.append(&framer.take_rest()).await;
        result
    }

    /// Appends lines that are whole now, and keeps the rest.
    async fn append_lines(&self, bytes: &[u8], framer: &mut LineFramer) {
        self.append(&framer.whole_lines(bytes)).await;
        if framer.held() >= LONGEST {
            self.append(&framer.take_rest()).await;
        }
    }

    async fn append(&self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        while self.must_wait(bytes.len() as u64, self.opened.elapsed()) {
            // Until a reader took something, or it is time to measure.
            let _ = timeout(MEASURE_EVERY, self.taken.notified()).await;
        }
        self.log.borrow_mut().append(bytes);
        self.grown.notify_waiters();
    }

    /// Whether `len` more bytes have to wait for a reader. If not, evicts and releases what is in their way.
    fn must_wait(&self, len: u64, now: Duration) -> bool {
        let (start, end) = (self.log.borrow().start(), self.log.borrow().end());
        if end + len - start <= LIMIT / 2 {
            return false;
        }
        let followers = self.followers();
        // Otherwise all readers have something to take, and a slow one does no harm.
        let starving = followers.iter().any(|reader| reader.place() == end);
        let mut wait = false;
        for reader in followers {
            let lag = end + len - reader.place();
            let is_slow = reader.measure(now, lag, LIMIT).is_slow();
            if lag > LIMIT && is_slow && starving {
                reader.state.set(ReaderState::Evicted);
                self.grown.notify_waiters();
            } else {
                wait |= lag > LIMIT;
            }
        }
        if !wait {
            self.log.borrow_mut().release((end + len).saturating_sub(LIMIT));
        }
        wait
    }

    fn followers(&self) -> Vec<Rc<ReaderEntry>> {
        let mut readers = self.readers.borrow_mut();
        readers.retain(|reader| reader.strong_count() > 0);
        let all = readers.iter().filter_map(Weak::upgrade);
        all.filter(|reader| reader.state.get() == ReaderState::Following).collect()
    }

    /// Adds a reader, which begins the reading if it is the first.
    pub(super) fn add(&self, reader: &Rc<ReaderEntry>) {
        self.readers.borrow_mut().push(Rc::downgrade(reader));
        self.wanted.notify_one();
    }

    /// Lines read so far, and a last one without line feed once the input ended.
    pub(in crate::session) fn lines(&self) -> u64 {
        let log = self.log.borrow();
        log.lines() + u64::from(self.ended.get() && log.is_unfinished())
    }

    /// Waits until there is more, or the input ended.
    pub(in crate::session) async fn grown(&self) {
        self.grown.notified().await;
    }

    /// Waits for the end of the input; returns the error that ended it, once.
    pub(in crate::session) async fn ended(&self) -> Option<Error> {
        while !self.ended.get() {
            self.grown().await;
        }
        self.failure()
    }

    /// The error that ended the input, once.
    pub(in crate::session) fn failure(&self) -> Option<Error> {
        self.failure.take()
    }
}

#[cfg(test)]
mod tests {
    use super::super::reader::Next;
    use super::*;
    use crate::session::shared::Reader;
    use proptest::prelude::*;
    use std::future::Future;
    use std::task::{Context, Poll, Waker};

    const CHUNK: usize = 1 << 10;
    const STEP: Duration = Duration::from_millis(50);

    fn fanout() -> Rc<InputFanout> {
        Rc::new(InputFanout::new(Framing::Bytes))
    }

    /// Appends as much as has not to wait; returns how much that was.
    fn fill(fanout: &InputFanout, now: Duration) -> usize {
        let mut filled = 0;
        while filled < 1 << 20 && !fanout.must_wait(CHUNK as u64, now) {
            fanout.log.borrow_mut().append(&[b'x'; CHUNK]);
            filled += CHUNK;
        }
        filled
    }

    /// Takes up to `most` bytes.
    fn take(reader: &Reader, most: usize) -> Vec<u8> {
        let mut taken = Vec::new();
        while taken.len() < most && reader.has_more() {
            let write = |slices: &[io::IoSlice<'_>]| {
                let before = taken.len();
                for slice in slices {
                    taken.extend_from_slice(&slice[..slice.len().min(most - taken.len())]);
                }
                Ok(taken.len() - before)
            };
            reader.take(write).unwrap();
        }
        taken
    }

    fn is_evicted(reader: &Reader) -> bool {
        let next = std::pin::pin!(reader.next());
        matches!(next.poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(Next::Evicted))
    }

    #[test]
    fn a_reader_that_takes_nothing_is_evicted_after_a_second_if_another_waits() {
        let fanout = fanout();
        let (stalled, waiting) = (fanout.subscribe(true), fanout.subscribe(true));
        for step in 0..20 {
            fill(&fanout, STEP * step);
            take(&waiting, usize::MAX);
            assert!(fanout.must_wait(CHUNK as u64, STEP * step) && !is_evicted(&stalled), "{step}");
        }
        assert!(!fanout.must_wait(CHUNK as u64, STEP * 21));
        assert!(is_evicted(&stalled) && !is_evicted(&waiting));
    }

    #[test]
    fn a_slow_reader_is_waited_for_alone_and_an_excused_one_always() {
        for excused in [false, true] {
            let fanout = fanout();
            let (slow, other) = (fanout.subscribe(true), excused.then(|| fanout.subscribe(true)));
            let mut excuse = std::pin::pin!(slow.excused(std::future::pending::<()>()));
            if excused {
                assert!(excuse.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            }
            for step in 0..100 {
                fill(&fanout, STEP * step);
                if let Some(other) = &other {
                    take(other, usize::MAX);
                }
            }
            assert!(fanout.must_wait(CHUNK as u64, STEP * 100) && !is_evicted(&slow), "{excused}");
        }
    }

    #[test]
    fn a_reader_of_two_mebibytes_a_second_stays() {
        let fanout = fanout();
        let (steady, fast) = (fanout.subscribe(true), fanout.subscribe(true));
        for step in 0..1000 {
            fill(&fanout, Duration::from_millis(5) * step);
            take(&fast, usize::MAX);
            take(&steady, 10 << 10);
            assert!(!is_evicted(&steady), "{step}");
        }
    }

    proptest! {
        #[test]
        fn followers_get_everything_and_memory_is_bounded(
            steps in proptest::collection::vec((0..3_usize, 1..2000_usize), 1..200),
        ) {
            let fanout = fanout();
            let readers = [(); 2].map(|()| fanout.subscribe(true));
            let (mut said, mut got) = (Vec::new(), [Vec::new(), Vec::new()]);
            for (what, len) in steps {
                match what {
                    0 if !fanout.must_wait(len as u64, Duration::ZERO) => {
                        let text: Vec<u8> = (said.len()..said.len() + len).map(|n| n.to_le_bytes()[0]).collect();
                        fanout.log.borrow_mut().append(&text);
                        said.extend(text);
                    }
                    0 => {}
                    who => got[who - 1].extend(take(&readers[who - 1], len * 2)),
                }
                let log = fanout.log.borrow();
                prop_assert!(log.end() - log.start() <= LIMIT + 64);
            }
            for (reader, got) in readers.iter().zip(&mut got) {
                got.extend(take(reader, usize::MAX));
                prop_assert!(*got == said);
            }
        }
    }
}
