//! Progress of a transfer, told while bytes move.

use crate::event::Event;
use crate::sys::socket::Socket;
use std::time::{Duration, Instant};

/// Bytes told as progress, and when.
pub(super) struct Progress {
    every: Duration,
    total: Option<u64>,
    told: (u64, Instant),
}

impl Progress {
    pub(super) fn new(every: Duration, total: Option<u64>) -> Self {
        Self { every, total, told: (0, Instant::now()) }
    }

    pub(super) fn tell(&mut self, socket: &Socket, now: Instant) {
        if now.duration_since(self.told.1) < self.every {
            return;
        }
        let (bytes_in, bytes_out) = socket.counters();
        if bytes_in + bytes_out != self.told.0 {
            let total = self.total;
            socket.emit(|socket| Event::Progress { socket, bytes_in, bytes_out, total });
        }
        self.told = (bytes_in + bytes_out, now);
    }

    pub(super) fn next(&self) -> Instant {
        self.told.1 + self.every
    }
}
