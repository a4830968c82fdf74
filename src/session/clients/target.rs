//! One target: connected, relayed, and connected again.

use super::config::{Clients, Target};
use crate::event::Kind;
use crate::net::backoff::Backoff;
use crate::net::connect::timed_out;
use crate::net::source::reachable;
use crate::net::stream::ByteStream;
use crate::relay::OnEof;
use crate::session::shared::Reader;
use crate::sys::reactor::sleep_until;
use crate::sys::socket::SocketFactory;
use crate::sys::{Error, Result};
use std::cell::RefCell;
use std::time::{Duration, Instant};

/// The longest wait between two attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// The limit of an attempt that is to be repeated: TCP itself would repeat a SYN after 1, 3 and 7 seconds (RFC 6298),
/// later ones so rarely that a server is back long before one reaches it.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(10);
/// The limit of an attempt that begins when a target's time is over: a round trip to anywhere, and no attempt that begins
/// earlier has less.
const LAST_CHANCE: Duration = Duration::from_millis(250);
/// A connection that stood this long was a success: the next failure is a first one again.
const STABLE: Duration = Duration::from_secs(5);

/// The end of a target.
#[derive(Debug)]
pub(super) enum TargetEnd {
    /// Its connection ended in order.
    Fine,
    /// A time limit ended its connection, for this reason.
    Late(String),
    /// It could not be connected, or the connection broke.
    Failed(Error),
    /// The program was asked to end.
    Stopped,
}

impl Target {
    /// Connects and relays until the end is final. Failures are errors when they are final, and warnings before. Of attempts
    /// that fail in a row the first is told in full.
    pub(super) async fn run(&self, clients: &Clients, reader: Reader) -> TargetEnd {
        let mut backoff = Backoff::new(LONGEST_WAIT);
        let (mut down_since, mut first, mut failures) = (Instant::now(), true, 0);
        loop {
            let held = (failures > 0).then(|| clients.sockets.held());
            let sockets = held.as_ref().unwrap_or(&clients.sockets);
            let attempt = tokio::select! {
                attempt = self.connect(clients, sockets, &reader, down_since, first) => attempt,
                () = clients.halted() => return TargetEnd::Stopped,
                () = clients.watch.missed() => return TargetEnd::Stopped,
            };
            let (end, subject) = match attempt {
                Ok((stream, latency)) => {
                    (first, failures) = (false, 0);
                    if let Some(held) = &held {
                        held.events().release();
                    }
                    let subject = stream.socket_ref().subject();
                    self.emit_connected(clients, &subject, latency);
                    let connected = Instant::now();
                    let end = self.run_session(clients, &reader, stream).await;
                    self.emit_disconnected(clients, &subject, &end);
                    down_since = Instant::now();
                    if connected.elapsed() >= STABLE {
                        backoff.reset();
                    }
                    (end, Some(subject))
                }
                Err(error) => {
                    failures += 1;
                    (TargetEnd::Failed(error), None)
                }
            };
            clients.printer.leave(self.index);
            let limit = clients.config.timeout.unwrap_or(Duration::MAX);
            let left = limit.saturating_sub(down_since.elapsed());
            let is_last = left.is_zero() || !may_go_on(clients, &reader, &end, first);
            if failures == 1 || failures > 1 && is_last {
                self.emit_not_connected(clients, &end);
            }
            if is_last {
                return self.finish(clients, end, subject);
            }
            // The last attempt begins when the time is over, not a while before.
            let wait = Some(backoff.wait()).filter(|wait| *wait + LAST_CHANCE < left).unwrap_or(left);
            if failures > 1 {
                self.report_attempt(clients, &end, failures);
            } else {
                self.warn_of_retry(clients, &end, wait);
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = reader.done(), if ends_with_input(clients, first) => {
                    return self.finish(clients, end, subject);
                }
                () = clients.halted() => return TargetEnd::Stopped,
                () = clients.watch.missed() => return TargetEnd::Stopped,
            }
        }
    }

    /// Looks the target up and connects it; also returns how long connecting took.
    async fn connect(
        &self,
        clients: &Clients,
        sockets: &SocketFactory,
        reader: &Reader,
        since: Instant,
        first: bool,
    ) -> Result<(ByteStream, Duration)> {
        let config = &clients.config;
        let now = Instant::now();
        let again = config.reconnect.then(|| now + ATTEMPT_LIMIT);
        let over = config.timeout.map(|limit| since + limit);
        let over = over.map(|over| if over <= now && config.reconnect { now + LAST_CHANCE } else { over });
        let deadline = [over, again].into_iter().flatten().min();
        let found = RefCell::new(Vec::new());
        let attempt = async {
            if config.opening.proxy.is_some() {
                let named = self.name.target(self.port);
                let began = Instant::now();
                let stream = config.opening.open(&named, sockets, deadline).await?;
                return Ok((stream, began.elapsed()));
            }
            let answer =
                self.name.addresses(config.opening.lookup, self.port, first, sockets.events()).await?;
            found.replace(answer);
            let addresses = reachable(config.opening.source, found.borrow().clone());
            let began = Instant::now();
            let stream = config.opening.connector(sockets).connect(&self.title, &addresses).await?;
            let stream = config.opening.pass_through(&self.name.target(self.port), stream, deadline).await?;
            Ok((stream, began.elapsed()))
        };
        tokio::select! {
            biased;
            attempt = attempt => attempt,
            () = sleep_until(deadline) => Err(timed_out(&self.title, &found.borrow())),
            () = reader.evicted(), if !config.reconnect => {
                let why = std::io::Error::other("not connected yet and delayed the others; disconnected");
                Err(Error::new("connect", &self.title, why).about(Kind::Data))
            }
        }
    }
}

/// Whether the target is to be connected again.
fn may_go_on(clients: &Clients, reader: &Reader, end: &TargetEnd, first: bool) -> bool {
    let hopeless = match end {
        TargetEnd::Stopped => true,
        TargetEnd::Fine | TargetEnd::Late(_) => false,
        TargetEnd::Failed(error) => match error.kind() {
            Kind::Option | Kind::Permission | Kind::Data => true,
            Kind::Address => clients.config.opening.source.is_some(),
            _ => false,
        },
    };
    let all_sent = reader.is_done() && ends_with_input(clients, first);
    clients.config.reconnect && !hopeless && !all_sent
}

/// Whether a target is given up once the input has ended and it has all of it: then nothing can be delivered any more. One that
/// was never connected is waited for as long as `--timeout` says, if it does.
fn ends_with_input(clients: &Clients, first: bool) -> bool {
    clients.relay.end.on_eof != OnEof::Keep && !(first && clients.config.timeout.is_some())
}
