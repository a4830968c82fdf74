//! One connection to one target: its name is looked up, its addresses race.

use super::Context;
use super::resolve::addresses;
use crate::net::address::{Endpoint, Source, reachable};
use crate::net::connect::{Dial, DialError};
use crate::net::resolve::Lookup;
use crate::sys::options::SocketOption;
use crate::sys::socket::Socket;
use std::time::{Duration, Instant};

/// What to connect to, and how.
#[derive(Debug)]
pub struct ConnectConfig {
    /// The target, as named.
    pub target: Endpoint,
    /// Options of the socket, set before connect.
    pub options: Vec<SocketOption>,
    /// The local end.
    pub source: Option<Source>,
    /// Families and DNS.
    pub lookup: Lookup,
    /// How long connecting may take, the look-up included.
    pub timeout: Option<Duration>,
}

impl ConnectConfig {
    /// Opens the connection.
    pub fn open(&self, context: &mut Context) -> Result<Socket, DialError> {
        let deadline = self.timeout.map(|timeout| Instant::now() + timeout);
        let Self { target, source, lookup, .. } = self;
        let found = addresses(context, *lookup, &target.host, target.port, deadline)?;
        let dial = Dial { sockets: &context.sockets, options: &self.options, source: *source };
        dial.first(target, &reachable(*source, found), deadline, &context.stop)
    }
}
