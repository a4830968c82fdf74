//! The PROXY protocol: a header before the first byte of a connection that names the client of a proxy.
//!
//! Source: `proxy-protocol.txt` of haproxy, version 1 (text) and 2 (binary). Pure.

mod encode;
mod parse;

pub use encode::encode;
pub use parse::{LONGEST, parse};

use std::net::SocketAddr;

/// A version of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// A line of text.
    V1,
    /// Binary, with optional fields, which are skipped.
    V2,
}

/// The ends of the connection that a proxy accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// The client.
    pub source: SocketAddr,
    /// The address it connected to.
    pub destination: SocketAddr,
}

/// The contents of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Its version.
    pub version: Version,
    /// The connection it speaks for; absent where that is the proxy's own, or has no internet addresses (`UNKNOWN`, `LOCAL`,
    /// `AF_UNSPEC`, `AF_UNIX`).
    pub addresses: Option<Addresses>,
}

/// What the first bytes of a connection are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// A header of so many bytes.
    Whole(Header, usize),
    /// The beginning of a header.
    Partial,
    /// No header, or a malformed one, and why.
    Malformed(&'static str),
}

impl Version {
    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::V1 => 1,
            Self::V2 => 2,
        }
    }
}

/// The first bytes of every version 2 header.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// The first bytes of every version 1 header.
const WORD: &[u8] = b"PROXY ";

#[cfg(test)]
mod tests;
