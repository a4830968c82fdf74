//! Progress events of a transfer while bytes move.

use crate::event::Event;
use crate::sys::socket::Socket;
use std::time::{Duration, Instant};

/// The last progress: bytes moved, and when.
pub struct Progress {
    every: Duration,
    total: Option<u64>,
    last: (u64, Instant),
}

impl Progress {
    /// Progress every so often, of `total` bytes where that is known.
    #[must_use]
    pub fn new(every: Duration, total: Option<u64>) -> Self {
        Self { every, total, last: (0, Instant::now()) }
    }

    /// Emits progress if it is due and bytes moved.
    pub fn emit(&mut self, socket: &Socket, now: Instant) {
        if now.duration_since(self.last.1) < self.every {
            return;
        }
        let (bytes_in, bytes_out) = socket.counters();
        if bytes_in + bytes_out != self.last.0 {
            let total = self.total;
            socket.emit(|socket| Event::Progress { socket, bytes_in, bytes_out, total });
        }
        self.last = (bytes_in + bytes_out, now);
    }

    /// The time of the next progress.
    #[must_use]
    pub fn next(&self) -> Instant {
        self.last.1 + self.every
    }
}
