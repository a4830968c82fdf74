//! What a system call answered when it failed: the operation, what it was done to, and why.

use super::holder::{self, Wanted};
use crate::event::{Fault, Kind};
use std::fmt;
use std::io;

/// A failed operation on a socket, a descriptor or a name.
#[derive(Debug)]
pub struct Error {
    /// The operation, named as in the manual pages: `connect`, `bind`.
    pub op: &'static str,
    /// The address, path or name it was done to; empty if there is none.
    pub on: String,
    /// The kernel's answer.
    pub source: io::Error,
    kind: Option<Kind>,
    /// The address that another socket has.
    taken: Option<Wanted>,
}

/// The result of a call to the kernel.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// `op` on `on` failed with `source`.
    pub fn new(op: &'static str, on: impl fmt::Display, source: impl Into<io::Error>) -> Self {
        Self { op, on: on.to_string(), source: source.into(), kind: None, taken: None }
    }

    /// Says what the error is about where the errno alone does not.
    #[must_use]
    pub fn about(mut self, kind: Kind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Adds the address; where it is in use, its holder is looked up when the error is printed.
    pub(super) fn wanting(mut self, wanted: Wanted) -> Self {
        let in_use = self.errno() == Some(libc::EADDRINUSE);
        self.taken = in_use.then_some(wanted);
        self
    }

    /// What it is about: decides the exit status.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind.unwrap_or_else(|| kind_of(&self.source))
    }

    /// The errno, if the kernel gave one.
    #[must_use]
    pub fn errno(&self) -> Option<i32> {
        self.source.raw_os_error()
    }

    /// The error as an event's fields, with the holder of an address in use where it can be seen, or else with advice where
    /// there is a usual one.
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault {
            kind: self.kind(),
            op: Some(self.op.to_owned()),
            errno: self.errno().map(errno_name),
            conn: None,
            peer: None,
            text: match (self.taken.as_ref().and_then(holder::names), self.advice()) {
                (Some(names), _) => format!("{self}, used by {names}"),
                (None, Some(advice)) => format!("{self}; {advice}"),
                (None, None) => self.to_string(),
            },
        }
    }

    fn advice(&self) -> Option<&'static str> {
        super::hint::advice(self.op, &self.on, self.errno())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.op)?;
        if !self.on.is_empty() {
            write!(f, " {}", self.on)?;
        }
        write!(f, ": {}", reason(&self.source))
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// The kernel's words for an error, without the number that [`io::Error`] adds.
#[must_use]
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rfind(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

fn kind_of(error: &io::Error) -> Kind {
    match error.raw_os_error() {
        Some(libc::ECONNREFUSED) => Kind::Refused,
        Some(libc::ECONNRESET | libc::EPIPE | libc::ECONNABORTED) => Kind::Reset,
        Some(libc::ETIMEDOUT | libc::EHOSTUNREACH | libc::ENETUNREACH | libc::ENETDOWN | libc::EHOSTDOWN) => {
            Kind::Unreachable
        }
        Some(libc::EADDRINUSE | libc::EADDRNOTAVAIL | libc::EAFNOSUPPORT | libc::ENAMETOOLONG) => {
            Kind::Address
        }
        Some(libc::EACCES | libc::EPERM) => Kind::Permission,
        Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM) => Kind::Resources,
        Some(libc::ENOENT | libc::ENOSPC | libc::EISDIR | libc::ENOTDIR | libc::EROFS | libc::EBADF) => {
            Kind::File
        }
        None if error.kind() == io::ErrorKind::TimedOut => Kind::Timeout,
        _ => Kind::Other,
    }
}

/// The symbolic name of an errno, `ECONNREFUSED`; its number where the name is not among those sockets give.
#[must_use]
pub fn errno_name(errno: i32) -> String {
    macro_rules! names {
        ($($name:ident)*) => {
            match errno { $(libc::$name => stringify!($name).to_owned(),)* other => other.to_string() }
        };
    }
    names!(
        EPERM ENOENT EINTR EIO ENXIO EBADF EAGAIN ENOMEM EACCES EFAULT EBUSY EEXIST ENODEV ENOTDIR EISDIR EINVAL
        ENFILE EMFILE EFBIG ENOSPC EROFS EPIPE ERANGE ELOOP ENAMETOOLONG EPROTO ENOTSOCK EDESTADDRREQ EMSGSIZE
        EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT EOPNOTSUPP EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL ENETDOWN
        ENETUNREACH ENETRESET ECONNABORTED ECONNRESET ENOBUFS EISCONN ENOTCONN ETIMEDOUT ECONNREFUSED EHOSTDOWN
        EHOSTUNREACH EALREADY EINPROGRESS
    )
}
