//! A socket whose states are told: every call that may move it goes through here and is followed by a question to the
//! kernel.

use super::error::{Error, Result};
use super::life::Life;
use super::options::{Family, SocketOption};
use super::tcp_info;
use super::watch::Watcher;
use crate::event::{Event, Events, Fault, Op, Proto, Role, Scope, State, Subject};
use rustix::net::{self, RecvFlags, SendFlags, Shutdown};
use socket2::{Domain, Protocol, SockAddr, SockRef, Type};
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Makes sockets: numbers them and shows them to the watcher. One a run, cheap to clone.
#[derive(Clone)]
pub struct Sockets {
    events: Events,
    /// Whether states are asked for and told.
    told: bool,
    /// Started with the first socket that is watched.
    watcher: Arc<OnceLock<Option<Arc<Watcher>>>>,
    next: Arc<AtomicU32>,
}

/// A socket and its life. Dropping it closes it in order: FIN first unless it must be reset, and the last states told.
pub struct Tracked {
    fd: Option<Arc<OwnedFd>>,
    life: Arc<Life>,
    sockets: Sockets,
    conn: u32,
    proto: Proto,
    family: Family,
}

/// How far a connect(2) that does not block came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connecting {
    /// The connection stands.
    Done,
    /// The answer is awaited; ask [`Tracked::finish_connect`] when the socket is writable.
    InProgress,
}

impl Sockets {
    /// Sockets whose events go to `events`.
    #[must_use]
    pub fn new(events: Events) -> Self {
        Self { told: events.enabled(), events, watcher: Arc::default(), next: Arc::new(AtomicU32::new(1)) }
    }

    /// The watcher, if one runs.
    fn watcher(&self) -> Option<&Arc<Watcher>> {
        self.watcher.get().and_then(Option::as_ref)
    }

    /// The same sockets, but nothing is told of the ones made here.
    #[must_use]
    pub fn untold(&self) -> Self {
        Self { told: false, ..self.clone() }
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

    fn track(&self, fd: OwnedFd, mut subject: Subject, family: Family, state: State) -> Tracked {
        let conn = self.next.fetch_add(1, Ordering::Relaxed);
        subject.conn = conn;
        let fd = Arc::new(fd);
        let events = self.told.then(|| self.events.clone());
        let life = Arc::new(Life::new(events, subject, state, Arc::clone(&fd)));
        Tracked { fd: Some(fd), life, sockets: self.clone(), conn, proto: subject.proto, family }
    }
}

impl Tracked {
    /// The number events call this socket by.
    #[must_use]
    pub fn conn(&self) -> u32 {
        self.conn
    }

    /// Our address, once there is one.
    #[must_use]
    pub fn local(&self) -> Option<SocketAddr> {
        let told = self.life.lock().subject.local;
        told.or_else(|| local_of(self.as_fd()).ok().filter(|a| a.port() != 0))
    }

    /// The other end's address, once there is one.
    #[must_use]
    pub fn peer(&self) -> Option<SocketAddr> {
        self.life.lock().subject.peer
    }

    /// What events say of this socket.
    #[must_use]
    pub fn subject(&self) -> Subject {
        self.life.lock().subject
    }

    /// The state last told.
    #[must_use]
    pub fn state(&self) -> State {
        self.life.lock().state
    }

    /// Payload received and sent so far, bytes.
    #[must_use]
    pub fn counters(&self) -> (u64, u64) {
        (self.life.bytes_in.load(Ordering::Relaxed), self.life.bytes_out.load(Ordering::Relaxed))
    }

    /// Adds this socket's number and peer to a fault.
    #[must_use]
    pub fn blame(&self, fault: Fault) -> Fault {
        self.life.fault(fault)
    }

    /// Sets one option and tells what the kernel made of it.
    pub fn set(&self, option: &SocketOption) -> Result<()> {
        if option.applies_to(self.family) {
            let effective = option.apply(&SockRef::from(&self.as_fd()), self.family)?;
            let (name, requested) = (option.name(), Some(option.requested()));
            self.emit(|socket| Event::Option { socket, name, requested, effective });
        }
        Ok(())
    }

    /// Sets one option nobody asked for; told under `-v`, and a refusal changes nothing.
    pub fn prefer(&self, option: &SocketOption) {
        let applied = option.apply(&SockRef::from(&self.as_fd()), self.family);
        if let (Ok(effective), true) = (applied, self.sockets.events.detailed()) {
            let (name, requested) = (option.name(), Some(option.requested()));
            self.emit(|socket| Event::Option { socket, name, requested, effective });
        }
    }

