//! A file that streams are copied into, by a thread of its own: a slow disk or the reader of a pipe holds nobody up but
//! the streams that are copied.

use crate::event::{Events, Kind};
use crate::sys::blocking;
use crate::sys::error::{Error, Result, reason};
use crate::sys::signal::Stop;
use std::io;
use std::os::fd::AsFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// Queued bytes from which on the streams wait.
const CAPACITY: usize = 1 << 20;
/// Bytes of one write.
const PIECE: usize = 64 << 10;
/// How long a program that was asked to end waits for a file that takes nothing.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);
/// How often the end looks for a signal.
const LOOK: Duration = Duration::from_millis(50);

/// The file, as its streams share it. Cheap to clone.
#[derive(Clone)]
pub(super) struct TapFile(Arc<Shared>);

struct Shared {
    /// As messages name it.
    name: String,
    queue: Mutex<Queue>,
    /// There is something to write, or no more will come.
    filled: Condvar,
    /// Something was written, or the thread ended.
    written: Condvar,
}

#[derive(Default)]
struct Queue {
    bytes: Vec<u8>,
    waiting: Vec<Waker>,
    /// Nothing more comes.
    closed: bool,
    /// The thread ended.
    over: bool,
    /// Writes so far.
    writes: u64,
    failure: Option<io::Error>,
}

impl TapFile {
    /// Starts the thread, which opens the file by `open`; a failure is a warning at once and the error of [`Self::finish`].
    pub(super) fn start<F: AsFd>(
        name: String,
        events: Events,
        open: impl FnOnce() -> io::Result<F> + Send + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            name,
            queue: Mutex::default(),
            filled: Condvar::new(),
            written: Condvar::new(),
        });
        let own = Arc::clone(&shared);
        let run = move || {
            let failure = open().and_then(|file| own.write_all(&file)).err();
            if let Some(error) = &failure {
                events.warn(Kind::File, "write", format!("write {}: {}", own.name, reason(error)));
            }
            own.end(failure);
        };
        std::thread::Builder::new().name("tap".into()).spawn(run)?;
        Ok(Self(shared))
    }

    /// Waits until the file takes more. One that failed takes everything, and drops it.
    pub(super) fn poll_room(&self, cx: &Context<'_>) -> Poll<()> {
        let mut queue = self.0.queue();
        if queue.has_room() {
            return Poll::Ready(());
        }
        if !queue.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
            queue.waiting.push(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Whether the file takes more.
    pub(super) fn has_room(&self) -> bool {
        self.0.queue().has_room()
    }

    /// Queues what `append` appends. It is written whole, with nothing of another stream in between.
    pub(super) fn put(&self, append: impl FnOnce(&mut Vec<u8>)) {
        let mut queue = self.0.queue();
        if !queue.over {
            append(&mut queue.bytes);
            self.0.filled.notify_one();
        }
    }

    /// Waits until everything is written; once the program was asked to end only while the file takes something. Returns the
    /// error of the first write that failed.
    pub(super) fn finish(&self, stop: &Stop) -> Result<()> {
        let mut queue = self.0.queue();
        queue.closed = true;
        self.0.filled.notify_one();
        let (mut seen, mut since) = (queue.writes, Instant::now());
        while !queue.over {
            queue = self.0.written.wait_timeout(queue, LOOK).unwrap_or_else(PoisonError::into_inner).0;
            if queue.writes != seen || stop.signal().is_none() {
                (seen, since) = (queue.writes, Instant::now());
            }
            if since.elapsed() >= FLUSH_TIMEOUT {
                queue.failure =
                    Some(io::Error::other("its reader stopped reading; the rest of the data is lost"));
                break;
            }
        }
        queue.failure.take().map_or(Ok(()), |e| Err(Error::new("write", &self.0.name, e).about(Kind::File)))
    }
}

impl Queue {
    fn has_room(&self) -> bool {
        self.bytes.len() < CAPACITY || self.over
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_all(&self, file: &impl AsFd) -> io::Result<()> {
        let mut batch = Vec::new();
        while self.next(&mut batch) {
            for piece in batch.chunks(PIECE) {
                blocking::write_all(file.as_fd(), piece)?;
                self.queue().writes += 1;
                self.written.notify_one();
            }
        }
        Ok(())
    }

    /// Waits for bytes and exchanges them for `batch`; false once there will be none.
    fn next(&self, batch: &mut Vec<u8>) -> bool {
        batch.clear();
        let mut queue = self.queue();
        while queue.bytes.is_empty() && !queue.closed {
            queue = self.filled.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        std::mem::swap(&mut queue.bytes, batch);
        queue.waiting.drain(..).for_each(Waker::wake);
        !batch.is_empty()
    }

    fn end(&self, failure: Option<io::Error>) {
        let mut queue = self.queue();
        (queue.over, queue.failure, queue.bytes) = (true, failure, Vec::new());
        queue.waiting.drain(..).for_each(Waker::wake);
        self.written.notify_one();
    }
}
