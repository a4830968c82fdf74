//! The maker of sockets.

use super::{Socket, SocketFactory, SocketType};
use crate::event::{Address, Events, Kind, Proto, Role, State, Subject};
use crate::sys::error::{Error, Result};
use crate::sys::options::{Family, SocketOption};
use crate::sys::packet::PortWatch;
use crate::sys::state::StateTracker;
use crate::sys::watcher::Watcher;
use socket2::{Domain, Protocol, Type};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

impl SocketFactory {
    /// Sockets whose events go to `events`.
    #[must_use]
    pub fn new(events: Events) -> Self {
        let count = || Arc::new(AtomicU32::new(1));
        let observed = events.enabled();
        Self {
            observed,
            events,
            watcher: Arc::default(),
            watched_ports: None,
            next: count(),
            next_token: count(),
        }
    }

    /// The same factory, whose sockets tell `watch` their ports before they use them.
    #[must_use]
    pub fn captured(self, watch: PortWatch) -> Self {
        Self { watched_ports: Some(watch), ..self }
    }

    /// Whether packets of the sockets are captured.
    #[must_use]
    pub const fn is_captured(&self) -> bool {
        self.watched_ports.is_some()
    }

    /// Has a capture follow the port of an address.
    pub(in crate::sys) fn watch_port(&self, address: &Address) -> Result<()> {
        self.watched_ports.as_ref().map_or(Ok(()), |watch| watch.add(address))
    }

    /// The watcher, if one runs.
    pub(super) fn watcher(&self) -> Option<&Arc<Watcher>> {
        self.watcher.get().and_then(Option::as_ref)
    }

    /// The same factory for sockets that emit no events.
    #[must_use]
    pub fn silent(&self) -> Self {
        Self { observed: false, ..self.clone() }
    }

    /// The same sockets for an attempt that may have to be repeated: their events are held back until
    /// [`Events::release`], and until then other attempts may take the same numbers.
    #[must_use]
    pub fn attempt(&self) -> Self {
        let next = Arc::new(AtomicU32::new(self.next.load(Ordering::Relaxed)));
        Self { events: self.events.held(), next, ..self.clone() }
    }

    /// The same sockets, whose events are held back until [`Events::release`], beside others that open sockets meanwhile: those
    /// of an attempt that fails leave a gap in the numbers.
    #[must_use]
    pub fn held(&self) -> Self {
        Self { events: self.events.held(), ..self.clone() }
    }

    /// Where events go.
    #[must_use]
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// Waits until the last states of closed sockets are emitted, at most about a second.
    pub fn drain(&self) {
        if let Some(watcher) = self.watcher() {
            watcher.drain();
        }
    }

    /// socket(2) for `address`'s family, non-blocking, with `options` set and read back.
    pub fn open(
        &self,
        kind: SocketType,
        role: Role,
        address: &Address,
        options: &[SocketOption],
    ) -> Result<Socket> {
        let (family, domain, proto, protocol) = parts(kind, address);
        let multipath = options.contains(&SocketOption::Multipath(true)) && proto == Proto::Tcp;
        let protocol = if multipath { Some(Protocol::MPTCP) } else { protocol };
        let kind = match kind {
            SocketType::Stream => Type::STREAM,
            SocketType::Datagram => Type::DGRAM,
        };
        let socket = socket2::Socket::new(domain, kind.nonblocking(), protocol).map_err(|e| {
            if multipath {
                Error::new("option", "mptcp on", e).about(Kind::Option)
            } else {
                Error::new("socket for", address, e)
            }
        })?;
        let subject = Subject { conn: 0, proto, local: None, peer: None, role };
        let mut socket_ref = self.track(socket.into(), subject, family, State::Closed);
        socket_ref.multipath = multipath;
        for option in options {
            socket_ref.set(option)?;
        }
        Ok(socket_ref)
    }

    pub(super) fn track(&self, fd: OwnedFd, mut subject: Subject, family: Family, state: State) -> Socket {
        let (conn, proto) = (self.next.fetch_add(1, Ordering::Relaxed), subject.proto);
        subject.conn = conn;
        let fd = Arc::new(fd);
        let events = self.observed.then(|| self.events.clone());
        let tracker = Arc::new(StateTracker::new(events, subject, state, Arc::clone(&fd)));
        let token = self.next_token.fetch_add(1, Ordering::Relaxed);
        Socket {
            fd: Some(fd),
            tracker,
            sockets: self.clone(),
            conn,
            token,
            proto,
            family,
            shared: None,
            multipath: false,
            reset: AtomicBool::new(false),
            file: OnceLock::new(),
        }
    }
}

/// What socket(2) takes for an address, and what events call it.
fn parts(kind: SocketType, address: &Address) -> (Family, Domain, Proto, Option<Protocol>) {
    let (proto, protocol) = match kind {
        SocketType::Stream => (Proto::Tcp, Protocol::TCP),
        SocketType::Datagram => (Proto::Udp, Protocol::UDP),
    };
    match address {
        Address::Inet(SocketAddr::V4(_)) => (Family::V4, Domain::IPV4, proto, Some(protocol)),
        Address::Inet(SocketAddr::V6(_)) => (Family::V6, Domain::IPV6, proto, Some(protocol)),
        Address::Unix(_) => (Family::Unix, Domain::UNIX, Proto::Unix, None),
        Address::Vsock { .. } => (Family::Vsock, Domain::VSOCK, Proto::Vsock, None),
    }
}
