//! Handshakes of TLS on connections of the engines, and their events.

use super::Context;
use crate::event::{Event, Kind, TlsFields, TlsStep};
use crate::net::address::Target;
use crate::net::stream::{ByteStream, Under};
use crate::net::tls::{Acceptor, Connector, Failure, FailureKind, Handshake, ServerName, Stream};
use crate::sys::socket::Socket;
use crate::sys::{Error, Result};

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a client of a server may take for its handshake.
const CLIENT_LIMIT: Duration = Duration::from_secs(10);
/// How long a server may take for it where the user set no limit.
const SERVER_LIMIT: Duration = Duration::from_secs(30);

/// A handshake that ended.
type Shaken = std::result::Result<(Stream<Under>, Handshake), Failure>;

/// How a client speaks TLS.
pub struct TlsClient {
    /// Performs the handshake.
    pub connector: Connector,
    /// A FIN without `close_notify` counts as an end.
    pub allow_truncated: bool,
}

/// How a server speaks TLS.
pub struct TlsServer {
    /// Performs handshakes.
    pub acceptor: Acceptor,
    /// A FIN without `close_notify` counts as an end.
    pub allow_truncated: bool,
}

impl TlsClient {
    /// Performs the handshake on a new connection to `target`, until `deadline`, or within [`SERVER_LIMIT`].
    pub async fn secure(
        &self,
        target: &Target,
        plain: ByteStream,
        deadline: Option<Instant>,
    ) -> Result<ByteStream> {
        let (stream, done) = self.shake(target, plain, deadline).await?;
        match done {
            Some(done) => conclude(&stream, done, self.allow_truncated),
            None => Err(late(&stream)),
        }
    }

    /// As [`Self::secure`] to learn what the handshake finds. The inner error is in words.
    pub async fn check(
        &self,
        target: &Target,
        plain: ByteStream,
        deadline: Instant,
    ) -> Result<(TlsFields, std::result::Result<ByteStream, String>)> {
        let (stream, done) = self.shake(target, plain, Some(deadline)).await?;
        let (mut fields, failure) = match &done {
            Some(Ok((_, facts))) => (facts.fields(), String::new()),
            Some(Err(failure)) => (failure.fields(), failure.to_string()),
            None => (TlsFields::default(), "no answer to the TLS handshake".to_owned()),
        };
        fields.reason = None;
        let session = done.and_then(|done| conclude(&stream, done, self.allow_truncated).ok());
        Ok((fields, session.ok_or(failure)))
    }

    /// The plain connection, and how the handshake on it ended; none after the deadline.
    async fn shake(
        &self,
        target: &Target,
        plain: ByteStream,
        deadline: Option<Instant>,
    ) -> Result<(Arc<ByteStream>, Option<Shaken>)> {
        let name = self.name(target)?;
        let under = Under::new(plain);
        let stream = Arc::clone(under.stream());
        let deadline = deadline.unwrap_or_else(|| Instant::now() + SERVER_LIMIT);
        let done = tokio::time::timeout_at(deadline.into(), self.connector.connect(name, under)).await;
        Ok((stream, done.ok()))
    }

    /// The name to send and to verify for `target`; it fails where there is none.
    pub fn name(&self, target: &Target) -> Result<ServerName<'static>> {
        let host = target.endpoint().map(|endpoint| endpoint.host.to_string());
        Ok(self.connector.name(host.as_deref())?)
    }
}

impl TlsServer {
    /// Performs the handshake with a new client, within [`CLIENT_LIMIT`].
    pub async fn secure(&self, plain: ByteStream) -> Result<ByteStream> {
        let under = Under::new(plain);
        let stream = Arc::clone(under.stream());
        match tokio::time::timeout(CLIENT_LIMIT, self.acceptor.accept(under)).await {
            Ok(done) => conclude(&stream, done, self.allow_truncated),
            Err(_) => Err(late(&stream)),
        }
    }

    /// Emits the certificate that was made for this run, as one of the first listener.
    pub fn announce(&self, listeners: &[Socket]) {
        if let (true, Some(listener)) = (self.acceptor.is_ephemeral(), listeners.first()) {
            let tls = Box::new(self.acceptor.certificate().fields());
            listener.emit(|socket| Event::Tls { socket, what: TlsStep::Certificate, tls });
        }
    }
}

/// Whether a handshake that failed may succeed later: the server closed the connection in it, as one that starts may do.
pub fn is_temporary(error: &Error) -> bool {
    error.kind() == Kind::Tls && error.source.kind() == io::ErrorKind::UnexpectedEof
}

/// Warns if secrets are missing in the key log.
pub fn warn_of_keylog(failed: bool, context: &Context) {
    if failed {
        context.events.warn(Kind::File, "write", "write key log: a secret could not be written");
    }
}

fn conclude(stream: &ByteStream, done: Shaken, allow_truncated: bool) -> Result<ByteStream> {
    match done {
        Ok((session, facts)) => {
            let fields = facts.fields();
            let subject = fields.subject.clone();
            emit(stream, TlsStep::Handshake, fields);
            Ok(ByteStream::through_tls(session, subject, allow_truncated))
        }
        Err(failure) => {
            emit(stream, TlsStep::Alert, failure.fields());
            Err(failed(stream, &failure))
        }
    }
}

fn emit(stream: &ByteStream, what: TlsStep, fields: TlsFields) {
    stream.socket_ref().emit(|socket| Event::Tls { socket, what, tls: Box::new(fields) });
}

fn failed(stream: &ByteStream, failure: &Failure) -> Error {
    let on = stream.socket_ref().on();
    if let (FailureKind::Io, Some(errno)) = (failure.kind, failure.io().raw_os_error()) {
        return Error::new(OP, on, io::Error::from_raw_os_error(errno));
    }
    let why =
        if failure.kind == FailureKind::Closed { io::ErrorKind::UnexpectedEof } else { io::ErrorKind::Other };
    let advice = failure.advice().map_or_else(String::new, |advice| format!("; {advice}"));
    Error::new(OP, on, io::Error::new(why, format!("{failure}{advice}"))).about(Kind::Tls)
}

fn late(stream: &ByteStream) -> Error {
    let why = io::Error::new(io::ErrorKind::TimedOut, "no answer before the deadline");
    Error::new(OP, stream.socket_ref().on(), why)
}

const OP: &str = "tls handshake";
