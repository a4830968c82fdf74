//! Standard input for many connections: what was read last is kept once, each connection has a place in it.
//!
//! Reading pauses while a connection still needs what would have to be given up. One that holds the others up and takes
//! next to nothing is let go, so that a dead one costs them a second and a slow one little more.

use super::budget::LineBudget;
use super::log::Log;
use super::reader::{Cursor, Reader, ReaderState};
use crate::event::Kind;
use crate::sys::splice::Filter;
use crate::sys::{Error, fd};
use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::{Rc, Weak};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

/// Bytes kept for those who are behind: what a fast one may be ahead of the slowest.
const KEPT: usize = 4 << 20;
/// How long a connection may hold the others up before its pace is looked at.
const PATIENCE: Duration = Duration::from_secs(1);
/// The pace that then lets it stay, bytes a second: any working link, and no reader that merely dribbles.
const SLOWEST: f64 = 1_048_576.0;
/// Bytes read at once, and chunks on their way from the reading thread.
const CHUNK: usize = 64 << 10;
const CHUNKS: usize = 4;
/// A line longer than this is passed on before its end has come.
const LONGEST: usize = 64 << 10;

/// Whether input is passed on as it comes or line by line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::session) enum Framing {
    /// Bytes, at once.
    Bytes,
    /// A line when its end has come, so that a connection that comes back begins with a whole one.
    Lines,
}

/// The distributor. Reading starts with the first reader.
pub(in crate::session) struct InputFanout {
    framing: Framing,
    pub(super) log: RefCell<Log>,
    readers: RefCell<Vec<Weak<Cursor>>>,
    pub(super) ended: Cell<bool>,
    failure: RefCell<Option<Error>>,
    /// There is a reader.
    wanted: Notify,
    /// There is more, or no more, or somebody was let go.
    pub(super) grown: Notify,
    /// Somebody took something or left.
    pub(super) taken: Notify,
    /// Where what comes back is collected.
    pub(super) budget: LineBudget,
    /// A connection said that it waits for nothing but the input.
    pub(super) waiting_said: Cell<bool>,
}

/// Starts the distributor in this runtime; `filter` changes what is read. Without `reads` there is never any input.
pub(in crate::session) fn open(framing: Framing, filter: Option<Filter>, reads: bool) -> Rc<InputFanout> {
    let fanout = Rc::new(InputFanout {
        framing,
        log: RefCell::default(),
        readers: RefCell::default(),
        ended: Cell::new(false),
        failure: RefCell::default(),
        wanted: Notify::new(),
        grown: Notify::new(),
        taken: Notify::new(),
        budget: LineBudget::new(),
        waiting_said: Cell::new(false),
    });
    if reads {
        tokio::task::spawn_local(Rc::clone(&fanout).distribute(fd::take_input(), filter));
    }
    fanout
}

impl InputFanout {
    async fn distribute(self: Rc<Self>, input: io::Result<OwnedFd>, mut filter: Option<Filter>) {
        self.wanted.notified().await;
        let mut failed = None;
        match read_in_thread(|| input) {
            Ok(mut chunks) => {
                let mut unfinished = Vec::new();
                while let Some(chunk) = chunks.recv().await {
                    let chunk = match (&mut filter, chunk) {
                        (Some(filter), Ok(bytes)) => {
                            let mut changed = Vec::new();
                            filter(&bytes, &mut changed);
                            Ok(changed)
                        }
                        (_, chunk) => chunk,
                    };
                    match chunk {
                        Ok(bytes) if self.framing == Framing::Bytes => self.append(&bytes).await,
                        Ok(bytes) => self.append_lines(&bytes, &mut unfinished).await,
                        Err(error) => failed = Some(error),
                    }
                }
                self.append(&unfinished).await;
            }
            Err(error) => failed = Some(error),
        }
        self.failure.replace(failed.map(|e| Error::new("read", "standard input", e).about(Kind::File)));
        self.ended.set(true);
        self.grown.notify_waiters();
    }

