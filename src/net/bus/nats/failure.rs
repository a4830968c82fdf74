//! Why a NATS server cannot be used, in words of the system where there are some.

use crate::event::Kind;
use crate::net::tls::StreamError;
use crate::sys::Error;
use async_nats::{ConnectError, ConnectErrorKind};
use std::error::Error as _;
use std::io;

/// A failed attempt to connect to an address.
pub fn of(address: &str, error: &ConnectError) -> Error {
    let io = innermost_io(error);
    let (kind, source) = match (error.kind(), io) {
        (ConnectErrorKind::AuthorizationViolation | ConnectErrorKind::Authentication, _) => {
            (Some(Kind::Refused), io::Error::other("the server refused the login"))
        }
        (ConnectErrorKind::Dns, Some(io)) => (Some(Kind::Resolve), copy(io)),
        (ConnectErrorKind::TimedOut, _) => (Some(Kind::Unreachable), io::ErrorKind::TimedOut.into()),
        (_, Some(io)) if io.raw_os_error().is_some() => (None, copy(io)),
        (_, Some(io)) if is_tls(io) => (Some(Kind::Tls), copy(io)),
        (ConnectErrorKind::Tls, _) => (Some(Kind::Tls), io::Error::other(error.to_string())),
        _ => (Some(Kind::Refused), io::Error::other(plain(error))),
    };
    let failed = Error::new("connect", address, source);
    match kind {
        Some(kind) => failed.about(kind),
        None => failed,
    }
}

/// An attempt that took too long.
pub fn late(address: &str) -> Error {
    Error::new("connect", address, io::Error::from(io::ErrorKind::TimedOut)).about(Kind::Unreachable)
}

/// Whether the same attempt may succeed later: not if the server refused the login, or showed a certificate that is not
/// accepted.
pub fn may_pass(error: &Error) -> bool {
    !matches!(error.kind(), Kind::Tls | Kind::File) && !error.to_string().contains("refused the login")
}

fn innermost_io(error: &ConnectError) -> Option<&io::Error> {
    let mut found = None;
    let mut next = error.source();
    while let Some(error) = next {
        found = error.downcast_ref::<io::Error>().or(found);
        next = error.source();
    }
    found
}

fn copy(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(errno) => io::Error::from_raw_os_error(errno),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

fn is_tls(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidData || StreamError::of(error).is_some()
}

/// What the server or the library says, in one line.
fn plain(error: &ConnectError) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}
