//! Sockets that another program made and passed on. Its open file may be shared with that program and others: it is left
//! as it was found.

use super::{Socket, SocketFactory, SocketType, multipath, name};
use crate::event::{Address, Event, Proto, Role, Scope, State, Subject};
use crate::sys::error::{Error, Result};
use crate::sys::options::Family;
use crate::sys::passed::{PassedSocket, refusal};
use crate::sys::tcp_info;
use rustix::fs::{FileType, OFlags, fcntl_getfl, fcntl_setfl, fstat};
use rustix::net::{AddressFamily, SocketType as RawType, ipproto, sockopt};
use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

/// What a socket that was passed on can be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passed {
    /// It listens for connections.
    Listener,
    /// It is connected, as a stream.
    Connection,
    /// It takes datagrams.
    Datagrams,
}

/// An open file that other programs may have as well.
pub(super) struct SharedFile {
    was_blocking: bool,
}

struct Inspected {
    family: Family,
    proto: Proto,
    kind: SocketType,
    state: State,
}

impl PassedSocket {
    /// Fails unless it is one of `wanted`, which `words` name.
    pub fn expect(&self, wanted: &[Passed], words: &str) -> Result<Passed> {
        let found = self.inspect()?;
        match found.usable() {
            Some(usable) if wanted.contains(&usable) => Ok(usable),
            None => Err(self.unusable(&found)),
            Some(_) => Err(refusal(&self.name, format_args!("{found}; expected {words}"))),
        }
    }

    /// The address of the other end; `None` where there is none, or a UNIX socket without a name.
    #[must_use]
    pub fn peer(&self) -> Option<Address> {
        name::peer(self.fd.as_fd()).ok().flatten()
    }

    /// The error that ended a connection before it came here, or that there never was one.
    fn unusable(&self, found: &Inspected) -> Error {
        match sockopt::socket_error(&self.fd) {
            Ok(Err(errno)) => Error::new("inherit", &self.name, errno),
            _ => refusal(&self.name, format_args!("{found}")),
        }
    }

    fn inspect(&self) -> Result<Inspected> {
        inspect(self.fd.as_fd()).map_err(|why| match why {
            Why::Kernel(error) => Error::new("inherit", &self.name, error),
            Why::Other(what) => refusal(&self.name, format_args!("{what}")),
        })
    }
}

impl SocketFactory {
    /// Takes over a socket that another program made, whose states are reported from the one it is in. `role` is that of a
    /// connection.
    ///
    /// # Errors
    /// Those of [`PassedSocket::expect`] for what is no socket of ours; the error that ended a connection meanwhile.
    pub fn adopt(&self, passed: PassedSocket, role: Role) -> Result<Socket> {
        let found = passed.inspect()?;
        let failed = |e: io::Error| Error::new("inherit", &passed.name, e);
        if found.usable().is_none() {
            return Err(passed.unusable(&found));
        }
        let local = name::local(passed.fd.as_fd()).map_err(failed)?;
        local.as_ref().map_or(Ok(()), |local| self.watch_port(local))?;
        let role = match found.kind {
            SocketType::Stream if found.state == State::Listen => Role::Listener,
            SocketType::Stream => role,
            SocketType::Datagram => Role::Server,
        };
        let shared = SharedFile::take(passed.fd.as_fd()).map_err(failed)?;
        let subject = Subject { conn: 0, proto: found.proto, local, peer: passed.peer(), role };
        let mut socket = self.track(passed.fd, subject, found.family, found.state);
        socket.shared = Some(shared);
        socket.multipath = multipath::is_for_multipath(socket.as_fd());
        socket.tracker.adopted();
        if found.usable() == Some(Passed::Connection) && found.proto == Proto::Tcp {
            socket.watch();
        }
        Ok(socket)
    }
}

impl Socket {
    /// Emits `listening` for a listener that was passed on, with the accept queue it has.
    pub fn emit_adopted(&self) {
        let backlog = tcp_info::read(self.as_fd()).ok().filter(|_| self.proto == Proto::Tcp);
        self.emit(|socket| Event::Listening {
            scope: socket.local.as_ref().map_or(Scope::Loopback, Scope::of),
            socket,
            backlog: backlog.map(|info| info.backlog()),
            backlog_requested: None,
        });
    }

