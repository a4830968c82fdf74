//! The service manager that started the program, where one did: the protocol of `sd_notify(3)`.
#![allow(unsafe_code)]

use std::env;
use std::ffi::OsString;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

const VARIABLE: &str = "NOTIFY_SOCKET";
/// A manager that reads nothing must not hold the service up.
const LIMIT: Duration = Duration::from_secs(1);

/// Where a service manager receives the states of the service.
#[derive(Debug)]
pub struct ServiceManager {
    /// `NOTIFY_SOCKET`.
    pub path: OsString,
    /// Connected at the start, while every right is still there.
    socket: io::Result<UnixDatagram>,
}

impl ServiceManager {
    /// The manager that `NOTIFY_SOCKET` names; the variable is removed. To be called while there is one thread alone.
    #[must_use]
    pub fn take() -> Option<Self> {
        let path = env::var_os(VARIABLE).filter(|path| !path.is_empty());
        // SAFETY: no other thread exists yet that could read the environment.
        unsafe { env::remove_var(VARIABLE) };
        path.map(|path| Self { socket: connect(&path), path })
    }

    /// Sends one assignment, `READY=1`.
    pub fn notify(&self, assignment: &str) -> io::Result<()> {
        match &self.socket {
            Ok(socket) => socket.send(assignment.as_bytes()).map(drop),
            Err(error) => Err(error.raw_os_error().map_or(error.kind().into(), io::Error::from_raw_os_error)),
        }
    }
}

/// A path, or a name in the abstract namespace behind `@` (unix(7)).
fn connect(path: &OsString) -> io::Result<UnixDatagram> {
    let address = match path.as_bytes() {
        [b'/', ..] => SocketAddr::from_pathname(path)?,
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        _ => return Err(io::ErrorKind::InvalidInput.into()),
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_write_timeout(Some(LIMIT))?;
    socket.connect_addr(&address)?;
    Ok(socket)
}
