//! Standard output whose slow reader blocks nothing else: one thread writes for many connections, and a command with a
//! single thread waits for the reader and for signals at once.

use super::Outcome;
use super::buffers::Buffers;
use super::stdio::no_output;
use crate::event::{Events, Kind};
use crate::sys::blocking;
use crate::sys::fd::Nature;
use crate::sys::poll::{Interest, wait};
use crate::sys::signal::Stop;
use crate::sys::splice::widen;
use crate::sys::{Error, Result, cursor, fd};
use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};

/// Chunks the queue holds.
const CAPACITY: usize = 32;
/// Queued bytes beyond which no further chunk is queued: chunks can be megabytes.
const CAPACITY_BYTES: usize = 1 << 20;
/// Short chunks are written together up to this many bytes.
const BATCH: usize = 64 << 10;
/// How long the end of the program waits for a reader that reads nothing.
pub const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// The sending side. Cheap to clone.
#[derive(Clone)]
pub struct Output {
    chunks: mpsc::Sender<Option<Vec<u8>>>,
    queue: Arc<Queue>,
}

/// What is queued.
#[derive(Default)]
struct Queue {
    bytes: AtomicUsize,
    /// The thread took chunks.
    taken: Notify,
    /// The memory of written chunks.
    written: Buffers,
}

/// The end of the thread: `Ok` when everything is written, an error if standard output failed.
pub struct Written(Option<oneshot::Receiver<io::Result<()>>>);

/// Starts the thread for standard output. What it writes comes after the `events` emitted before.
pub fn open(events: &Events) -> Result<(Output, Written)> {
    open_to(fd::Output::standard().map_err(no_output)?, Some(events))
}

/// Starts the thread for a descriptor in place of standard output. It is closed with the last chunk, so that its reader sees
/// the end.
pub fn open_to(to: impl AsFd + Send + 'static, events: Option<&Events>) -> Result<(Output, Written)> {
    let (send, mut chunks) = mpsc::channel::<Option<Vec<u8>>>(CAPACITY);
    let (over, end) = oneshot::channel();
    let queue = Arc::<Queue>::default();
    let waiting = Arc::clone(&queue);
    let events = events.filter(|events| events.shares_output()).cloned();
    let run = move || {
        let result = write_all(&mut chunks, &waiting, to.as_fd(), events.as_ref());
        // There is no receiver if the program is ending already.
        let _ = over.send(result);
    };
    std::thread::Builder::new().name("output".into()).spawn(run).map_err(no_output)?;
    Ok((Output { chunks: send, queue }, Written(Some(end))))
}

/// As [`open`] for a run that prints nothing, whose standard output may be closed.
pub fn discard() -> Result<(Output, Written)> {
    open_to(File::options().write(true).open("/dev/null").map_err(no_output)?, None)
}

/// Writes queued chunks, as many as fit with one call, until the last one is written.
fn write_all(
    chunks: &mut mpsc::Receiver<Option<Vec<u8>>>,
    queue: &Queue,
    to: BorrowedFd<'_>,
    events: Option<&Events>,
) -> io::Result<()> {
    let (mut over, mut is_wide) = (false, false);
    while !over && let Some(Some(mut batch)) = chunks.blocking_recv() {
        while !over
            && batch.len() < BATCH
            && let Ok(next) = chunks.try_recv()
        {
            match next {
                Some(chunk) => batch.extend_from_slice(&chunk),
                None => over = true,
            }
        }
        queue.bytes.fetch_sub(batch.len(), Ordering::Relaxed);
        queue.taken.notify_one();
        if batch.len() >= BATCH && !is_wide {
            is_wide = true;
            let _ = widen(to); // what is no pipe stays as it is
        }
        if let Some(events) = events {
            events.before_output();
        }
        blocking::write_all(to, &batch)?;
        cursor::printed(&batch);
        queue.written.give(batch);
    }
    Ok(())
}

impl Output {
    /// Waits for room, then queues a chunk. After a failure of standard output chunks are dropped.
    pub async fn put(&self, chunk: Vec<u8>) {
        self.put_with(|| chunk).await;
    }

    /// As [`Self::put`] for a chunk that is made once there is room: a cancelled wait loses nothing.
    pub async fn put_with(&self, chunk: impl FnOnce() -> Vec<u8>) {
        let room = self.room().await;
        // It is made even after a failure, or the caller would try for ever.
        let chunk = chunk();
        if let Some(room) = room {
            self.queue.bytes.fetch_add(chunk.len(), Ordering::Relaxed);
            room.send(Some(chunk));
        }
    }

