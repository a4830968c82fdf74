//! Watches the reader of standard output and notifies the connections that write to it.

use super::stdout::Written;
use crate::relay::OutputReader;
use crate::relay::task::OutputWatch;
use crate::sys::reactor::{reader_left, register_pipe};
use std::io;
use std::os::fd::OwnedFd;
use tokio::io::unix::AsyncFd;

/// Reports the end of the reader of standard output to `watch`, early if `pipe` is its pipe; returns another failure of
/// standard output. Its end in order is none.
pub async fn watch(written: &mut Written, pipe: Option<OwnedFd>, watch: &OutputWatch) -> io::Error {
    let mut pipe = pipe.and_then(|pipe| register_pipe(pipe).ok());
    let left = async |pipe: &Option<AsyncFd<OwnedFd>>| match pipe {
        Some(pipe) => reader_left(pipe).await,
        None => std::future::pending().await,
    };
    loop {
        tokio::select! {
            biased;
            ended = written.over() => {
                // The pipe is closed for its reader.
                pipe = None;
                match ended {
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => watch.report(OutputReader::Missed),
                    Err(error) => return error,
                    Ok(()) => std::future::pending().await,
                }
            }
            () = left(&pipe) => {
                pipe = None;
                watch.report(OutputReader::Left);
            }
        }
    }
}