    /// Tells the options in force that nobody set (`-v`).
    pub fn tell_options(&self) {
        if !self.life.told() || !self.sockets.events.detailed() {
            return;
        }
        for option in SocketOption::worth_showing() {
            if let Ok(effective) = option.read(&SockRef::from(&self.as_fd()), self.family) {
                let name = option.name();
                self.emit(|socket| Event::Option { socket, name, requested: None, effective });
            }
        }
    }

    /// bind(2).
    pub fn bind(&self, address: SocketAddr) -> Result<SocketAddr> {
        net::bind(self, &address).map_err(|e| Error::new("bind", address, e))?;
        let local = local_of(self.as_fd()).map_err(|e| Error::new("getsockname", address, e))?;
        let mut inner = self.life.lock();
        inner.subject.local = Some(local);
        if self.proto == Proto::Udp {
            self.life.moved(&mut inner, State::Unconnected, Op::Bind);
        }
        drop(inner);
        self.emit(|socket| Event::Bind { socket });
        Ok(local)
    }

    /// listen(2) with an accept queue of `backlog`; the kernel caps it (somaxconn, tcp(7)).
    pub fn listen(&self, backlog: u32) -> Result<()> {
        let length = i32::try_from(backlog).unwrap_or(i32::MAX);
        let on = || self.local().map(|a| a.to_string()).unwrap_or_default();
        {
            let mut inner = self.life.lock();
            net::listen(self, length).map_err(|e| Error::new("listen", on(), e))?;
            self.life.observe_locked(&mut inner, Some(Op::Listen));
        }
        if self.life.told() {
            let effective =
                tcp_info::read(self.as_fd()).map_err(|e| Error::new("TCP_INFO", on(), e))?.backlog();
            let (requested, value) = (u64::from(backlog).into(), u64::from(effective).into());
            self.emit(|socket| Event::Option {
                socket,
                name: "backlog",
                requested: Some(requested),
                effective: value,
            });
            self.emit(|socket| Event::Listening {
                socket,
                backlog: Some(effective),
                backlog_requested: Some(backlog),
                scope: socket.local.map_or(Scope::Loopback, Scope::of),
            });
        }
        Ok(())
    }

    /// accept4(2) without blocking. The new socket is told from LISTEN on, as the kernel made it.
    pub fn accept(&self) -> io::Result<Tracked> {
        use rustix::net::SocketFlags;
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let (fd, peer) = net::acceptfrom_with(self, flags)?;
        let peer = peer.and_then(|a| SocketAddr::try_from(a).ok());
        let local = local_of(fd.as_fd()).ok();
        let subject = Subject { conn: 0, proto: Proto::Tcp, local, peer, role: Role::Server };
        let child = self.sockets.track(fd, subject, self.family, State::Listen);
        child.life.born();
        child.watch();
        child.emit(|socket| Event::Accept { socket });
        Ok(child)
    }

    /// connect(2) without blocking.
    pub fn start_connect(&self, address: SocketAddr) -> Result<Connecting> {
        let answer = {
            let mut inner = self.life.lock();
            inner.subject.peer = Some(address);
            let answer = net::connect(self, &address);
            if answer.is_ok() || matches!(answer, Err(rustix::io::Errno::INPROGRESS)) {
                if self.life.told() {
                    inner.subject.local = local_of(self.as_fd()).ok();
                }
                if self.proto == Proto::Udp {
                    if inner.state == State::Closed {
                        self.life.moved(&mut inner, State::Unconnected, Op::Connect);
                    }
                    self.life.moved(&mut inner, State::Connected, Op::Connect);
                } else if self.life.told() && !is_closed(self.as_fd()) {
                    self.life.observe_locked(&mut inner, Some(Op::Connect));
                }
            }
            answer
        };
        match answer {
            Ok(()) => {
                self.connected(address)?;
                Ok(Connecting::Done)
            }
            Err(rustix::io::Errno::INPROGRESS) => Ok(Connecting::InProgress),
            Err(error) => Err(Error::new("connect", address, error)),
        }
    }

    /// Notes where a connection attempt made elsewhere in this layer goes.
    pub(super) fn aim(&self, address: SocketAddr) {
        self.life.lock().subject.peer = Some(address);
    }

