//! Standard output shared by many connections: one thread writes, so that a slow reader stops no timer and no signal.

use crate::event::Kind;
use crate::sys::{Error, Result, stdio};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Chunks that may wait; with [`crate::cmd::serve`]'s reads of 64 KiB a few megabytes at most.
const WAITING: usize = 32;
/// Bytes of short chunks that are written together.
const BATCH: usize = 64 << 10;
/// How long the end of the program waits for a reader that takes nothing.
pub(super) const LAST_WORDS: Duration = Duration::from_secs(2);

/// The sending side. Cheap to clone.
#[derive(Clone)]
pub(super) struct Output(mpsc::Sender<Option<Vec<u8>>>);

/// Resolves when the thread ends: `Ok` when all is written, an error if standard output failed.
pub(super) struct Written(Option<oneshot::Receiver<io::Result<()>>>);

/// Starts the thread.
pub(super) fn open() -> Result<(Output, Written)> {
    let failed = |e| Error::new("open", "standard output", e).about(Kind::File);
    let to = stdio::take_output().map_err(failed)?;
    let (send, mut chunks) = mpsc::channel::<Option<Vec<u8>>>(WAITING);
    let (over, end) = oneshot::channel();
    let run = move || {
        let result = write_all(&mut chunks, to.as_fd());
        // Nobody listens any more if the program is ending already.
        let _ = over.send(result);
    };
    std::thread::Builder::new().name("output".into()).spawn(run).map_err(failed)?;
    Ok((Output(send), Written(Some(end))))
}

/// Writes what waits with one call until the last chunk is written.
fn write_all(chunks: &mut mpsc::Receiver<Option<Vec<u8>>>, to: BorrowedFd<'_>) -> io::Result<()> {
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
        stdio::write_all(to, &batch)?;
    }
    Ok(())
}

impl Output {
    /// Hands a chunk over, waiting for room. After a failure of standard output chunks go nowhere.
    pub(super) async fn put(&self, chunk: Vec<u8>) {
        let _ = self.0.send(Some(chunk)).await;
    }

    /// Waits for room, then takes a chunk and hands it over: a wait that is given up loses nothing.
    pub(super) async fn put_with(&self, chunk: impl FnOnce() -> Vec<u8>) {
        if let Ok(room) = self.0.reserve().await {
            room.send(Some(chunk()));
        }
    }

    /// The last chunk was put; the thread ends when it is written.
    pub(super) async fn end(&self) {
        let _ = self.0.send(None).await;
    }
}

impl Written {
    /// Waits for the end of the thread; tells its error once.
    pub(super) async fn over(&mut self) -> io::Result<()> {
        let Some(end) = &mut self.0 else { return Ok(()) };
        let end = end.await.unwrap_or(Ok(()));
        self.0 = None;
        end
    }

    /// Ends `output` and waits for the last chunks, but not forever for a reader that takes nothing.
    pub(super) async fn finish(mut self, output: &Output) -> io::Result<()> {
        let last = async {
            output.end().await;
            self.over().await
        };
        tokio::time::timeout(LAST_WORDS, last).await.unwrap_or(Ok(()))
    }
}

/// Standard output's failure as an error of this program.
pub(super) fn failure(error: io::Error) -> Error {
    Error::new("write", "standard output", error).about(Kind::File)
}
