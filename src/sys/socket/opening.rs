//! The calls that bring a socket into use: bind, listen, accept, connect.

use super::file::SocketFile;
use super::{Connecting, Socket, name};
use crate::event::{Address, Event, Kind, Op, Proto, Role, Scope, State, Subject, UnixAddress, Via};
use crate::sys::error::{Error, Result};
use crate::sys::holder::Wanted;
use crate::sys::watcher::Watcher;
use crate::sys::{limits, tcp_info};
use rustix::net;
use socket2::SockRef;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::Arc;

impl Socket {
    /// bind(2).
    pub fn bind(&self, address: &Address) -> Result<Address> {
        name::bind(self.as_fd(), address).map_err(|e| self.refused_to_bind(address, e))?;
        self.bound_to(address)
    }

    /// As [`Self::bind`] for a UNIX server: replaces the file of a socket that no process has open, makes its own with `mode`
    /// (chmod(2)), and removes that when this socket is dropped. Other addresses are bound as they are.
    pub fn bind_server(&self, address: &Address, mode: u32) -> Result<Address> {
        let Address::Unix(UnixAddress::Path(path)) = address else { return self.bind(address) };
        let file = SocketFile::bind(path, mode, || name::bind(self.as_fd(), address))
            .map_err(|e| self.refused_to_bind(address, e))?;
        let _ = self.file.set(file);
        self.bound_to(address)
    }

    fn bound_to(&self, address: &Address) -> Result<Address> {
        let local = name::local(self.as_fd()).map_err(|e| Error::new("getsockname", address, e))?;
        let local = local.unwrap_or_else(|| address.clone());
        self.sockets.watch_port(&local)?;
        Ok(self.bound(local))
    }

    fn refused_to_bind(&self, address: &Address, error: impl Into<io::Error>) -> Error {
        let error: io::Error = error.into();
        let no_socket = error.raw_os_error().is_none();
        let error = self.wanted(Error::new("bind", address, error), Some(address));
        if no_socket { error.about(Kind::File) } else { error }
    }

    /// Notes the address of a socket that was just bound.
    pub(super) fn bound(&self, local: Address) -> Address {
        let mut inner = self.tracker.lock();
        inner.subject.local = Some(local.clone());
        if self.proto == Proto::Udp {
            self.tracker.transition(&mut inner, State::Unconnected, Op::Bind);
        }
        drop(inner);
        self.emit(|socket| Event::Bind { socket });
        local
    }

    /// listen(2) with an accept queue of `backlog`; the kernel caps it (somaxconn, tcp(7)).
    pub fn listen(&self, backlog: u32) -> Result<()> {
        let length = i32::try_from(backlog).unwrap_or(i32::MAX);
        let local = self.local();
        let on = || local.as_ref().map(ToString::to_string).unwrap_or_default();
        {
            let mut inner = self.tracker.lock();
            net::listen(self, length)
                .map_err(|e| self.wanted(Error::new("listen", on(), e), local.as_ref()))?;
            if self.proto == Proto::Tcp {
                self.tracker.observe_locked(&mut inner, Some(Op::Listen));
            } else {
                self.tracker.transition(&mut inner, State::Listen, Op::Listen);
            }
        }
        if self.tracker.observed() {
            let effective = if self.is_tcp() {
                tcp_info::read(self.as_fd()).map_err(|e| Error::new("TCP_INFO", on(), e))?.backlog()
            } else {
                limits::accept_queue(backlog)
            };
            let (requested, value) = (u64::from(backlog).into(), u64::from(effective).into());
            self.emit(|socket| Event::Option {
                socket,
                name: "backlog",
                requested: Some(requested),
                effective: value,
            });
            self.emit(|socket| Event::Listening {
                scope: socket.local.as_ref().map_or(Scope::Loopback, Scope::of),
                socket,
                backlog: Some(effective),
                backlog_requested: Some(backlog),
            });
        }
        Ok(())
    }

