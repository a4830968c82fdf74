//! The check of one target: every address of it, open if any of them is.

use super::super::retry::{Answer, outcome_of};
use crate::event::report::{CheckRow, Row};
use crate::event::{Address, Event, Kind, Outcome, Proto};
use crate::net::address::{Endpoint, Host};
use crate::net::connect::Connector;
use crate::net::source::Source;
use crate::net::stream::ByteStream;
use crate::scan::says_more;
use crate::sys;
use crate::sys::error::reason;
use crate::sys::fast_connect::{FastConnect, FastConnector};
use crate::sys::options::SocketOption;
use crate::sys::socket::{Connecting, Socket, SocketFactory};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How targets are tried.
pub(super) struct Prober {
    pub(super) sockets: SocketFactory,
    pub(super) options: Vec<SocketOption>,
    pub(super) source: Option<Source>,
    /// How long an answer may take.
    pub(super) limit: Duration,
    /// The limit as the user gave it: of `--wait` less may be left.
    pub(super) named: Duration,
    /// Whether each socket emits its states.
    pub(super) observed: bool,
}

/// What the check of one target found.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    target: Endpoint,
    pub(super) outcome: Outcome,
    address: Option<SocketAddr>,
    local: Option<SocketAddr>,
    conn: Option<u32>,
    latency: Option<Duration>,
    reason: Option<String>,
}

/// A check just begun: on loopback most are done at once.
pub(super) enum Probe {
    Done(Finding),
    Pending(Pending),
}

/// Attempts without an answer yet.
pub(super) struct Pending {
    limit: Duration,
    named: Duration,
    target: Endpoint,
    racing: Vec<(Socket, Instant)>,
    failed: Option<Finding>,
}

impl Prober {
    /// The fast way to try ports, where no state is emitted and any local address will do.
    pub(super) fn connector(&self) -> Option<FastConnector> {
        let plain = !self.observed && self.source.is_none();
        plain.then(|| FastConnector::new(&self.sockets, &self.options))
    }

    fn attempt(
        &self,
        address: SocketAddr,
        connector: Option<&mut FastConnector>,
    ) -> sys::Result<FastConnect> {
        if let Some(connector) = connector {
            return connector.try_connect(address);
        }
        let connector = Connector { sockets: &self.sockets, options: &self.options, source: self.source };
        match connector.start(&address.into())? {
            (socket, Connecting::Done) => Ok(FastConnect::Open(socket)),
            (socket, Connecting::InProgress) => match socket.finish_connect()? {
                Some(()) => Ok(FastConnect::Open(socket)),
                None => Ok(FastConnect::Pending(socket)),
            },
        }
    }

    /// Starts to connect to each address until one is open. An option that is refused ends the whole check.
    pub(super) fn begin(
        &self,
        host: &Host,
        port: u16,
        found: &[SocketAddr],
        mut connector: Option<&mut FastConnector>,
    ) -> sys::Result<Probe> {
        let target = Endpoint { host: host.clone(), port };
        let (mut racing, mut failed) = (Vec::new(), None);
        for address in found {
            let mut address = *address; // with its zone, which a link-local address needs
            address.set_port(port);
            let began = Instant::now();
            match self.attempt(address, connector.as_deref_mut()) {
                Ok(FastConnect::Open(socket)) => {
                    return Ok(Probe::Done(Finding::open(target, &socket, began)));
                }
                Ok(FastConnect::Pending(socket)) => racing.push((socket, began)),
                Err(error) if error.kind() == Kind::Option => return Err(error),
                Err(error) => better(&mut failed, Finding::failed(&target, address, began, &error)),
            }
        }
        Ok(match failed {
            Some(finding) if racing.is_empty() => Probe::Done(finding),
            failed => {
                let (limit, named) = (self.limit, self.named);
                Probe::Pending(Pending { limit, named, target, racing, failed })
            }
        })
    }
}

