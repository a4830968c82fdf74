//! Blocking input read in a thread of its own.

use crate::sys::blocking;
use crate::sys::splice::widen;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use tokio::sync::mpsc;

/// Bytes read at once.
const CHUNK: usize = 256 << 10;
/// A pipe that had as much at once is full: it is worth a wider one.
const FULL: usize = 64 << 10;
/// Chunks that wait between the thread and its receiver.
const CHUNKS: usize = 4;

/// Opens and reads in a thread: a descriptor that other processes share must not be made non-blocking, and opening a pipe
/// may take long.
pub(in crate::session) fn read_in_thread(
    open: impl FnOnce() -> io::Result<OwnedFd> + Send + 'static,
) -> io::Result<mpsc::Receiver<io::Result<Vec<u8>>>> {
    let (sender, chunks) = mpsc::channel(CHUNKS);
    let run = move || {
        let mut buffer = vec![0; CHUNK];
        let input = match open() {
            Ok(input) => input,
            // The receiver is gone if the program is ending already.
            Err(error) => return drop(sender.blocking_send(Err(error))),
        };
        let mut is_wide = false;
        loop {
            let chunk = match blocking::read(input.as_fd(), &mut buffer) {
                Ok(0) => return,
                Ok(n) => {
                    if n >= FULL && !is_wide {
                        is_wide = true;
                        let _ = widen(input.as_fd()); // what is no pipe stays as it is
                    }
                    Ok(buffer[..n].to_vec())
                }
                Err(error) => Err(error),
            };
            let last = chunk.is_err();
            if sender.blocking_send(chunk).is_err() || last {
                return;
            }
        }
    };
    std::thread::Builder::new().name("input".into()).spawn(run)?;
    Ok(chunks)
}
