//! Standard input for many connections: one log, in which each connection has a cursor.
//!
//! Reading pauses while a connection still needs what would have to be released. One that is too slow by the rule of
//! `fanout::lag` is evicted if another connection waits for more input.

use super::budget::LineBudget;
use super::input::read_in_thread;
use super::reader::{Reader, ReaderEntry, ReaderState};
use crate::event::Kind;
use crate::fanout::Log;
use crate::sys::splice::Filter;
use crate::sys::{Error, fd};
use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::OwnedFd;
use std::rc::{Rc, Weak};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

/// Bytes kept for connections that are behind or come back, and how far one may be behind.
const LIMIT: u64 = 4 << 20;
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

/// Starts the fan-out in this runtime; `filter` changes what is read. Without `reads` there is never any input.
pub(in crate::session) fn open(framing: Framing, filter: Option<Filter>, reads: bool) -> Rc<InputFanout> {
    let fanout = Rc::new(InputFanout {
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
    });
    if reads {
        tokio::task::spawn_local(Rc::clone(&fanout).run(fd::take_input(), filter));
    }
    fanout
}

impl InputFanout {
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
        let (mut changed, mut unfinished) = (Vec::new(), Vec::new());
        let mut result = Ok(());
        while let Some(chunk) = chunks.recv().await {
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(error) => {
                    result = Err(error);
                    continue;
                }
            };
            let bytes = match &mut filter {
                Some(filter) => {
                    changed.clear();
                    filter(&chunk, &mut changed);
                    &changed
                }
                None => &chunk,
            };
            match self.framing {
                Framing::Bytes => self.append(bytes).await,
                Framing::Lines => self.append_lines(bytes, &mut unfinished).await,
            }
        }
        self.append(&unfinished).await;
        result
    }

    /// Appends lines that are whole now, and keeps the rest.
    async fn append_lines(&self, bytes: &[u8], unfinished: &mut Vec<u8>) {
        let whole = memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1);
        if whole > 0 && !unfinished.is_empty() {
            unfinished.extend_from_slice(&bytes[..whole]);
            self.append(unfinished).await;
            unfinished.clear();
        } else if whole > 0 {
            self.append(&bytes[..whole]).await;
        }
        unfinished.extend_from_slice(&bytes[whole..]);
        if unfinished.len() >= LONGEST {
            self.append(unfinished).await;
            unfinished.clear();
        }
    }

    async fn append(&self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        while self.must_wait(bytes.len() as u64) {
            // Until a reader took something, or it is time to measure.
            let _ = timeout(MEASURE_EVERY, self.taken.notified()).await;
        }
        self.log.borrow_mut().append(bytes);
        self.grown.notify_waiters();
    }

    /// Whether `len` more bytes have to wait for a reader. If not, evicts and releases what is in their way.
    fn must_wait(&self, len: u64) -> bool {
        let (start, end) = (self.log.borrow().start(), self.log.borrow().end());
        if end + len - start <= LIMIT / 2 {
            return false;
        }
        let (followers, now) = (self.followers(), self.opened.elapsed());
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

    /// A new reader; it gets what is still kept and what is read from now on if `from_the_start`, else only the latter.
    pub(in crate::session) fn subscribe(self: &Rc<Self>, from_the_start: bool) -> Reader {
        let at = if from_the_start { self.log.borrow().start() } else { self.log.borrow().end() };
        let entry = Rc::new(ReaderEntry::new(at));
        self.readers.borrow_mut().push(Rc::downgrade(&entry));
        self.wanted.notify_one();
        Reader::new(Rc::clone(self), entry)
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
