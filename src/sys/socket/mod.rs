//! A socket whose states are observed: every call that may change its state goes through here, and the kernel is asked
//! afterwards.

mod adopt;
mod ending;
mod factory;
mod file;
pub(super) mod hangup;
mod lend;
mod multipath;
mod name;
mod opening;
mod traffic;
mod udp;

pub use super::state::LAST_ACK_TIMEOUT;
pub use adopt::Passed;

use super::error::Result;
use super::options::{Family, SocketOption};
use super::packet::PortWatch;
use super::state::StateTracker;
use super::watcher::Watcher;
use crate::event::{Address, Event, Events, Fault, Proto, State, Subject};
use adopt::SharedFile;
use socket2::SockRef;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::sync::{Arc, OnceLock};

/// Makes sockets: numbers them and shows them to the watcher. One a run, cheap to clone.
#[derive(Clone)]
pub struct SocketFactory {
    events: Events,
    /// Whether states are observed at all.
    observed: bool,
    /// Started with the first socket that is watched.
    watcher: Arc<OnceLock<Option<Arc<Watcher>>>>,
    /// Told of every port before it is used, where packets are captured.
    watched_ports: Option<PortWatch>,
    next: Arc<AtomicU32>,
    /// Numbers for the watcher, which are never used twice.
    next_token: Arc<AtomicU32>,
}

/// A socket and its state tracker. Dropping it closes it in order: FIN first unless it must be reset, and its last states
/// are emitted.
pub struct Socket {
    fd: Option<Arc<OwnedFd>>,
    tracker: Arc<StateTracker>,
    sockets: SocketFactory,
    conn: u32,
    token: u32,
    proto: Proto,
    family: Family,
    /// That of another program.
    shared: Option<SharedFile>,
    /// Made for Multipath TCP, whatever the peer makes of it.
    multipath: bool,
    /// Close will send RST, as [`Self::reset_on_close`] asked.
    reset: AtomicBool,
    /// Removes the file of a UNIX server's socket with it.
    file: OnceLock<file::SocketFile>,
}

/// How the bytes of a socket are delivered: `SOCK_STREAM` or `SOCK_DGRAM` (socket(2)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketType {
    /// As a stream, over connections.
    Stream,
    /// One by one.
    Datagram,
}

/// The other end of a UNIX connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerCredentials {
    /// Its process.
    pub pid: u32,
    /// The user of that.
    pub uid: u32,
}

/// How far a connect(2) that does not block came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connecting {
    /// The connection stands.
    Done,
    /// The answer is awaited; ask [`Socket::finish_connect`] when the socket is writable.
    InProgress,
}

impl Socket {
    /// Whether the kernel knows the states of TCP for it.
    fn is_tcp(&self) -> bool {
        self.proto == Proto::Tcp
    }

    /// The number events call this socket by.
    #[must_use]
    pub fn conn(&self) -> u32 {
        self.conn
    }

    /// Its transport.
    #[must_use]
    pub fn proto(&self) -> Proto {
        self.proto
    }

    /// Our address, once there is one.
    #[must_use]
    pub fn local(&self) -> Option<Address> {
        let observed = self.tracker.lock().subject.local.clone();
        let bound = |a: &Address| a.inet().is_none_or(|a| a.port() != 0);
        observed.or_else(|| name::local(self.as_fd()).ok().flatten().filter(bound))
    }

    /// Our internet address, once there is one.
    #[must_use]
    pub fn local_inet(&self) -> Option<SocketAddr> {
        self.local()?.inet()
    }

    /// The other end's address, once there is one.
    #[must_use]
    pub fn peer(&self) -> Option<Address> {
        self.tracker.lock().subject.peer.clone()
    }

    /// The other end's internet address, once there is one.
    #[must_use]
    pub fn peer_inet(&self) -> Option<SocketAddr> {
        self.peer()?.inet()
    }

