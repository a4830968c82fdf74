//! The port check: which ports answer, waiting until all are open or all are closed, and a command after that.

mod command;
mod finding;
mod probe;
mod round;
mod rows;
mod wait;

use super::proxy_client::ProxyClient;
use super::tls::{TlsClient, warn_of_keylog};
use super::{Context, Outcome, Result};
use crate::exit::Exit;
use crate::net::resolve::Lookup;
use crate::net::source::Source;
use crate::scan::{Group, Tally, Verdict, Wanted};
use crate::sys::options::SocketOption;
use crate::text::number::counted;
use round::{Round, RoundEnd};
use rows::Rows;
use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

/// What is checked, and what for.
pub struct Config {
    /// The hosts with their ports.
    pub groups: Vec<Group>,
    /// What every target is to be. A check for closed ports repeats its rounds until they are.
    pub wanted: Wanted,
    /// How long the rounds are repeated; `None` for one round, or for ever where closed ports are wanted.
    pub wait: Option<Duration>,
    /// How long each port may take to answer.
    pub timeout: Option<Duration>,
    /// The command to run once all targets are as wanted; may be empty.
    pub command: Vec<OsString>,
    /// Set on every socket.
    pub options: Vec<SocketOption>,
    /// The local end.
    pub source: Option<Source>,
    /// How names are looked up.
    pub lookup: Lookup,
    /// The proxy that is asked to connect to each target: its answer is the finding.
    pub proxy: Option<Arc<ProxyClient>>,
    /// Tests the TLS handshake of open ports as well.
    pub tls: Option<Arc<TlsClient>>,
}

/// Runs the check, and the command if it succeeds.
pub fn run(config: &Config, context: &mut Context) -> Result {
    let tally = if config.wait.is_some() || config.wanted == Wanted::Closed {
        match wait::run(config, context)? {
            Ok(tally) => tally,
            Err(outcome) => return Ok(outcome),
        }
    } else {
        let sockets = context.sockets.clone();
        match (Round { config, sockets: &sockets, deadline: None }).run(&mut Rows::Direct, context)? {
            RoundEnd::Complete(tally) => tally,
            RoundEnd::Stopped(signal) => return Ok(Outcome::stopped(signal)),
        }
    };
    warn_of_keylog(config.tls.as_ref().is_some_and(|tls| tls.connector.keylog_failed()), context);
    Ok(match tally.verdict() {
        Verdict::All if !config.command.is_empty() => return command::run(&config.command, context),
        Verdict::All => Outcome::done(),
        Verdict::Local => Outcome::of(Exit::Local, "this machine would try none of them"),
        Verdict::None => Outcome::of(Exit::Network, config.count(tally)),
        Verdict::Some => Outcome::of(Exit::Partial, config.count(tally)),
    })
}

impl Config {
    /// `2 of 3 targets open`.
    fn count(&self, Tally { good, total, .. }: Tally) -> String {
        format!("{good} of {} {}", counted(total as u64, "target", "targets"), self.wanted.name())
    }
}