    /// An empty buffer for a chunk to come, with the memory of one that is written, if there is such.
    #[must_use]
    pub fn spare(&self) -> Vec<u8> {
        let mut buffer = self.queue.written.take();
        buffer.clear();
        buffer
    }

    /// Waits until the next chunk may be queued; none after a failure of standard output.
    async fn room(&self) -> Option<mpsc::Permit<'_, Option<Vec<u8>>>> {
        let room = self.chunks.reserve().await.ok()?;
        while self.queue.bytes.load(Ordering::Relaxed) >= CAPACITY_BYTES {
            tokio::select! {
                () = self.queue.taken.notified() => {}
                () = self.chunks.closed() => return None,
            }
        }
        Some(room)
    }

    /// Queues the end: the thread ends when the chunks before it are written.
    pub async fn end(&self) {
        let _ = self.chunks.send(None).await;
    }
}

impl Written {
    /// Waits for the end of the thread; returns its error once.
    pub async fn over(&mut self) -> io::Result<()> {
        let Some(end) = &mut self.0 else { return Ok(()) };
        let end = end.await.unwrap_or(Ok(()));
        self.0 = None;
        end
    }

    /// Ends `output` and waits for the last chunks, at most [`FLUSH_TIMEOUT`].
    pub async fn finish(mut self, output: &Output) -> io::Result<()> {
        let last = async {
            output.end().await;
            self.over().await
        };
        tokio::time::timeout(FLUSH_TIMEOUT, last).await.unwrap_or(Ok(()))
    }
}

/// Waits for a failure of standard output; its end in order is none.
pub async fn failed(written: &mut Written) -> io::Error {
    match written.over().await {
        Err(error) => error,
        Ok(()) => std::future::pending().await,
    }
}

/// What a pipe takes without blocking after poll(2) reports it writable: `PIPE_BUF`, pipe(7).
const PIECE: usize = 4096;

/// Standard output of a command with a single thread: a write waits for room or for a signal that ends the program.
pub struct Direct {
    to: OwnedFd,
    /// False for files and devices, where a write does not wait for a reader.
    may_block: bool,
}

impl Direct {
    /// Takes over standard output, or a descriptor in place of it.
    pub fn open(to: OwnedFd) -> Result<Self> {
        Self::over(to).map_err(no_output)
    }

    fn over(to: OwnedFd) -> io::Result<Self> {
        let nature = fd::nature(to.as_fd())?;
        Ok(Self { to, may_block: !matches!(nature, Nature::File | Nature::AppendFile | Nature::Device) })
    }

    /// Writes all of `data`. Fails if the program is asked to end while there is no room, see [`is_stopped`].
    pub fn write(&self, data: &[u8], stop: &Stop) -> Result<()> {
        self.write_until(data, stop).map_err(failure)
    }

    fn write_until(&self, data: &[u8], stop: &Stop) -> io::Result<()> {
        if !self.may_block {
            return blocking::write_all(self.to.as_fd(), data);
        }
        for piece in data.chunks(PIECE) {
            let fds = [(self.to.as_fd(), Interest::Writing), (stop.as_fd(), Interest::Reading)];
            if !wait(&fds, None)?[0] {
                return Err(io::Error::other(Stopped));
            }
            blocking::write_all(self.to.as_fd(), piece)?;
        }
        Ok(())
    }
}

/// Standard output of a report, as a writer: a signal that ends the program while there is no room is an error of its own
/// kind, [`is_stopped`].
pub struct ReportOutput {
    direct: Direct,
    stop: Stop,
}

impl ReportOutput {
    /// Takes over standard output.
    pub fn open(stop: Stop) -> io::Result<Self> {
        Direct::over(fd::take_output()?).map(|direct| Self { direct, stop })
    }
}

impl Write for ReportOutput {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.direct.write_until(data, &self.stop).map(|()| data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The program was asked to end while the reader read nothing. Not [`io::ErrorKind::Interrupted`], after which writers try
/// again.
#[derive(Debug)]
struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ended by a signal")
    }
}

impl std::error::Error for Stopped {}

/// Whether a write failed only because the program was asked to end.
pub fn is_stopped(error: &io::Error) -> bool {
    error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<Stopped>)
}

/// The outcome of a run whose standard output ended: a reader that went away is no error.
pub fn outcome(end: io::Result<()>) -> super::Result {
    match end {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Outcome::output_closed()),
        Err(error) => Err(failure(error).into()),
        Ok(()) => Ok(Outcome::done()),
    }
}

/// A failure of standard output as an error of this program.
pub fn failure(error: io::Error) -> Error {
    Error::new("write", "standard output", error).about(Kind::File)
}
