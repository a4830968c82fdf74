//! Standard output that a slow reader cannot make a trap of: one thread writes for many connections, and a command with
//! one thread of its own waits for room and for signals at once.

use crate::event::Kind;
use crate::sys::fd::Nature;
use crate::sys::poll::{Interest, wait};
use crate::sys::signal::Stop;
use crate::sys::{Error, Result, fd};
use std::fmt;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};

/// Chunks that may wait.
const WAITING: usize = 32;
/// Bytes that wait before the next chunk has to wait for room: chunks can be megabytes.
const WAITING_BYTES: usize = 1 << 20;
/// Bytes of short chunks that are written together.
const BATCH: usize = 64 << 10;
/// How long the end of the program waits for a reader that takes nothing.
pub const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// The sending side. Cheap to clone.
#[derive(Clone)]
pub struct Output {
    chunks: mpsc::Sender<Option<Vec<u8>>>,
    queue: Arc<Queue>,
}

/// How much waits.
#[derive(Default)]
struct Queue {
    bytes: AtomicUsize,
    /// The thread took some.
    taken: Notify,
}

/// Resolves when the thread ends: `Ok` when all is written, an error if standard output failed.
pub struct Written(Option<oneshot::Receiver<io::Result<()>>>);

/// Starts the thread.
pub fn open() -> Result<(Output, Written)> {
    open_to(fd::take_output().map_err(cannot_open)?)
}

/// Starts the thread for what stands in standard output's place.
pub fn open_to(to: OwnedFd) -> Result<(Output, Written)> {
    let (send, mut chunks) = mpsc::channel::<Option<Vec<u8>>>(WAITING);
    let (over, end) = oneshot::channel();
    let queue = Arc::<Queue>::default();
    let waiting = Arc::clone(&queue);
    let run = move || {
        let result = write_all(&mut chunks, &waiting, to.as_fd());
        // Nobody listens any more if the program is ending already.
        let _ = over.send(result);
    };
    std::thread::Builder::new().name("output".into()).spawn(run).map_err(cannot_open)?;
    Ok((Output { chunks: send, queue }, Written(Some(end))))
}

fn cannot_open(error: io::Error) -> Error {
    Error::new("open", "standard output", error).about(Kind::File)
}

/// Writes what waits with one call until the last chunk is written.
fn write_all(
    chunks: &mut mpsc::Receiver<Option<Vec<u8>>>,
    queue: &Queue,
    to: BorrowedFd<'_>,
) -> io::Result<()> {
    let mut over = false;
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
        fd::write_all(to, &batch)?;
    }
    Ok(())
}

impl Output {
    /// Hands a chunk over, waiting for room. After a failure of standard output chunks go nowhere.
    pub async fn put(&self, chunk: Vec<u8>) {
        self.put_with(|| chunk).await;
    }

    /// Waits for room, then takes a chunk and hands it over: a wait that is given up loses nothing. After a failure of
    /// standard output the chunk goes nowhere.
    pub async fn put_with(&self, chunk: impl FnOnce() -> Vec<u8>) {
        let room = self.room().await;
        // Taken even where it goes nowhere, or whoever hands it over would try for ever.
        let chunk = chunk();
        if let Some(room) = room {
            self.queue.bytes.fetch_add(chunk.len(), Ordering::Relaxed);
            room.send(Some(chunk));
        }
    }

    /// Waits until the next chunk may wait with the others; none after a failure of standard output.
    async fn room(&self) -> Option<mpsc::Permit<'_, Option<Vec<u8>>>> {
        let room = self.chunks.reserve().await.ok()?;
        while self.queue.bytes.load(Ordering::Relaxed) >= WAITING_BYTES {
            tokio::select! {
                () = self.queue.taken.notified() => {}
                () = self.chunks.closed() => return None,
            }
        }
        Some(room)
    }

    /// The last chunk was put; the thread ends when it is written.
    pub async fn end(&self) {
        let _ = self.chunks.send(None).await;
    }
}

impl Written {
    /// Waits for the end of the thread; tells its error once.
    pub async fn over(&mut self) -> io::Result<()> {
        let Some(end) = &mut self.0 else { return Ok(()) };
        let end = end.await.unwrap_or(Ok(()));
        self.0 = None;
        end
    }

    /// Ends `output` and waits for the last chunks, but not forever for a reader that takes nothing.
    pub async fn finish(mut self, output: &Output) -> io::Result<()> {
        let last = async {
            output.end().await;
            self.over().await
        };
        tokio::time::timeout(FLUSH_TIMEOUT, last).await.unwrap_or(Ok(()))
    }
}

/// What a pipe that poll(2) calls writable takes without waiting: `PIPE_BUF`, pipe(7).
const PIECE: usize = 4096;

/// Standard output of a command that has one thread: what is written waits for room, or for the wish to end.
pub struct Direct {
    to: OwnedFd,
    /// Writes to files and devices do not wait for anybody.
    may_wait: bool,
}

impl Direct {
    /// Standard output as it was given.
    pub fn open() -> Result<Self> {
        fd::take_output().and_then(Self::over).map_err(cannot_open)
    }

    fn over(to: OwnedFd) -> io::Result<Self> {
        let nature = fd::nature(to.as_fd())?;
        Ok(Self { to, may_wait: !matches!(nature, Nature::File | Nature::AppendFile | Nature::Device) })
    }

    /// Writes all of `data`. Fails if the program is asked to end while there is no room, see [`is_stopped`].
    pub fn write(&self, data: &[u8], stop: &Stop) -> Result<()> {
        self.write_until(data, stop).map_err(failure)
    }

    fn write_until(&self, data: &[u8], stop: &Stop) -> io::Result<()> {
        if !self.may_wait {
            return fd::write_all(self.to.as_fd(), data);
        }
        for piece in data.chunks(PIECE) {
            let fds = [(self.to.as_fd(), Interest::Writing), (stop.as_fd(), Interest::Reading)];
            if !wait(&fds, None)?[0] {
                return Err(io::Error::other(Stopped));
            }
            fd::write_all(self.to.as_fd(), piece)?;
        }
        Ok(())
    }
}

/// Standard output of a report, as a writer: where it has no room, the wish to end is an error of its own.
pub struct Patient {
    direct: Direct,
    stop: Stop,
}

impl Patient {
    /// Standard output as it was given.
    pub fn open(stop: Stop) -> io::Result<Self> {
        Direct::over(fd::take_output()?).map(|direct| Self { direct, stop })
    }
}

impl Write for Patient {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.direct.write_until(data, &self.stop).map(|()| data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The program was asked to end while a reader took nothing. No [`io::ErrorKind::Interrupted`], after which writers try
/// again.
#[derive(Debug)]
struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("asked to end")
    }
}

impl std::error::Error for Stopped {}

/// Whether a failure to write is only that the program was asked to end.
pub fn is_stopped(error: &io::Error) -> bool {
    error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<Stopped>)
}

/// Standard output's failure as an error of this program.
pub fn failure(error: io::Error) -> Error {
    Error::new("write", "standard output", error).about(Kind::File)
}
