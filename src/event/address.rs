//! Where a socket is: the addresses of every family, as users type and read them.

use super::Proto;
use serde::{Serialize, Serializer};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

/// The address of one end of a socket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// An IP address and a port.
    Inet(SocketAddr),
    /// unix(7).
    Unix(UnixAddress),
    /// vsock(7).
    Vsock {
        /// The machine.
        cid: u32,
        /// The port there.
        port: u32,
    },
}

/// An [`Address`] that borrows its name, as a batch of datagrams holds many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // those of Address
pub enum AddressRef<'a> {
    Inet(SocketAddr),
    Path(&'a [u8]),
    Abstract(&'a [u8]),
    Vsock { cid: u32, port: u32 },
}

/// What a UNIX socket is bound to: bytes, shared by the copies of an address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum UnixAddress {
    /// A path.
    Path(Arc<[u8]>),
    /// A name outside the file system, without the zero byte in front.
    Abstract(Arc<[u8]>),
}

impl Address {
    /// The IP address and the port, where it has them.
    #[must_use]
    pub const fn inet(&self) -> Option<SocketAddr> {
        match self {
            Self::Inet(address) => Some(*address),
            Self::Unix(_) | Self::Vsock { .. } => None,
        }
    }
}

impl Address {
    /// The protocol of a stream to it.
    #[must_use]
    pub const fn stream_proto(&self) -> Proto {
        match self {
            Self::Inet(_) => Proto::Tcp,
            Self::Unix(_) => Proto::Unix,
            Self::Vsock { .. } => Proto::Vsock,
        }
    }
}

impl AddressRef<'_> {
    /// The address with a name of its own.
    #[must_use]
    pub fn to_address(self) -> Address {
        match self {
            Self::Inet(address) => Address::Inet(address),
            Self::Path(path) => Address::Unix(UnixAddress::Path(path.into())),
            Self::Abstract(name) => Address::Unix(UnixAddress::Abstract(name.into())),
            Self::Vsock { cid, port } => Address::Vsock { cid, port },
        }
    }

    /// The IP address and the port, where it has them.
    #[must_use]
    pub const fn inet(&self) -> Option<SocketAddr> {
        match self {
            Self::Inet(address) => Some(*address),
            _ => None,
        }
    }
}

impl<'a> From<&'a Address> for AddressRef<'a> {
    fn from(address: &'a Address) -> Self {
        match address {
            Address::Inet(address) => Self::Inet(*address),
            Address::Unix(UnixAddress::Path(path)) => Self::Path(path),
            Address::Unix(UnixAddress::Abstract(name)) => Self::Abstract(name),
            Address::Vsock { cid, port } => Self::Vsock { cid: *cid, port: *port },
        }
    }
}

impl From<SocketAddr> for AddressRef<'_> {
    fn from(address: SocketAddr) -> Self {
        Self::Inet(address)
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::Inet(address)
    }
}

impl fmt::Display for Address {
    /// `HOST:PORT`, `unix:PATH`, `unix:@NAME`, `vsock:CID:PORT`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inet(address) => address.fmt(f),
            Self::Unix(address) => write!(f, "unix:{address}"),
            Self::Vsock { cid, port } => write!(f, "vsock:{cid}:{port}"),
        }
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl fmt::Display for UnixAddress {
    /// The path, or the name after `@`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => EscapedBytes(path).fmt(f),
            Self::Abstract(name) => write!(f, "@{}", EscapedBytes(name)),
        }
    }
}

/// Bytes as text; a byte that is not UTF-8 as `\xff`.
pub struct EscapedBytes<'a>(pub &'a [u8]);

impl fmt::Display for EscapedBytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            f.write_str(chunk.valid())?;
            chunk.invalid().iter().try_for_each(|byte| write!(f, "\\x{byte:02x}"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_as_users_type_them() {
        let unix = |address| Address::Unix(address).to_string();
        assert_eq!(Address::from(SocketAddr::from(([127, 0, 0, 1], 80))).to_string(), "127.0.0.1:80");
        assert_eq!(unix(UnixAddress::Path(Arc::from(&b"/run/a\xff"[..]))), r"unix:/run/a\xff");
        assert_eq!(unix(UnixAddress::Abstract(Arc::from(&b"bus"[..]))), "unix:@bus");
        let vsock = Address::Vsock { cid: 3, port: 1234 };
        assert_eq!(serde_json::to_string(&vsock).unwrap(), r#""vsock:3:1234""#);
    }
}
