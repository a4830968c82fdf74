//! Standard input of a datagram server: cut into datagrams for the peers.

use super::server::UdpServer;
use crate::cli::UdpServe;
use crate::event::{Event, Events, Kind};
use crate::net::datagram::{LONGEST_V4, LONGEST_V6, family};
use crate::session::datagram_source::{Cut, DatagramSource, TooLong};
use crate::sys::signal::Signal;
use crate::sys::socket::Socket;
use crate::sys::{Error, Result, fd, tty};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// Bytes read at once: more than any datagram holds, so that a read that is too long for one is seen to be.
const READ: usize = 64 << 10;
/// How often a job in the background looks whether its terminal is given to it.
const LOOK: Duration = Duration::from_millis(250);

/// What is read, and what was read of it and not sent yet.
pub(super) struct Input {
    from: OwnedFd,
    supply: DatagramSource,
    limit: usize,
    buffer: Vec<u8>,
    terminal: bool,
    /// Not looked at before then.
    rest: Option<Instant>,
    over: bool,
}

impl Input {
    /// Standard input, for datagrams over `sockets`.
    pub(super) fn open(args: &UdpServe, sockets: &[Socket]) -> Result<Self> {
        let from = fd::take_input().map_err(|e| Error::new("open", "standard input", e).about(Kind::File))?;
        let over_v4 = sockets.iter().any(|s| s.local().is_none_or(|a| a.is_ipv4()));
        let limit = if over_v4 { LONGEST_V4 } else { LONGEST_V6 };
        let cut = Cut::of(args.input);
        let mut supply = DatagramSource::new(cut, limit, 1).with_crlf(args.input.crlf);
        supply.forget();
        let terminal = fd::is_terminal(from.as_fd());
        Ok(Self { from, supply, limit, buffer: vec![0; READ], terminal, rest: None, over: false })
    }

    /// What to wait for, if it is to be read now.
    pub(super) fn source(&self, now: Instant) -> Option<BorrowedFd<'_>> {
        (!self.over && self.rest.is_none_or(|rest| rest <= now)).then(|| self.from.as_fd())
    }

    /// When it is worth a look again, if not now.
    pub(super) fn rest(&self, now: Instant) -> Option<Instant> {
        self.rest.filter(|rest| !self.over && *rest > now)
    }

    /// Whether the end was read.
    pub(super) const fn is_over(&self) -> bool {
        self.over
    }

    /// Reads once, and sends what is whole. Standard input is known to be readable.
    pub(super) fn turn(&mut self, server: &mut UdpServer<'_>, events: &Events) -> Result<Option<Signal>> {
        self.rest = None;
        if self.terminal && tty::in_background(self.from.as_fd()) {
            self.rest = Some(Instant::now() + LOOK);
            return Ok(None);
        }
        self.read(events)?;
        self.send(server)
    }

    /// Reads and sends what waits now, its last line also without an end; for a server that is about to leave.
    pub(super) fn finish(&mut self, server: &mut UdpServer<'_>, events: &Events) -> Result<Option<Signal>> {
        if self.terminal || self.over {
            return Ok(None);
        }
        let waiting = tty::waiting(self.from.as_fd());
        let mut taken = 0;
        while taken < waiting && !self.over {
            taken += self.read(events)? as u64;
            if let Some(signal) = self.send(server)? {
                return Ok(Some(signal));
            }
        }
        if !self.over {
            self.end()?;
        }
        self.send(server)
    }

    /// Reads once; says how many bytes.
    fn read(&mut self, events: &Events) -> Result<usize> {
        match fd::read(self.from.as_fd(), &mut self.buffer) {
            Ok(0) => self.end().map(|()| 0),
            Ok(count) => match self.supply.push(&self.buffer[..count]) {
                Ok(()) => Ok(count),
                Err(error) => Err(self.too_long(&error)),
            },
            Err(error) => {
                // The peers are still to be heard.
                let error = Error::new("read", "standard input", error).about(Kind::File);
                events.emit(Event::Warning { fault: error.fault() });
                self.end().map(|()| 0)
            }
        }
    }

    fn end(&mut self) -> Result<()> {
        self.over = true;
        self.supply.finish().map_err(|e| self.too_long(&e))
    }

    fn send(&mut self, server: &mut UdpServer<'_>) -> Result<Option<Signal>> {
        let count = self.supply.waiting().len();
        if count == 0 {
            return Ok(None);
        }
        let stopped = server.send(&self.supply.waiting())?;
        self.supply.sent(count);
        Ok(stopped)
    }

    fn too_long(&self, why: &TooLong) -> Error {
        let text = format!("{why}; over {} one holds {} bytes at most", family(self.limit), self.limit);
        Error::new("send", "standard input", io::Error::other(text)).about(Kind::Data)
    }
}
