//! Two streams of one process that are connected in memory, for tests of what runs over a stream.
//!
//! The facts of the kernel ([`ByteStream::socket_ref`]) are those of a TCP socket without a connection.

use super::{ByteStream, Layer, register};
use crate::event::{Events, Record, Role, Sink, Verbosity};
use crate::sys::socket::{SocketFactory, SocketType};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, Read};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

/// One end of the connection.
pub(super) struct Memory {
    incoming: Arc<Mutex<Pipe>>,
    outgoing: Arc<Mutex<Pipe>>,
}

/// One direction.
struct Pipe {
    bytes: VecDeque<u8>,
    capacity: usize,
    ended: bool,
    waiting: Vec<Waker>,
}

impl ByteStream {
    /// Two ends of a connection that holds up to `capacity` bytes each way, in the runtime this is called in.
    pub fn pair(capacity: usize) -> (Self, Self) {
        let pipe = || {
            let pipe = Pipe { bytes: VecDeque::new(), capacity, ended: false, waiting: Vec::new() };
            Arc::new(Mutex::new(pipe))
        };
        let (here, there) = (pipe(), pipe());
        let back = Memory { incoming: Arc::clone(&there), outgoing: Arc::clone(&here) };
        (Self::over(Memory { incoming: here, outgoing: there }), Self::over(back))
    }

    fn over(memory: Memory) -> Self {
        let (events, _) = Events::start(Verbosity::Errors, Box::new(Nowhere)).unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], 0)).into();
        let socket = SocketFactory::new(events)
            .silent()
            .open(SocketType::Stream, Role::Client, &address, &[])
            .unwrap();
        Self { layer: Layer::Memory(register(socket).unwrap(), memory) }
    }
}

/// Shows no events.
struct Nowhere;

impl Sink for Nowhere {
    fn write(&mut self, _: &[Record]) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self) {}
}

impl Memory {
    pub(super) fn poll_read(&self, cx: &Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut pipe = self.incoming.lock().unwrap();
        if pipe.bytes.is_empty() && !pipe.ended {
            return pipe.wait(cx);
        }
        pipe.wake();
        Poll::Ready(pipe.bytes.read(buffer))
    }

    pub(super) fn try_write(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut pipe = self.outgoing.lock().unwrap();
        let room = pipe.capacity - pipe.bytes.len();
        if room == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        let before = pipe.bytes.len();
        pipe.bytes.extend(parts.iter().flat_map(|part| part.iter()).take(room));
        pipe.wake();
        Ok(pipe.bytes.len() - before)
    }

    pub(super) fn poll_writing<R>(
        &self,
        cx: &Context<'_>,
        mut write: impl FnMut() -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        match write() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.outgoing.lock().unwrap().wait(cx),
            answer => Poll::Ready(answer),
        }
    }

    pub(super) fn shutdown(&self) {
        let mut pipe = self.outgoing.lock().unwrap();
        pipe.ended = true;
        pipe.wake();
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.shutdown();
    }
}

impl Pipe {
    fn wait<T>(&mut self, cx: &Context<'_>) -> Poll<T> {
        self.waiting.push(cx.waker().clone());
        Poll::Pending
    }

    fn wake(&mut self) {
        self.waiting.drain(..).for_each(Waker::wake);
    }
}
