//! How a datagram server sends: it waits while a queue is full, and drops a datagram that cannot be sent with a warning.

use crate::event::{Address, Event, Events};
use crate::net::udp::BACKOFF;
use crate::session::wait::wait;
use crate::sys::mmsg::{BatchSender, OutgoingDatagram};
use crate::sys::poll::Interest;
use crate::sys::signal::Stop;
use crate::sys::socket::Socket;
use crate::sys::{Error, Result};
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// The least time between two warnings of one errno: a peer can cause them as often as it likes.
const WARNING_INTERVAL: Duration = Duration::from_secs(1);

/// Sends over every socket of one server.
pub(super) struct Sender<'a> {
    batch: BatchSender,
    pub(super) events: &'a Events,
    stop: &'a Stop,
    /// The errno of the last warning, and when it was emitted.
    warned: Option<(Option<i32>, Instant)>,
}

impl<'a> Sender<'a> {
    pub(super) fn new(events: &'a Events, stop: &'a Stop) -> Self {
        Self { batch: BatchSender::new(), events, stop, warned: None }
    }

    /// Sends all of `datagrams`. One that cannot be sent is dropped with a warning, because other peers are not concerned.
    pub(super) fn send(&mut self, socket: &Socket, datagrams: &[OutgoingDatagram<'_>]) -> Result<()> {
        let mut rest = datagrams;
        while let [first, others @ ..] = rest {
            match self.batch.send(socket, rest) {
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    wait(vec![(socket.as_fd(), Interest::Writing)], self.stop, None)?;
                }
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => {
                    wait(Vec::new(), self.stop, Some(Instant::now() + BACKOFF))?;
                }
                Err(error) => {
                    self.warn(socket, first.to, "send", error);
                    rest = others;
                }
            }
        }
        Ok(())
    }

    /// Emits a warning about an error that concerns `peer` alone, or the socket for a while.
    pub(super) fn warn(
        &mut self,
        socket: &Socket,
        peer: Option<SocketAddr>,
        op: &'static str,
        error: io::Error,
    ) {
        let now = Instant::now();
        let errno = error.raw_os_error();
        let repeated = self.warned.is_some_and(|(last, at)| last == errno && now < at + WARNING_INTERVAL);
        if !repeated {
            self.warned = Some((errno, now));
            let mut fault = socket.blame(Error::new(op, name(peer.or(socket.local_inet())), error).fault());
            fault.peer = peer.map(Address::from);
            self.events.emit(Event::Warning { fault });
        }
    }
}

/// An address as errors name it; empty if there is none.
pub(super) fn name(address: Option<SocketAddr>) -> String {
    address.map(|a| a.to_string()).unwrap_or_default()
}
