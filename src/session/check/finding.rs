//! What the check of one target found, as an event, a row and an answer.

use super::super::retry::{Answer, outcome_of};
use super::question::Unexpected;
use crate::event::report::{CheckRow, RepeatedFields, Row, TlsRow};
use crate::event::{Address, Event, Kind, Outcome, TlsFields};
use crate::net::address::{Endpoint, Host, Target};
use crate::net::proxy::Scheme;
use crate::net::stream::ByteStream;
use crate::session::tls::TlsClient;
use crate::sys;
use crate::sys::error::reason;
use crate::sys::socket::Socket;
use std::time::{Duration, Instant};

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
    tls: Option<Box<TlsFields>>,
}

impl Finding {
    pub(super) fn open(target: Target, socket: &Socket, began: Instant) -> Self {
        Self {
            target,
            outcome: Outcome::Open,
            address: socket.peer(),
            local: socket.local(),
            conn: Some(socket.conn()),
            latency: Some(began.elapsed()),
            reason: None,
            tls: None,
        }
    }

    /// Adds what the handshake on the connection finds until `deadline`, which is `limit` to the user. The session, if there is
    /// one.
    pub(super) async fn with_tls(
        &mut self,
        tls: &TlsClient,
        stream: ByteStream,
        deadline: Instant,
        limit: Duration,
    ) -> Option<ByteStream> {
        let session = match tls.check(&self.target, stream, deadline).await {
            Ok((fields, session)) => {
                let is_silent = fields.version.is_none() && Instant::now() >= deadline;
                self.tls = Some(Box::new(fields));
                session.map_err(|why| if is_silent { format!("{why} within {limit:?}") } else { why })
            }
            Err(error) => Err(reason(&error.source)),
        };
        let failed = |why| (self.outcome, self.reason) = (Outcome::TlsFailed, Some(why));
        session.map_err(failed).ok()
    }

    /// Adds how a question was answered: the latency is that of the answer.
    pub(super) fn answered(&mut self, answer: Result<Instant, Unexpected>, began: Instant) {
        match answer {
            Ok(came) => self.latency = Some(came.duration_since(began)),
            Err(Unexpected { outcome, reason }) => {
                (self.outcome, self.reason, self.latency) = (outcome, Some(reason), None);
            }
        }
    }

    pub(super) fn failed(target: &Target, address: Address, began: Instant, error: &sys::Error) -> Self {
        let outcome = outcome_of(error.kind());
        Self {
            target: target.clone(),
            outcome,
            address: Some(address),
            local: None,
            conn: None,
            latency: (outcome == Outcome::Closed).then(|| began.elapsed()),
            reason: Some(reason(&error.source)),
            tls: None,
        }
    }

    /// What a proxy that did not connect says of the target, and `failed` where the proxy itself is what failed.
    pub(super) fn by_proxy(target: Target, began: Instant, scheme: Scheme, error: &sys::Error) -> Self {
        let is_answer = error.op == scheme.op();
        let outcome = match error.kind() {
            Kind::Refused if is_answer => Outcome::Closed,
            Kind::Unreachable if is_answer => Outcome::Filtered,
            Kind::Resolve if is_answer => Outcome::Unresolved,
            _ => Outcome::Failed,
        };
        Self {
            target,
            outcome,
            address: None,
            local: None,
            conn: None,
            latency: (outcome == Outcome::Closed).then(|| began.elapsed()),
            reason: Some(if is_answer { reason(&error.source) } else { error.to_string() }),
            tls: None,
        }
    }

    pub(super) fn silent(target: Target, address: Option<Address>, limit: Duration) -> Self {
        let reason = Some(format!("no answer within {limit:?}"));
        let outcome = Outcome::Filtered;
        Self { target, outcome, address, local: None, conn: None, latency: None, reason, tls: None }
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
            tls: None,
        }
    }

    pub(super) fn latency_us(&self) -> Option<u64> {
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

    /// As a row of the report; of the try with this number, if there are several.
    pub(super) fn row(&self, number: Option<u64>) -> Row {
        let (host, port) = place(&self.target);
        Row::Check(CheckRow {
            host,
            port,
            outcome: self.outcome,
            address: self.address.clone(),
            latency_us: self.latency_us(),
            reason: self.reason.clone(),
            tls: self.tls.as_ref().map(|tls| Box::new(tls_row(tls))),
            repeated: number.map(RepeatedFields::new),
        })
    }
}

/// A target as the fields `host` and `port` of a row.
pub(super) fn place(target: &Target) -> (String, Option<u16>) {
    match target {
        Target::Host(endpoint) => (endpoint.host.to_string(), Some(endpoint.port)),
        Target::Socket(address) => (address.to_string(), None),
    }
}

/// The end of a certificate is reported as the days left.
fn tls_row(fields: &TlsFields) -> TlsRow {
    let until = fields.not_after.as_ref().and_then(|time| time.parse::<jiff::Timestamp>().ok());
    let days_left =
        until.map(|time| (time.as_second() - jiff::Timestamp::now().as_second()).div_euclid(86_400));
    TlsRow { fields: fields.clone(), days_left }
}