    /// The process at the other end of a UNIX connection and its user, as they were when it connected (`SO_PEERCRED`, unix(7)).
    #[must_use]
    pub fn peer_credentials(&self) -> Option<PeerCredentials> {
        if self.proto != Proto::Unix || !self.tracker.observed() {
            return None;
        }
        let found = rustix::net::sockopt::socket_peercred(self).ok()?;
        let pid = u32::try_from(found.pid.as_raw_nonzero().get()).ok()?;
        Some(PeerCredentials { pid, uid: found.uid.as_raw() })
    }

    /// The other end's address, or `unix:#2` where it has none, with the number that events call this socket by.
    #[must_use]
    pub fn peer_name(&self) -> String {
        self.peer().map_or_else(|| format!("unix:#{}", self.conn), |address| address.to_string())
    }

    /// The address that an error of this socket names: the other end's, or ours where there is none.
    #[must_use]
    pub fn on(&self) -> String {
        self.peer().or(self.local()).map(|a| a.to_string()).unwrap_or_default()
    }

    /// What events say of this socket.
    #[must_use]
    pub fn subject(&self) -> Subject {
        self.tracker.lock().subject.clone()
    }

    /// The state last observed.
    #[must_use]
    pub fn state(&self) -> State {
        self.tracker.lock().state
    }

    /// Payload received and sent so far, bytes.
    #[must_use]
    pub fn counters(&self) -> (u64, u64) {
        self.tracker.counters()
    }

    /// Whether this socket has a file, made by [`Self::bind_server`], that this process may not remove.
    #[must_use]
    pub fn leaves_file(&self) -> bool {
        self.file.get().is_some_and(|file| !file.is_removable())
    }

    /// Adds this socket's number and peer to a fault.
    #[must_use]
    pub fn blame(&self, fault: Fault) -> Fault {
        self.tracker.fault(fault)
    }

    /// Notes, for the summaries, that the bytes of one socket are passed on to the other.
    pub fn note_join(&self, other: &Self) {
        self.tracker.lock().joined = Some(other.conn);
        other.tracker.lock().joined = Some(self.conn);
    }

    /// Sets one option, reads it back and emits both values.
    pub fn set(&self, option: &SocketOption) -> Result<()> {
        if option.applies_to(self.family) {
            let effective = option.apply(&SockRef::from(&self.as_fd()), self.family)?;
            let (name, requested) = (option.name(), Some(option.requested()));
            self.emit(|socket| Event::Option { socket, name, requested, effective });
        }
        Ok(())
    }

    /// Sets one option that was not asked for; emitted under `-v`, and a refusal changes nothing.
    pub fn prefer(&self, option: &SocketOption) {
        let fd = self.as_fd();
        let socket = SockRef::from(&fd);
        if !self.sockets.events.detailed() {
            // Nothing shows the value in force.
            let _ = option.set(&socket, self.family);
        } else if let Ok(effective) = option.apply(&socket, self.family) {
            let (name, requested) = (option.name(), Some(option.requested()));
            self.emit(|socket| Event::Option { socket, name, requested, effective });
        }
    }

    /// Emits the options in force that were not set (`-v`).
    pub fn emit_options(&self) {
        if !self.tracker.observed() || !self.sockets.events.detailed() {
            return;
        }
        for option in SocketOption::worth_showing(self.proto) {
            if let Ok(effective) = option.read(&SockRef::from(&self.as_fd()), self.family) {
                let name = option.name();
                self.emit(|socket| Event::Option { socket, name, requested: None, effective });
            }
        }
    }

    /// Emits an event about this socket; it is only made if events are observed.
    pub fn emit(&self, event: impl FnOnce(Subject) -> Event) {
        if self.tracker.observed() {
            let subject = self.subject();
            self.sockets.events.emit(event(subject));
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // The descriptor is given up in `drop` alone.
        self.fd.as_ref().expect("the socket is open until it is dropped").as_fd()
    }
}

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}
