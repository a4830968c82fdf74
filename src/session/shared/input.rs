//! Blocking input read in a thread of its own.

use crate::session::buffers::Buffers;
use crate::sys::blocking;
use crate::sys::splice::widen;
use std::io;
use std::ops::Deref;
use std::os::fd::{AsFd, OwnedFd};
use tokio::sync::mpsc;

/// Bytes read at once.
const CHUNK: usize = 256 << 10;
/// A pipe that had as much at once is full: it is worth a wider one.
const FULL: usize = 64 << 10;
/// Chunks that wait between the thread and its receiver.
const CHUNKS: usize = 4;

/// What one read got. Its memory is used for another once it is dropped.
pub(in crate::session) struct Chunk {
    buffer: Vec<u8>,
    length: usize,
    buffers: Buffers,
}

impl Deref for Chunk {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.buffer[..self.length]
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        self.buffers.give(std::mem::take(&mut self.buffer));
    }
}

/// Opens and reads in a thread: a descriptor that other processes share must not be made non-blocking, and opening a pipe
/// may take long.
pub(in crate::session) fn read_in_thread(
    open: impl FnOnce() -> io::Result<OwnedFd> + Send + 'static,
) -> io::Result<mpsc::Receiver<io::Result<Chunk>>> {
    let (sender, chunks) = mpsc::channel(CHUNKS);
    let run = move || {
        let input = match open() {
            Ok(input) => input,
            // The receiver is gone if the program is ending already.
            Err(error) => return drop(sender.blocking_send(Err(error))),
        };
        let (mut is_wide, buffers) = (false, Buffers::default());
        loop {
            let mut buffer = buffers.take();
            buffer.resize(CHUNK, 0);
            let chunk = match blocking::read(input.as_fd(), &mut buffer) {
                Ok(0) => return,
                Ok(length) => {
                    if length >= FULL && !is_wide {
                        is_wide = true;
                        let _ = widen(input.as_fd()); // what is no pipe stays as it is
                    }
                    Ok(Chunk { buffer, length, buffers: buffers.clone() })
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