    /// Appends lines that are whole now, and keeps what is not.
    async fn append_lines(&self, bytes: &[u8], unfinished: &mut Vec<u8>) {
        let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |fanout| fanout + 1);
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
        self.make_room(bytes.len()).await;
        self.log.borrow_mut().push(bytes);
        self.grown.notify_waiters();
    }

    async fn make_room(&self, budget: usize) {
        loop {
            let excess = (self.log.borrow().len() + budget).saturating_sub(KEPT);
            if excess == 0 {
                return;
            }
            let given_up = self.log.borrow().start() + excess as u64;
            self.clear_lag();
            let behind: Vec<_> =
                self.followers().into_iter().filter(|cursor| cursor.at.get() < given_up).collect();
            if behind.is_empty() {
                return self.log.borrow_mut().forget(given_up);
            }
            // Whether somebody took something or the time is over, both are looked at anew.
            let _ = tokio::time::timeout(PATIENCE / 4, self.taken.notified()).await;
            for cursor in &behind {
                self.check_lag(cursor);
            }
        }
    }

    /// Lets a reader go that is so slow that others have nothing to do.
    fn check_lag(&self, cursor: &Cursor) {
        if cursor.excused.get() {
            return cursor.holding.set(None);
        }
        let (since, from) = cursor.holding.get().unwrap_or_else(|| (Instant::now(), cursor.at.get()));
        cursor.holding.set(Some((since, from)));
        #[allow(clippy::cast_precision_loss)] // compared with a round number
        let took = (cursor.at.get() - from) as f64 / since.elapsed().as_secs_f64();
        let end = self.log.borrow().end();
        if since.elapsed() >= PATIENCE
            && took < SLOWEST
            && self.followers().iter().any(|other| other.at.get() == end)
        {
            cursor.state.set(ReaderState::Evicted);
            self.grown.notify_waiters();
        }
    }

    /// Whoever caught up well holds nobody up any more.
    fn clear_lag(&self) {
        let enough = self.log.borrow().end().saturating_sub(KEPT as u64 / 2);
        for cursor in self.followers().iter().filter(|p| p.at.get() >= enough) {
            cursor.holding.set(None);
        }
    }

    fn followers(&self) -> Vec<Rc<Cursor>> {
        let mut readers = self.readers.borrow_mut();
        readers.retain(|cursor| cursor.strong_count() > 0);
        let all = readers.iter().filter_map(Weak::upgrade);
        all.filter(|cursor| cursor.state.get() == ReaderState::Follows).collect()
    }

    /// A new reader; it gets what is still kept and what is read from now on if `from_the_start`, else only the latter.
    pub(in crate::session) fn subscribe(self: &Rc<Self>, from_the_start: bool) -> Reader {
        let at = if from_the_start { self.log.borrow().start() } else { self.log.borrow().end() };
        let cursor = Rc::new(Cursor::new(at));
        self.readers.borrow_mut().push(Rc::downgrade(&cursor));
        self.wanted.notify_one();
        Reader::new(Rc::clone(self), cursor)
    }

    /// Lines read so far, a last one without line feed among them once the input ended.
    pub(in crate::session) fn lines(&self) -> u64 {
        let log = self.log.borrow();
        log.lines() + u64::from(self.ended.get() && log.is_unfinished())
    }

    /// Waits until there is more, or the input ended.
    pub(in crate::session) async fn grown(&self) {
        self.grown.notified().await;
    }

    /// Waits for the end of the input; gives the error that ended it, once.
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

/// Opens and reads in a thread of its own: a descriptor that others share must not be made non-blocking, and to open a
/// pipe may take long.
pub(in crate::session) fn read_in_thread(
    open: impl FnOnce() -> io::Result<OwnedFd> + Send + 'static,
) -> io::Result<mpsc::Receiver<io::Result<Vec<u8>>>> {
    let (chunk_in, chunks) = mpsc::channel(CHUNKS);
    let run = move || {
        let mut buffer = vec![0; CHUNK];
        let input = match open() {
            Ok(input) => input,
            // Nobody takes it any more if the program is ending already.
            Err(error) => return drop(chunk_in.blocking_send(Err(error))),
        };
        loop {
            let chunk = match fd::read(input.as_fd(), &mut buffer) {
                Ok(0) => return,
                Ok(n) => Ok(buffer[..n].to_vec()),
                Err(error) => Err(error),
            };
            let last = chunk.is_err();
            if chunk_in.blocking_send(chunk).is_err() || last {
                return;
            }
        }
    };
    std::thread::Builder::new().name("input".into()).spawn(run)?;
    Ok(chunks)
}
