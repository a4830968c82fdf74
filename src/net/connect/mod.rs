//! Connecting to the first address of a name that answers: RFC 8305's race, under one deadline.
//!
//! A race ends with a connected stream, by one function for each driver: [`Connector::connect_blocking`] in the calling
//! thread, [`Connector::connect`] in a runtime. What a stream passes through before its first byte, a proxy and TLS, runs over
//! the stream that is returned (`session::opening`).

mod blocking;
mod race;
mod runtime;

pub use blocking::ConnectError;

use super::source::Source;
use crate::event::{Address, Kind, Role};
use crate::sys::error::{Error, Result};
use crate::sys::options::SocketOption;
use crate::sys::socket::{Connecting, Socket, SocketFactory, SocketType};
use race::describe;
use std::fmt::Display;
use std::io;

/// Opens connections.
pub struct Connector<'a> {
    /// Makes the sockets.
    pub sockets: &'a SocketFactory,
    /// Set on each before it connects.
    pub options: &'a [SocketOption],
    /// The local end.
    pub source: Option<Source>,
}

impl Connector<'_> {
    /// Opens a socket towards `address` and starts to connect it.
    pub fn start(&self, address: &Address) -> Result<(Socket, Connecting)> {
        let socket = self.open(address)?;
        let progress = socket.start_connect(address)?;
        Ok((socket, progress))
    }

    /// Opens a socket towards `address`, with its local end.
    fn open(&self, address: &Address) -> Result<Socket> {
        let socket = self.sockets.open(SocketType::Stream, Role::Client, address, self.options)?;
        if let Some(source) = self.source {
            let Some(local) = address.inet().and_then(|address| source.for_peer(address)) else {
                return Err(other_family(source, address));
            };
            socket.bind(&local.into())?;
        }
        Ok(socket)
    }
}

/// The error of a source address that cannot reach `address`, which has no errno.
fn other_family(source: Source, address: &Address) -> Error {
    let Some(inet) = address.inet() else {
        let why = io::Error::other("--source applies to internet addresses only; omit it");
        return Error::new("connect", address, why).about(Kind::Usage);
    };
    let family = |is_v4| if is_v4 { "IPv4" } else { "IPv6" };
    let (ours, theirs) = (family(!inet.is_ipv4()), family(inet.is_ipv4()));
    let from = source.ip.map_or_else(String::new, |ip| format!(" {ip}"));
    let why = io::Error::other(format!("the source address{from} is {ours}, the target {theirs}"));
    Error::new("connect", address, why).about(Kind::Address)
}

/// The error of a deadline that passed while connecting, or while the addresses were still looked up.
#[must_use]
pub fn timed_out(target: &(dyn Display + Sync), addresses: &[Address]) -> Error {
    let why = io::Error::new(io::ErrorKind::TimedOut, "no answer before the deadline");
    match addresses {
        [] => Error::new("resolve", target, why),
        _ => Error::new("connect", describe(target, addresses), why),
    }
}
