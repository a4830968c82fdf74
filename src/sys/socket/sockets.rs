//! The maker of sockets.

use super::{Sockets, Tracked};
use crate::event::{Events, Proto, Role, State, Subject};
use crate::sys::error::{Error, Result};
use crate::sys::life::Life;
use crate::sys::options::{Family, SocketOption};
use crate::sys::watch::Watcher;
use socket2::{Domain, Protocol, Type};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

impl Sockets {
    /// Sockets whose events go to `events`.
    #[must_use]
    pub fn new(events: Events) -> Self {
        let count = || Arc::new(AtomicU32::new(1));
        let told = events.enabled();
        Self { told, events, watcher: Arc::default(), next: count(), next_token: count() }
    }

    /// The watcher, if one runs.
    pub(super) fn watcher(&self) -> Option<&Arc<Watcher>> {
        self.watcher.get().and_then(Option::as_ref)
    }

    /// The same sockets, but nothing is told of the ones made here.
    #[must_use]
    pub fn untold(&self) -> Self {
        Self { told: false, ..self.clone() }
    }

    /// The same sockets for an attempt that may have to be repeated: their events are held back until
    /// [`Events::release`], and until then other attempts may take the same numbers.
    #[must_use]
    pub fn attempt(&self) -> Self {
        let next = Arc::new(AtomicU32::new(self.next.load(Ordering::Relaxed)));
        Self { events: self.events.held(), next, ..self.clone() }
    }

    /// Where events go.
    #[must_use]
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// Waits until the last states of closed sockets are told, at most about a second.
    pub fn drain(&self) {
        if let Some(watcher) = self.watcher() {
            watcher.drain();
        }
    }

    /// socket(2) for `address`'s family, non-blocking, with `options` set and read back.
    pub fn open(
        &self,
        proto: Proto,
        role: Role,
        address: SocketAddr,
        options: &[SocketOption],
    ) -> Result<Tracked> {
        let (kind, protocol) = match proto {
            Proto::Tcp => (Type::STREAM, Protocol::TCP),
            Proto::Udp => (Type::DGRAM, Protocol::UDP),
        };
        let socket = socket2::Socket::new(Domain::for_address(address), kind.nonblocking(), Some(protocol))
            .map_err(|e| Error::new("socket for", address, e))?;
        let subject = Subject { conn: 0, proto, local: None, peer: None, role };
        let tracked = self.track(socket.into(), subject, family_of(address), State::Closed);
        for option in options {
            tracked.set(option)?;
        }
        Ok(tracked)
    }

    pub(super) fn track(&self, fd: OwnedFd, mut subject: Subject, family: Family, state: State) -> Tracked {
        let conn = self.next.fetch_add(1, Ordering::Relaxed);
        subject.conn = conn;
        let fd = Arc::new(fd);
        let events = self.told.then(|| self.events.clone());
        let life = Arc::new(Life::new(events, subject, state, Arc::clone(&fd)));
        let token = self.next_token.fetch_add(1, Ordering::Relaxed);
        Tracked { fd: Some(fd), life, sockets: self.clone(), conn, token, proto: subject.proto, family }
    }
}

fn family_of(address: SocketAddr) -> Family {
    if address.is_ipv4() { Family::V4 } else { Family::V6 }
}
