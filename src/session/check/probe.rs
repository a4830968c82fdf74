//! The check of one target: every address of it, open if any of them is.

use super::super::retry::{Answer, outcome_of};
use crate::event::report::{CheckRow, Row};
use crate::event::{Address, Event, Kind, Outcome};
use crate::net::address::{Endpoint, Host, Target};
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

/// Between two attempts at a UNIX socket whose accept queue is full.
const QUEUE_DELAY: Duration = Duration::from_millis(10);

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
    target: Target,
    pub(super) outcome: Outcome,
    address: Option<Address>,
    local: Option<Address>,
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
    target: Target,
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
        let target = Target::from(Endpoint { host: host.clone(), port });
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
                Err(error) => better(&mut failed, Finding::failed(&target, address.into(), began, &error)),
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

impl Prober {
    /// Connects to a socket that is no internet address. One whose accept queue is full is tried again within the limit: connect(2)
    /// does not wait for it.
    pub(super) async fn connect(&self, address: &Address) -> sys::Result<Finding> {
        let target = Target::Socket(address.clone());
        let connector = Connector { sockets: &self.sockets, options: &self.options, source: self.source };
        let began = Instant::now();
        loop {
            let full = match connector.start(address) {
                Ok((socket, Connecting::Done)) => return Ok(Finding::open(target, &socket, began)),
                Ok((socket, Connecting::InProgress)) => {
                    let (limit, named) = (self.limit, self.named);
                    let racing = vec![(socket, began)];
                    return Ok(Pending { limit, named, target, racing, failed: None }.finish().await);
                }
                Err(error) => error,
            };
            match full.kind() {
                Kind::Option | Kind::Usage => return Err(full),
                _ if full.errno() != Some(libc::EAGAIN) => {
                    return Ok(Finding::failed(&target, address.clone(), began, &full));
                }
                _ if began.elapsed() >= self.limit => {
                    return Ok(Finding::silent(target, Some(address.clone()), self.named));
                }
                _ => tokio::time::sleep(QUEUE_DELAY).await,
            }
        }
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
                let address = socket.peer();
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
    fn open(target: Target, socket: &Socket, began: Instant) -> Self {
        Self {
            target,
            outcome: Outcome::Open,
            address: socket.peer(),
            local: socket.local(),
            conn: Some(socket.conn()),
            latency: Some(began.elapsed()),
            reason: None,
        }
    }

    fn failed(target: &Target, address: Address, began: Instant, error: &sys::Error) -> Self {
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

    fn silent(target: Target, address: Option<Address>, limit: Duration) -> Self {
        let reason = Some(format!("no answer within {limit:?}"));
        Self { target, outcome: Outcome::Filtered, address, local: None, conn: None, latency: None, reason }
    }

    pub(super) fn unresolved(host: &Host, port: u16, error: &sys::Error) -> Self {
        Self {
            target: Endpoint { host: host.clone(), port }.into(),
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
            proto: self.target.stream_proto(),
            local: self.local.clone(),
            peer: self.address.clone(),
            outcome: self.outcome,
            attempt: None,
            latency_us: self.latency_us(),
            text: self.reason.clone(),
        }
    }

    /// The answer as a wait reports it.
    pub(super) fn answer(&self) -> Answer {
        let text = self.reason.clone().unwrap_or_else(|| "it accepts connections".to_owned());
        Answer {
            target: self.target.to_string(),
            proto: self.target.stream_proto(),
            peer: self.address.clone(),
            outcome: self.outcome,
            text,
        }
    }

    pub(super) fn row(&self) -> Row {
        let (host, port) = match &self.target {
            Target::Host(endpoint) => (endpoint.host.to_string(), Some(endpoint.port)),
            Target::Socket(address) => (address.to_string(), None),
        };
        Row::Check(CheckRow {
            host,
            port,
            outcome: self.outcome,
            address: self.address.clone(),
            latency_us: self.latency_us(),
            reason: self.reason.clone(),
        })
    }
}