    fn wanted(&self, error: Error, address: Option<&Address>) -> Error {
        match address {
            Some(Address::Inet(address)) => {
                let v6only = address.is_ipv6() && SockRef::from(&self.as_fd()).only_v6().unwrap_or(false);
                error.wanting(Wanted::Inet { proto: self.proto, address: *address, v6only })
            }
            Some(Address::Unix(address)) => error.wanting(Wanted::Unix(address.clone())),
            Some(Address::Vsock { .. }) | None => error,
        }
    }

    /// accept4(2) without blocking. The new socket reports its states from LISTEN on, as the kernel made it; whether its
    /// client is accepted is for the caller to decide and to emit.
    pub fn accept(&self) -> io::Result<Socket> {
        use rustix::net::SocketFlags;
        self.expect_nonblocking();
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        if self.proto != Proto::Tcp {
            let fd = net::accept_with(self, flags)?;
            let (local, peer) =
                (name::local(fd.as_fd()).ok().flatten(), name::peer(fd.as_fd()).ok().flatten());
            let subject = Subject { conn: 0, proto: self.proto, local, peer, role: Role::Server };
            let child = self.sockets.track(fd, subject, self.family, State::Closed);
            child.tracker.transition(&mut child.tracker.lock(), State::Connected, Op::Accept);
            return Ok(child);
        }
        let (fd, peer) = net::acceptfrom_with(self, flags)?;
        let peer = peer.and_then(|a| SocketAddr::try_from(a).ok()).map(Address::from);
        let local = name::local(fd.as_fd()).ok().flatten();
        let subject = Subject { conn: 0, proto: Proto::Tcp, local, peer, role: Role::Server };
        let mut child = self.sockets.track(fd, subject, self.family, State::Listen);
        child.tracker.accepted();
        child.watch();
        child.multipath = self.multipath;
        child.emit_multipath();
        Ok(child)
    }

    /// connect(2) without blocking.
    pub fn start_connect(&self, address: &Address) -> Result<Connecting> {
        self.sockets.watch_port(address)?;
        let (answer, state) = {
            let mut inner = self.tracker.lock();
            inner.subject.peer = Some(address.clone());
            let answer = name::connect(self.as_fd(), address);
            if answer.is_ok() || matches!(answer, Err(rustix::io::Errno::INPROGRESS)) {
                if self.tracker.observed() {
                    inner.subject.local = name::local(self.as_fd()).ok().flatten();
                }
                if self.proto == Proto::Tcp {
                    self.tracker.observe_attempt(&mut inner);
                } else if answer.is_ok() {
                    if self.proto == Proto::Udp && inner.state == State::Closed {
                        // The call took a port on the way.
                        self.tracker.transition_via(&mut inner, State::Unconnected, Via::Implied);
                    }
                    self.tracker.transition(&mut inner, State::Connected, Op::Connect);
                }
            }
            // A full accept queue is no answer: the same socket may ask again.
            if let (true, Err(errno)) = (self.proto != Proto::Tcp, answer)
                && errno != rustix::io::Errno::AGAIN
            {
                inner.remember(errno.raw_os_error());
            }
            (answer, inner.state)
        };
        match answer {
            Err(rustix::io::Errno::INPROGRESS) if is_under_way(self.state_after(state)) => {
                self.watch_attempt();
                Ok(Connecting::InProgress)
            }
            // On the way to a server of this machine the handshake is over before the call is.
            Ok(()) | Err(rustix::io::Errno::INPROGRESS) => {
                self.connected(address)?;
                Ok(Connecting::Done)
            }
            Err(error) => Err(refused_to_connect(address, error)),
        }
    }

    /// The state after connect(2): where none are observed, the kernel is asked for it, which costs less than a wait.
    fn state_after(&self, observed: State) -> State {
        if self.tracker.observed() || !self.is_tcp() {
            return observed;
        }
        tcp_info::state(self.as_fd()).unwrap_or(observed)
    }