    /// Whether a connection in progress came about; `None` while it is still in progress.
    pub fn finish_connect(&self) -> Result<Option<()>> {
        let peer = self.peer().map(|a| a.to_string()).unwrap_or_default();
        let error = net::sockopt::socket_error(self).map_err(|e| Error::new("connect", &peer, e))?;
        if let Err(errno) = error {
            self.life.failed(errno.raw_os_error());
            return Err(Error::new("connect", peer, errno));
        }
        match (net::getpeername(self), self.peer()) {
            (Ok(Some(_)), Some(address)) => self.connected(address).map(Some),
            _ => Ok(None),
        }
    }

    fn connected(&self, address: SocketAddr) -> Result<()> {
        if self.proto == Proto::Tcp {
            self.watch();
            self.life.observe();
            self.refuse_itself(address)?;
        }
        self.tell_options();
        Ok(())
    }

    /// A free port of this machine may be tried from that very port; the two SYNs then meet (RFC 9293 3.5, simultaneous
    /// open) and the socket is connected to itself. Nobody listens there, so this is a refusal.
    pub(super) fn refuse_itself(&self, address: SocketAddr) -> Result<()> {
        if local_of(self.as_fd()).is_ok_and(|local| local == address) {
            let _ = self.reset_on_close();
            return Err(Error::new("connect", address, rustix::io::Errno::CONNREFUSED));
        }
        Ok(())
    }

    fn watch(&self) {
        if !self.life.told() {
            return;
        }
        // Without the watcher the states between our calls are told late and as implied, not wrongly.
        if let Some(watcher) = self.sockets.watcher.get_or_init(|| Watcher::start().ok()) {
            let _ = watcher.watch(self.conn, self.as_fd(), &self.life);
        }
    }

    /// recv(2): 0 at the peer's FIN; an error that ended the connection is returned even if the watcher saw it first.
    pub fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let received = net::recv(self, buffer, RecvFlags::empty()).map(|(n, _)| n);
        self.account_in(received.map_err(io::Error::from))
    }

    /// Counts what another system call received from this socket, and gives it [`Self::recv`]'s errors.
    pub(super) fn account_in(&self, received: io::Result<usize>) -> io::Result<usize> {
        match received {
            Ok(0) => self.life.ended_by().map_or(Ok(0), Err),
            Ok(n) => {
                self.life.bytes_in.fetch_add(n as u64, Ordering::Relaxed);
                Ok(n)
            }
            Err(error) => {
                if let Some(errno) = error.raw_os_error().filter(|e| ends_connection(*e)) {
                    self.life.note_error(errno);
                }
                Err(self.life.ended_by().unwrap_or(error))
            }
        }
    }

    /// send(2); a closed connection gives an error, not a signal.
    pub fn send(&self, data: &[u8]) -> io::Result<usize> {
        self.account_out(net::send(self, data, SendFlags::NOSIGNAL).map_err(io::Error::from))
    }

    /// writev(2) on the socket.
    pub fn send_vectored(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.account_out(SockRef::from(&self.as_fd()).send_vectored_with_flags(parts, libc::MSG_NOSIGNAL))
    }

    /// Counts what another system call sent over this socket, and gives it [`Self::send`]'s errors.
    pub(super) fn account_out(&self, sent: io::Result<usize>) -> io::Result<usize> {
        match sent {
            Ok(n) => {
                self.life.bytes_out.fetch_add(n as u64, Ordering::Relaxed);
                Ok(n)
            }
            Err(error) => Err(self.failed_with(error)),
        }
    }

    fn failed_with(&self, error: io::Error) -> io::Error {
        match error.raw_os_error() {
            // The kernel tells the cause once, to whoever asks first; everybody after that gets EPIPE.
            Some(libc::EPIPE) => self.life.cause_of_broken_pipe().unwrap_or(error),
            Some(errno) if ends_connection(errno) => {
                self.life.note_error(errno);
                error
            }
            _ => error,
        }
    }

    /// shutdown(2) for writing: our FIN.
    pub fn shutdown_write(&self) -> Result<()> {
        self.shutdown(Shutdown::Write)
    }

    /// shutdown(2) for reading: readers of this socket are woken, the peer is told nothing.
    pub fn shutdown_read(&self) -> io::Result<()> {
        Ok(net::shutdown(self, Shutdown::Read)?)
    }

    /// shutdown(2) both ways: our FIN, and readers of this socket are woken.
    pub fn shutdown_both(&self) -> Result<()> {
        self.shutdown(Shutdown::Both)
    }

