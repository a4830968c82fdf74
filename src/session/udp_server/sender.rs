//! How a datagram server sends: it waits while a queue is full, and drops a datagram that cannot be sent with a warning.

use crate::event::{Address, AddressRef, Event, Events};
use crate::net::udp::BACKOFF;
use crate::session::wait::wait;
use crate::sys::mmsg::{BatchSender, OutgoingDatagram};
use crate::sys::poll::Interest;
use crate::sys::signal::Stop;
use crate::sys::socket::Socket;
use crate::sys::{Error, Result};
use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// The least time between two warnings of one errno: a peer can cause them at any rate.
pub(super) const WARNING_INTERVAL: Duration = Duration::from_secs(1);

/// So often UNIX peers with a full queue are waited for within this time, a fifth of it in all; what they cannot take then is
/// dropped, so that a peer that does not read leaves the others most of the time.
const RESTS: u32 = 200;
const PERIOD: Duration = Duration::from_secs(1);

/// Sends over every socket of one server.
pub(super) struct Sender<'a> {
    batch: BatchSender,
    pub(super) events: &'a Events,
    stop: &'a Stop,
    /// The errno of the last warning, and when it was emitted.
    warned: Option<(Option<i32>, Instant)>,
    /// How often UNIX peers with a full queue were waited for, and since when that counts.
    rested: Option<(Instant, u32)>,
}

impl<'a> Sender<'a> {
    pub(super) fn new(events: &'a Events, stop: &'a Stop) -> Self {
        Self { batch: BatchSender::new(), events, stop, warned: None, rested: None }
    }

    /// Sends all of `datagrams`. One that cannot be sent is dropped with a warning, because other peers are not concerned.
    pub(super) fn send(&mut self, socket: &Socket, datagrams: &[OutgoingDatagram<'_>]) -> Result<()> {
        let mut rest = datagrams;
        while let [first, others @ ..] = rest {
            match self.batch.send(socket, rest) {
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && first.to.is_some_and(is_local) => {
                    if self.has_room_soon()? {
                        continue;
                    }
                    self.warn(socket, first.to.map(AddressRef::to_address), "send", error);
                    rest = others;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    wait(vec![(socket.as_fd(), Interest::Writing)], self.stop, None)?;
                }
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => {
                    wait(Vec::new(), self.stop, Some(Instant::now() + BACKOFF))?;
                }
                Err(error) => {
                    self.warn(socket, first.to.map(AddressRef::to_address), "send", error);
                    rest = others;
                }
            }
        }
        Ok(())
    }

    /// Rests a moment for a UNIX peer whose queue is full, which no descriptor waits for (unix(7)); `false` once such peers had
    /// their time, and the datagram is to be dropped.
    fn has_room_soon(&mut self) -> Result<bool> {
        let now = Instant::now();
        let (since, rests) = self.rested.filter(|(since, _)| now < *since + PERIOD).unwrap_or((now, 0));
        if rests >= RESTS {
            return Ok(false);
        }
        self.rested = Some((since, rests + 1));
        wait(Vec::new(), self.stop, Some(now + BACKOFF))?;
        Ok(true)
    }

    /// Emits a warning about an error that concerns `peer` alone, or the socket for a while.
    pub(super) fn warn(
        &mut self,
        socket: &Socket,
        peer: Option<Address>,
        op: &'static str,
        error: io::Error,
    ) {
        let now = Instant::now();
        let errno = error.raw_os_error();
        let repeated = self.warned.is_some_and(|(last, at)| last == errno && now < at + WARNING_INTERVAL);
        if !repeated {
            self.warned = Some((errno, now));
            let mut fault =
                socket.blame(Error::new(op, name(peer.clone().or(socket.local())), error).fault());
            fault.peer = peer;
            self.events.emit(Event::Warning { fault });
        }
    }
}

/// Whether a peer has a queue of its own on this machine, which it may leave full.
fn is_local(peer: AddressRef<'_>) -> bool {
    matches!(peer, AddressRef::Path(_) | AddressRef::Abstract(_))
}

/// An address as errors name it; empty if there is none.
pub(super) fn name(address: Option<Address>) -> String {
    address.map(|a| a.to_string()).unwrap_or_default()
}
