//! Sending for a datagram server: what cannot be sent is told and left, a full queue is waited for.

use crate::event::{Dir, Event, Events};
use crate::sys::mmsg::{Origin, Outbox, OutgoingDatagram};
use crate::sys::poll::{Interest, wait};
use crate::sys::signal::{Signal, Stop};
use crate::sys::socket::Socket;
use crate::sys::{Error, Result};
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// One warning of a kind in this time: what cannot be answered comes as often as its sender likes.
const PAUSE: Duration = Duration::from_secs(1);
/// How long sending rests when the machine's network queues are full.
const BACKOFF: Duration = Duration::from_millis(1);

/// Sends over every socket of one server.
pub(super) struct Sender<'a> {
    outbox: Outbox,
    pub(super) events: &'a Events,
    pub(super) stop: &'a Stop,
    warned: Option<(Option<i32>, Instant)>,
}

impl<'a> Sender<'a> {
    pub(super) fn new(events: &'a Events, stop: &'a Stop) -> Self {
        Self { outbox: Outbox::new(), events, stop, warned: None }
    }

    /// Sends all of `letters`; gives the signal that came while there was no room. One that cannot be sent is told and left:
    /// it is its peer's loss, nobody else's.
    pub(super) fn send(
        &mut self,
        socket: &Socket,
        letters: &[OutgoingDatagram<'_>],
    ) -> Result<Option<Signal>> {
        let mut rest = letters;
        while let [first, others @ ..] = rest {
            match self.outbox.send(socket, rest) {
                Ok(count) => {
                    tell_sent(socket, &rest[..count]);
                    rest = &rest[count..];
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if let Some(signal) = self.wait_for_room(socket, None)? {
                        return Ok(Some(signal));
                    }
                }
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => {
                    if let Some(signal) = self.wait_for_room(socket, Some(Instant::now() + BACKOFF))? {
                        return Ok(Some(signal));
                    }
                }
                Err(error) => {
                    self.warn(socket, first.to, "send", error);
                    rest = others;
                }
            }
        }
        Ok(None)
    }

    /// Waits until `socket` takes more, or until `rest` is over; gives the signal that came meanwhile.
    fn wait_for_room(&self, socket: &Socket, rest: Option<Instant>) -> Result<Option<Signal>> {
        let room = (socket.as_fd(), Interest::Writing);
        let stop = (self.stop.as_fd(), Interest::Reading);
        let waited = if rest.is_some() { wait(&[stop], rest) } else { wait(&[stop, room], None) };
        waited.map_err(|e| Error::new("poll", named(socket.local()), e))?;
        Ok(self.stop.signal())
    }

    /// Tells a failure that is `peer`'s alone, or the socket's for now.
    pub(super) fn warn(
        &mut self,
        socket: &Socket,
        peer: Option<SocketAddr>,
        op: &'static str,
        error: io::Error,
    ) {
        let now = Instant::now();
        let errno = error.raw_os_error();
        let again = self.warned.is_some_and(|(last, at)| last == errno && now < at + PAUSE);
        if !again {
            self.warned = Some((errno, now));
            let on = named(peer.or(socket.local()));
            let mut fault = socket.blame(Error::new(op, on, error).fault());
            fault.peer = peer;
            self.events.emit(Event::Warning { fault });
        }
    }
}

fn tell_sent(socket: &Socket, letters: &[OutgoingDatagram<'_>]) {
    let local = socket.local();
    let left_from = |origin: Option<Origin>| match origin {
        None => local,
        Some(origin) => Some(SocketAddr::new(origin.from?, local?.port())),
    };
    socket.tell_datagrams(Dir::Out, letters.iter().map(|l| (left_from(l.from), l.to, l.payload.len())));
}

pub(super) fn named(address: Option<SocketAddr>) -> String {
    address.map(|a| a.to_string()).unwrap_or_default()
}
