//! Calls that take or give the address of a socket, for every family: bind(2), connect(2), getsockname(2), getpeername(2).
#![allow(clippy::disallowed_methods)] // the one place where sockets are bound and connected

use crate::event::{Address, UnixAddress};
use rustix::io::Errno;
use rustix::net;
use socket2::{SockAddr, SockRef};
use std::ffi::OsStr;
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

/// The longest path or name of a UNIX socket, bytes (`sun_path` of unix(7), with the zero byte of a path).
const SUN_PATH: usize = 108;

/// bind(2).
pub(super) fn bind(fd: BorrowedFd<'_>, address: &Address) -> Result<(), Errno> {
    match address {
        Address::Inet(address) => net::bind(fd, address),
        other => SockRef::from(&fd).bind(&raw(other)?).map_err(|e| errno(&e)),
    }
}

/// connect(2).
pub(super) fn connect(fd: BorrowedFd<'_>, address: &Address) -> Result<(), Errno> {
    match address {
        Address::Inet(address) => net::connect(fd, address),
        other => SockRef::from(&fd).connect(&raw(other)?).map_err(|e| errno(&e)),
    }
}

/// getsockname(2); `None` for a UNIX socket without a name.
pub(super) fn local(fd: BorrowedFd<'_>) -> io::Result<Option<Address>> {
    SockRef::from(&fd).local_addr().map(|found| address(&found))
}

/// getpeername(2); `None` for a UNIX socket without a name.
pub(super) fn peer(fd: BorrowedFd<'_>) -> io::Result<Option<Address>> {
    SockRef::from(&fd).peer_addr().map(|found| address(&found))
}

fn raw(address: &Address) -> Result<SockAddr, Errno> {
    let unix = |name: &[u8]| SockAddr::unix(OsStr::from_bytes(name)).map_err(|_| Errno::NAMETOOLONG);
    match address {
        Address::Inet(address) => Ok((*address).into()),
        Address::Vsock { cid, port } => Ok(SockAddr::vsock(*cid, *port)),
        Address::Unix(UnixAddress::Path(path)) if path.len() >= SUN_PATH => Err(Errno::NAMETOOLONG),
        Address::Unix(UnixAddress::Path(path)) => unix(path),
        Address::Unix(UnixAddress::Abstract(name)) => unix(&[b"\0", &name[..]].concat()),
    }
}

fn address(raw: &SockAddr) -> Option<Address> {
    if let Some(inet) = raw.as_socket() {
        return Some(inet.into());
    }
    if let Some((cid, port)) = raw.as_vsock_address() {
        return Some(Address::Vsock { cid, port });
    }
    if let Some(name) = raw.as_abstract_namespace() {
        return Some(Address::Unix(UnixAddress::Abstract(Arc::from(name))));
    }
    raw.as_pathname().map(|path| Address::Unix(UnixAddress::Path(Arc::from(path.as_os_str().as_bytes()))))
}

fn errno(error: &io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::INVAL)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;

    #[test]
    fn every_address_survives_the_form_of_the_kernel() {
        for known in [
            SocketAddr::from(([127, 0, 0, 1], 80)).into(),
            Address::Vsock { cid: 2, port: 7 },
            Address::Unix(UnixAddress::Path(Arc::from(&b"/run/a\xff"[..]))),
            Address::Unix(UnixAddress::Abstract(Arc::from(&b"bus\0x"[..]))),
        ] {
            assert_eq!(address(&raw(&known).unwrap()), Some(known));
        }
    }

    #[test]
    fn a_name_that_is_too_long_is_refused() {
        let long = Address::Unix(UnixAddress::Path(Arc::from(vec![b'a'; SUN_PATH])));
        assert_eq!(raw(&long).unwrap_err(), Errno::NAMETOOLONG);
    }
}