    /// Notes where a connection attempt made elsewhere in this layer goes.
    pub(in crate::sys) fn aim(&self, address: SocketAddr) {
        self.tracker.lock().subject.peer = Some(address.into());
    }

    /// Whether a connection in progress came about; `None` while it is still in progress.
    pub fn finish_connect(&self) -> Result<Option<()>> {
        let stands = match tcp_info::state(self.as_fd()) {
            Ok(state) => !is_under_way(state),
            Err(_) => name::peer(self.as_fd()).is_ok(),
        };
        if let (true, Some(address)) = (stands, self.peer()) {
            if !self.is_tcp() {
                self.tracker.transition(&mut self.tracker.lock(), State::Connected, Op::Connect);
            }
            return self.connected(&address).map(Some);
        }
        let peer = self.peer().map(|a| a.to_string()).unwrap_or_default();
        let error = net::sockopt::socket_error(self).map_err(|e| Error::new("connect", &peer, e))?;
        match error {
            Ok(()) => Ok(None),
            Err(errno) => {
                // Only this call reports an ICMP answer that came while connect(2) ran; the kernel itself would go on.
                let _ = self.shutdown_attempt();
                self.tracker.failed(errno.raw_os_error());
                Err(Error::new("connect", peer, errno))
            }
        }
    }

    fn connected(&self, address: &Address) -> Result<()> {
        if self.proto == Proto::Tcp {
            self.watch();
            if self.state() != State::Established {
                self.tracker.observe();
            }
            address.inet().map_or(Ok(()), |address| self.refuse_itself(address))?;
        }
        self.emit_multipath();
        self.emit_options();
        Ok(())
    }

    /// A free port of this machine may be tried from that very port; the two SYNs then meet (RFC 9293 3.5, simultaneous
    /// open) and the socket is connected to itself. Nobody listens there, so this is a refusal.
    pub(in crate::sys) fn refuse_itself(&self, address: SocketAddr) -> Result<()> {
        if self.local_inet() == Some(address) {
            let _ = self.reset_on_close();
            return Err(Error::new("connect", address, rustix::io::Errno::CONNREFUSED));
        }
        Ok(())
    }

    pub(super) fn watch(&self) {
        if let Some(watcher) = self.watcher_wanted() {
            let _ = watcher.watch(self.token, self.as_fd(), &self.tracker);
        }
    }

    /// Has an attempt looked at from now on, unless the answer is there: the refusal of this machine is.
    fn watch_attempt(&self) {
        if self.tracker.observed()
            && self.proto == Proto::Tcp
            && self.tracker.look_at_attempt()
            && let Some(watcher) = self.watcher_wanted()
        {
            watcher.watch_attempt(self.token, &self.tracker);
        }
    }

    /// The watcher, if the events of this socket are observed; starts it at the first use. Without it, states between our
    /// calls are reported late and as implied, not wrongly.
    fn watcher_wanted(&self) -> Option<&Arc<Watcher>> {
        let start = || Watcher::start().ok();
        self.tracker.observed().then(|| self.sockets.watcher.get_or_init(start).as_ref()).flatten()
    }
}

/// The error of connect(2). A UNIX address where there is no socket, or one of another type, is one that nobody listens at:
/// a refusal, whatever the kernel calls it.
fn refused_to_connect(address: &Address, errno: rustix::io::Errno) -> Error {
    use rustix::io::Errno;
    let error = Error::new("connect", address, errno);
    match (address, errno) {
        (Address::Unix(_), Errno::NOENT | Errno::NOTDIR | Errno::PROTOTYPE) => error.about(Kind::Refused),
        _ => error,
    }
}

/// Whether an attempt in this state is still to be answered.
const fn is_under_way(state: State) -> bool {
    matches!(state, State::Closed | State::SynSent | State::SynReceived)
}
