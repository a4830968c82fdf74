//! The check of one target: every address of it, open if any of them is.

use super::deeper::Deeper;
use super::finding::Finding;
use crate::event::{Address, Kind};
use crate::net::address::{Endpoint, Host, Target};
use crate::net::connect::Connector;
use crate::net::resolve::Lookup;
use crate::net::source::Source;
use crate::net::stream::ByteStream;
use crate::scan::says_more;
use crate::session::proxy_client::ProxyClient;
use crate::sys;
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
    /// How names are looked up.
    pub(super) lookup: Lookup,
    /// How long an answer may take.
    pub(super) limit: Duration,
    /// The limit as the user gave it: of `--wait` less may be left.
    pub(super) named: Duration,
    /// Whether each socket emits its states.
    pub(super) observed: bool,
    /// What is tested on an open connection.
    pub(super) deeper: Deeper,
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
    racing: Vec<(Socket, Instant, Connecting)>,
    failed: Option<Finding>,
    deeper: Deeper,
}

/// The answer of one address.
enum Answered {
    Open(ByteStream, Instant),
    Not(Finding),
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
                Ok(FastConnect::Open(socket)) if !self.deeper.is_nothing() => {
                    racing = vec![(socket, began, Connecting::Done)];
                    break;
                }
                Ok(FastConnect::Open(socket)) => {
                    return Ok(Probe::Done(Finding::open(target, &socket, began)));
                }
                Ok(FastConnect::Pending(socket)) => racing.push((socket, began, Connecting::InProgress)),
                Err(error) if error.kind() == Kind::Option => return Err(error),
                Err(error) => better(&mut failed, Finding::failed(&target, address.into(), began, &error)),
            }
        }
        Ok(match failed {
            Some(finding) if racing.is_empty() => Probe::Done(finding),
            failed => {
                let (limit, named, deeper) = (self.limit, self.named, self.deeper.clone());
                Probe::Pending(Pending { limit, named, target, racing, failed, deeper })
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
                Ok((socket, Connecting::Done)) if self.deeper.is_nothing() => {
                    return Ok(Finding::open(target, &socket, began));
                }
                Ok((socket, progress)) => {
                    let (limit, named, deeper) = (self.limit, self.named, self.deeper.clone());
                    let racing = vec![(socket, began, progress)];
                    return Ok(Pending { limit, named, target, racing, failed: None, deeper }.finish().await);
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

impl Prober {
    /// Has a proxy connect to a target. An option that is refused ends the whole check.
    pub(super) async fn through(&self, proxy: &ProxyClient, host: Host, port: u16) -> sys::Result<Finding> {
        let target = Target::from(Endpoint { host, port });
        let connector = Connector { sockets: &self.sockets, options: &self.options, source: self.source };
        let (began, named) = (Instant::now(), self.named);
        let deadline = began + self.limit;
        let opened = proxy.open(&target, &connector, self.lookup, Some(deadline));
        match tokio::time::timeout_at(deadline.into(), opened).await {
            Err(_) => Ok(Finding::silent(target, None, named)),
            Ok(Err(error)) => match error.kind() {
                Kind::Option | Kind::Usage => Err(error),
                Kind::Timeout => Ok(Finding::silent(target, None, named)),
                _ => Ok(Finding::by_proxy(target, began, proxy.url.scheme, &error)),
            },
            Ok(Ok(stream)) => {
                let finding = Finding::open(target, stream.socket_ref(), began);
                Ok(self.deeper.test(finding, stream, began, (self.limit, named)).await)
            }
        }
    }
}

impl Pending {
    /// Waits for the first address that is open, or for all answers, or for the limit. TLS and answers are tested on the address
    /// that is open, as a client would meet it.
    pub(super) async fn finish(self) -> Finding {
        let Self { limit, named, target, racing, mut failed, deeper } = self;
        let mut attempts = JoinSet::new();
        for (socket, began, progress) in racing {
            let target = target.clone();
            attempts.spawn(async move {
                let address = socket.peer();
                let answer = ByteStream::connected(socket, progress);
                Answered::Not(match tokio::time::timeout_at((began + limit).into(), answer).await {
                    Ok(Ok(stream)) => return Answered::Open(stream, began),
                    Ok(Err(error)) => match address {
                        Some(address) => Finding::failed(&target, address, began, &error),
                        None => Finding::silent(target, None, named),
                    },
                    Err(_) => Finding::silent(target, address, named),
                })
            });
        }
        while let Some(answer) = attempts.join_next().await {
            match answer {
                Ok(Answered::Open(stream, began)) => {
                    let finding = Finding::open(target, stream.socket_ref(), began);
                    drop(attempts);
                    return deeper.test(finding, stream, began, (limit, named)).await;
                }
                Ok(Answered::Not(finding)) => better(&mut failed, finding),
                Err(_) => {}
            }
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
