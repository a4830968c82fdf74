//! Standard output shared by many connections: one thread writes, so that a slow reader stops no timer and no signal.

use crate::event::Kind;
use crate::sys::{Error, Result, stdio};
use std::io;
use std::os::fd::AsFd;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Chunks that may wait; with [`crate::cmd::serve`]'s reads of 64 KiB a few megabytes at most.
const WAITING: usize = 32;
/// How long the end of the program waits for a reader that takes nothing.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The sending side. Cheap to clone.
#[derive(Clone)]
pub(super) struct Output(mpsc::Sender<Option<Vec<u8>>>);

/// Resolves when the thread ends: `Ok` when all is written, an error if standard output failed.
pub(super) struct Written(oneshot::Receiver<io::Result<()>>);

/// Starts the thread.
pub(super) fn open() -> Result<(Output, Written)> {
    let failed = |e| Error::new("open", "standard output", e).about(Kind::File);
    let to = stdio::take_output().map_err(failed)?;
    let (send, mut chunks) = mpsc::channel::<Option<Vec<u8>>>(WAITING);
    let (over, end) = oneshot::channel();
    let run = move || {
        let mut result = Ok(());
        while let (true, Some(Some(chunk))) = (result.is_ok(), chunks.blocking_recv()) {
            result = stdio::write_all(to.as_fd(), &chunk);
        }
        // Nobody listens any more if the program is ending already.
        let _ = over.send(result);
    };
    std::thread::Builder::new().name("output".into()).spawn(run).map_err(failed)?;
    Ok((Output(send), Written(end)))
}

impl Output {
    /// Hands a chunk over, waiting for room. After a failure of standard output chunks go nowhere.
    pub(super) async fn put(&self, chunk: Vec<u8>) {
        let _ = self.0.send(Some(chunk)).await;
    }

    /// The last chunk was put; the thread ends when it is written.
    pub(super) async fn end(&self) {
        let _ = self.0.send(None).await;
    }
}

impl Written {
    /// Waits for the end of the thread.
    pub(super) async fn over(&mut self) -> io::Result<()> {
        (&mut self.0).await.unwrap_or(Ok(()))
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