    /// Makes calls on a shared open file return at once, though another program may have said otherwise.
    pub(super) fn expect_nonblocking(&self) {
        if self.shared.is_some() {
            // What fails here fails in the call that follows.
            let _ = SharedFile::take(self.as_fd());
        }
    }
}

impl SharedFile {
    fn take(fd: BorrowedFd<'_>) -> io::Result<Self> {
        let flags = fcntl_getfl(fd)?;
        let was_blocking = !flags.contains(OFlags::NONBLOCK);
        if was_blocking {
            fcntl_setfl(fd, flags | OFlags::NONBLOCK)?;
        }
        Ok(Self { was_blocking })
    }

    /// Leaves the file to others as it was found.
    pub(super) fn give_back(&self, fd: BorrowedFd<'_>) {
        if let (true, Ok(flags)) = (self.was_blocking, fcntl_getfl(fd)) {
            // It cannot fail on a socket that is open.
            let _ = fcntl_setfl(fd, flags - OFlags::NONBLOCK);
        }
    }
}

enum Why {
    Kernel(io::Error),
    Other(String),
}

impl<E: Into<io::Error>> From<E> for Why {
    fn from(error: E) -> Self {
        Self::Kernel(error.into())
    }
}

fn inspect(fd: BorrowedFd<'_>) -> std::result::Result<Inspected, Why> {
    let file = FileType::from_raw_mode(fstat(fd)?.st_mode);
    if file != FileType::Socket {
        return Err(Why::Other(format!("{}, not a socket", file_name(file))));
    }
    let domain = sockopt::socket_domain(fd)?;
    let family = match domain {
        AddressFamily::INET => Family::V4,
        AddressFamily::INET6 => Family::V6,
        AddressFamily::UNIX => Family::Unix,
        AddressFamily::VSOCK => Family::Vsock,
        other => return Err(Why::Other(format!("a socket of another family ({})", other.as_raw()))),
    };
    let (raw, protocol) = (sockopt::socket_type(fd)?, sockopt::socket_protocol(fd)?);
    let kind = match raw {
        RawType::STREAM => SocketType::Stream,
        RawType::DGRAM => SocketType::Datagram,
        _ => return Err(Why::Other("a socket that is neither a stream nor a datagram socket".to_owned())),
    };
    let proto = match (family, kind, protocol) {
        (Family::Unix, ..) => Proto::Unix,
        (Family::Vsock, SocketType::Stream, _) => Proto::Vsock,
        (Family::V4 | Family::V6, SocketType::Stream, Some(ipproto::TCP | ipproto::MPTCP)) => Proto::Tcp,
        (Family::V4 | Family::V6, SocketType::Datagram, Some(ipproto::UDP)) => Proto::Udp,
        _ => return Err(Why::Other("a socket of another protocol".to_owned())),
    };
    let connected = rustix::net::getpeername(fd).is_ok();
    let state = match proto {
        _ if kind == SocketType::Stream && sockopt::socket_acceptconn(fd)? => State::Listen,
        Proto::Tcp if connected => tcp_info::state(fd)?,
        _ if connected => State::Connected,
        Proto::Udp => State::Unconnected,
        _ => State::Closed,
    };
    Ok(Inspected { family, proto, kind, state })
}

impl Inspected {
    fn usable(&self) -> Option<Passed> {
        match (self.kind, self.state) {
            (SocketType::Datagram, _) => Some(Passed::Datagrams),
            (SocketType::Stream, State::Listen) => Some(Passed::Listener),
            (SocketType::Stream, State::Closed) => None,
            (SocketType::Stream, _) => Some(Passed::Connection),
        }
    }
}

impl fmt::Display for Inspected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let proto = match self.proto {
            Proto::Tcp => "TCP",
            Proto::Udp => "UDP",
            Proto::Unix => "UNIX",
            Proto::Vsock => "vsock",
        };
        match self.usable() {
            Some(Passed::Listener) => write!(f, "a listening {proto} socket"),
            Some(Passed::Connection) => write!(f, "a connected {proto} socket"),
            Some(Passed::Datagrams) => write!(f, "a {proto} datagram socket"),
            None => write!(f, "a {proto} socket that neither listens nor is connected"),
        }
    }
}

const fn file_name(file: FileType) -> &'static str {
    match file {
        FileType::Fifo => "a pipe",
        FileType::RegularFile => "a file",
        FileType::Directory => "a directory",
        FileType::CharacterDevice => "a terminal or another device",
        _ => "another kind of file",
    }
}
