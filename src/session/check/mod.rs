//! The port check: which ports answer, waiting until all are open or all are closed, and a command after that.

mod command;
mod deeper;
mod finding;
mod probe;
pub mod question;
mod repeat;
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
use question::Question;
pub use repeat::Repeat;
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
    /// Asked on open connections, inside TLS where there is any.
    pub question: Option<Arc<Question>>,
    /// Makes the check several times; without `wait`.
    pub repeat: Option<Repeat>,
}

/// Runs the check, and the command if it succeeds.
pub fn run(config: &Config, context: &mut Context) -> Result {
    let tally = match config.repeat {
        Some(repeat) => repeat::run(config, repeat, context)?,
        None if config.wait.is_some() || config.wanted == Wanted::Closed => wait::run(config, context)?,
        None => once(config, context)?,
    };
    let tally = match tally {
        Ok(tally) => tally,
        Err(outcome) => return Ok(outcome),
    };
    warn_of_keylog(config.tls.as_ref().is_some_and(|tls| tls.connector.keylog_failed()), context);
    Ok(match tally.verdict() {
        Verdict::All if !config.command.is_empty() => return command::run(&config.command, context),
        Verdict::All => Outcome::done(),
        Verdict::Local => Outcome::of(Exit::Local, "no target could be tried"),
        Verdict::None => Outcome::of(Exit::Network, config.count(tally)),
        Verdict::Some => Outcome::of(Exit::Partial, config.count(tally)),
    })
}

/// One round; the inner error is the outcome of a run that a signal ended.
fn once(config: &Config, context: &mut Context) -> anyhow::Result<std::result::Result<Tally, Outcome>> {
    let sockets = context.sockets.clone();
    Ok(match (Round { config, sockets: &sockets, deadline: None }).run(&mut Rows::Direct, context)? {
        RoundEnd::Complete(tally) => Ok(tally),
        RoundEnd::Stopped(signal) => Err(Outcome::stopped(signal)),
    })
}

impl Config {
    /// `2 of 3 targets open`.
    fn count(&self, Tally { good, total, .. }: Tally) -> String {
        let (one, many) = if self.repeat.is_some() { ("try", "tries") } else { ("target", "targets") };
        format!("{good} of {} {}", counted(total as u64, one, many), self.wanted.name())
    }
}
