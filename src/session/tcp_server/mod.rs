//! A TCP server: its first client piped with standard input and output, or many clients with a service each.

mod handler;
mod handshake;
mod piping;
mod server;
mod service;
mod show;
mod single;

pub use service::{Service, is_pipe};

use super::{Context, Outcome, Result};
use crate::exit::Exit;
use crate::net::acl::AccessRules;
use crate::net::passed::Entry;
use crate::net::tap::Taps;
use crate::relay::EndConfig;
use crate::session::tls::TlsServer;
use std::rc::Rc;
use std::time::Duration;

/// How clients are accepted and served.
pub struct Config {
    /// What clients get.
    pub service: Service,
    /// Goes on accepting after the first client; clients are served at the same time.
    pub keep_open: bool,
    /// The most clients at once; as many as there are descriptors if absent.
    pub max_conns: Option<u32>,
    /// Resets clients over that number instead of letting them wait.
    pub reject: bool,
    /// The clients that are accepted.
    pub access: AccessRules,
    /// Ends the server when no client is there for this long.
    pub accept_timeout: Option<Duration>,
    /// When a connection is over.
    pub end: EndConfig,
    /// Whether standard input is sent.
    pub has_input: bool,
    /// Sends line ends as CR LF.
    pub crlf: bool,
    /// Tags each line of a client with its address.
    pub prefix: bool,
    /// Shows on standard output what clients send to another service than [`Service::Pipe`].
    pub show: bool,
    /// Speaks TLS.
    pub tls: Option<TlsServer>,
    /// Each connection begins with a header of the PROXY protocol.
    pub accept_header: bool,
    /// Watches or slows the connections.
    pub taps: Option<Rc<Taps>>,
}

/// Serves the clients of `entry` until a signal, a deadline, or the end of the only client.
pub fn run(mut config: Config, entry: Entry, context: &Context) -> Result {
    // No other client can come after one that was passed on.
    config.keep_open &= matches!(entry, Entry::Listeners(_));
    match config.service {
        Service::Pipe
            if !config.keep_open
                && config.tls.is_none()
                && config.taps.is_none()
                && !config.accept_header =>
        {
            single::run(&config, entry, context)
        }
        _ => server::run(config, entry, context),
    }
}

impl Config {
    fn nobody_came(&self) -> Outcome {
        let limit = self.accept_timeout.unwrap_or_default();
        Outcome::deadline(format!("accept timeout: no client for {limit:?}"))
    }
}

/// The end of a server whose only client the access rules leave out.
fn refused() -> Outcome {
    Outcome::of(Exit::Done, "the client was refused")
}