    fn shutdown(&self, how: Shutdown) -> Result<()> {
        let mut inner = self.life.lock();
        if self.life.told() {
            self.life.observe_locked(&mut inner, None);
            if let Some(watcher) = self.sockets.watcher() {
                watcher.expect_acks(self.conn, self.as_fd());
            }
        }
        let answer = net::shutdown(self, how);
        if self.life.told() && answer.is_ok() {
            self.life.observe_locked(&mut inner, Some(Op::Shutdown));
        }
        let on = inner.subject.peer.map(|a| a.to_string()).unwrap_or_default();
        answer.map_err(|e| Error::new("shutdown", on, e))
    }

    /// Whether the peer has acknowledged our FIN, and with it everything sent before.
    #[must_use]
    pub fn fin_acknowledged(&self) -> bool {
        matches!(tcp_info::state(self.as_fd()), Ok(State::FinWait2 | State::TimeWait | State::Closed))
    }

    /// Whether the kernel has nothing of the connection any more but this descriptor.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(tcp_info::state(self.as_fd()), Ok(State::Closed))
    }

    /// Whether the connection stands and the peer has acknowledged everything sent.
    #[must_use]
    pub fn all_acknowledged(&self) -> bool {
        let stands = matches!(tcp_info::state(self.as_fd()), Ok(State::Established | State::CloseWait));
        stands && tcp_info::unsent(self.as_fd()).is_ok_and(|bytes| bytes == 0)
    }

    /// Makes close send RST, so that the peer does not take it for an ending (`SO_LINGER` 0).
    pub fn reset_on_close(&self) -> io::Result<()> {
        SockRef::from(&self.as_fd()).set_linger(Some(Duration::ZERO))
    }

    /// Tells an event about this socket, made only if somebody wants it.
    pub fn emit(&self, event: impl FnOnce(Subject) -> Event) {
        if self.life.told() {
            let subject = self.life.lock().subject;
            self.sockets.events.emit(event(subject));
        }
    }

    /// Whether close will send RST: data nobody read, or a linger time of 0 (tcp(7), RFC 1122 4.2.2.13).
    fn resets_on_close(&self) -> bool {
        let unread = rustix::io::ioctl_fionread(self).is_ok_and(|n| n > 0);
        unread || matches!(SockRef::from(&self.as_fd()).linger(), Ok(Some(time)) if time.is_zero())
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        let mut abort = false;
        if self.life.told() && self.proto == Proto::Tcp {
            self.life.observe();
            match self.state() {
                State::Listen | State::SynSent => self.disconnect(),
                State::Established | State::SynReceived | State::CloseWait => {
                    abort = self.resets_on_close();
                    if !abort {
                        // It fails only if the connection ended meanwhile, which `retire` sees.
                        let _ = self.shutdown_write();
                    }
                }
                _ => abort = self.resets_on_close(),
            }
        }
        self.fd = None;
        let goes_on = self.life.retire(abort);
        if let Some(watcher) = self.sockets.watcher() {
            if goes_on { watcher.settle(self.conn) } else { watcher.forget(self.conn) }
        }
    }
}

impl Tracked {
    /// shutdown(2) takes a listener or an attempt under way to CLOSED while it can still be asked.
    fn disconnect(&self) {
        let mut inner = self.life.lock();
        if net::shutdown(self, Shutdown::Both).is_ok() {
            self.life.observe_locked(&mut inner, Some(Op::Close));
        }
    }
}

impl AsFd for Tracked {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // The descriptor is given up in `drop` alone.
        self.fd.as_ref().expect("the socket is open until it is dropped").as_fd()
    }
}

impl AsRawFd for Tracked {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

/// Errors after which a connection is over.
const fn ends_connection(errno: i32) -> bool {
    matches!(errno, libc::ECONNRESET | libc::ETIMEDOUT | libc::EHOSTUNREACH | libc::EPIPE)
}

fn family_of(address: SocketAddr) -> Family {
    if address.is_ipv4() { Family::V4 } else { Family::V6 }
}

fn local_of(fd: BorrowedFd<'_>) -> io::Result<SocketAddr> {
    let address: SockAddr = SockRef::from(&fd).local_addr()?;
    address.as_socket().ok_or_else(|| io::Error::other("not an internet address"))
}

fn is_closed(fd: BorrowedFd<'_>) -> bool {
    matches!(tcp_info::state(fd), Ok(State::Closed))
}