impl Pending {
    /// Waits for the first address that is open, or for all answers, or for the limit.
    pub(super) async fn finish(self) -> Finding {
        let Self { limit, named, target, racing, mut failed } = self;
        let mut attempts = JoinSet::new();
        for (socket, began) in racing {
            let target = target.clone();
            attempts.spawn(async move {
                let address = socket.peer_inet();
                let answer = ByteStream::connected(socket, Connecting::InProgress);
                match tokio::time::timeout_at((began + limit).into(), answer).await {
                    Ok(Ok(stream)) => Finding::open(target, stream.socket_ref(), began),
                    Ok(Err(error)) => match address {
                        Some(address) => Finding::failed(&target, address, began, &error),
                        None => Finding::silent(target, None, named),
                    },
                    Err(_) => Finding::silent(target, address, named),
                }
            });
        }
        while let Some(answer) = attempts.join_next().await {
            let Ok(finding) = answer else { continue };
            if finding.outcome == Outcome::Open {
                return finding;
            }
            better(&mut failed, finding);
        }
        failed.unwrap_or_else(|| Finding::silent(target, None, named))
    }
}

/// Keeps the finding that says most.
fn better(kept: &mut Option<Finding>, new: Finding) {
    if kept.as_ref().is_none_or(|old| says_more(new.outcome, old.outcome)) {
        *kept = Some(new);
    }
}

impl Finding {
    fn open(target: Endpoint, socket: &Socket, began: Instant) -> Self {
        Self {
            target,
            outcome: Outcome::Open,
            address: socket.peer_inet(),
            local: socket.local_inet(),
            conn: Some(socket.conn()),
            latency: Some(began.elapsed()),
            reason: None,
        }
    }

    fn failed(target: &Endpoint, address: SocketAddr, began: Instant, error: &sys::Error) -> Self {
        let outcome = outcome_of(error.kind());
        Self {
            target: target.clone(),
            outcome,
            address: Some(address),
            local: None,
            conn: None,
            latency: (outcome == Outcome::Closed).then(|| began.elapsed()),
            reason: Some(reason(&error.source)),
        }
    }

    fn silent(target: Endpoint, address: Option<SocketAddr>, limit: Duration) -> Self {
        let reason = Some(format!("no answer within {limit:?}"));
        Self { target, outcome: Outcome::Filtered, address, local: None, conn: None, latency: None, reason }
    }

    pub(super) fn unresolved(host: &Host, port: u16, error: &sys::Error) -> Self {
        Self {
            target: Endpoint { host: host.clone(), port },
            outcome: Outcome::Unresolved,
            address: None,
            local: None,
            conn: None,
            latency: None,
            reason: Some(reason(&error.source)),
        }
    }

    fn latency_us(&self) -> Option<u64> {
        self.latency.map(|t| u64::try_from(t.as_micros()).unwrap_or(u64::MAX))
    }

    /// The event; it names the socket if that emits its states.
    pub(super) fn event(&self, observed: bool) -> Event {
        Event::Target {
            target: self.target.to_string(),
            conn: self.conn.filter(|_| observed),
            proto: Proto::Tcp,
            local: self.local.map(Address::from),
            peer: self.address.map(Address::from),
            outcome: self.outcome,
            attempt: None,
            latency_us: self.latency_us(),
            text: self.reason.clone(),
        }
    }

    /// The answer as a wait reports it.
    pub(super) fn answer(&self) -> Answer {
        let text = self.reason.clone().unwrap_or_else(|| "it accepts connections".to_owned());
        Answer { target: self.target.to_string(), peer: self.address, outcome: self.outcome, text }
    }

    pub(super) fn row(&self) -> Row {
        Row::Check(CheckRow {
            host: self.target.host.to_string(),
            port: self.target.port,
            outcome: self.outcome,
            address: self.address,
            latency_us: self.latency_us(),
            reason: self.reason.clone(),
        })
    }
}
