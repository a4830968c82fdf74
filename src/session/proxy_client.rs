//! Streams to a target through a proxy.

use super::tls::TlsClient;
use crate::event::{Event, Kind, Outcome};
use crate::net::address::{Endpoint, Host, Target};
use crate::net::connect::Connector;
use crate::net::proxy::client::{Failure, GIVE_USER, Request, handshake};
use crate::net::proxy::http::Login;
use crate::net::proxy::{Credentials, ProxyUrl, Scheme};
use crate::net::resolve::{Lookup, resolve, resolve_target};
use crate::net::source::reachable;
use crate::net::stream::ByteStream;
use crate::sys::error::reason;
use crate::sys::reactor::sleep_until;
use crate::sys::{Error, Result};
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a proxy may take to answer where no deadline is given: it connects to the target meanwhile.
const ANSWER_LIMIT: Duration = Duration::from_mins(3);

const LATE: &str = "no answer before the deadline";

/// How streams are opened through a proxy.
pub struct ProxyClient {
    /// The proxy.
    pub url: ProxyUrl,
    /// The user, wherever it was given.
    pub credentials: Option<Credentials>,
    /// TLS to the proxy itself.
    pub tls: Option<TlsClient>,
    /// The challenge that was answered last: the next connection answers it without being asked.
    login: Mutex<Option<Login>>,
}

/// The end of one attempt.
enum Attempt {
    /// Another address of the target may do.
    Refused(Error),
    /// Nothing else is to be tried.
    Failed(Error),
    /// The proxy wants its challenge answered, on another connection.
    Again,
}

impl ProxyClient {
    /// A client of the proxy `url`.
    #[must_use]
    pub fn new(url: ProxyUrl, credentials: Option<Credentials>, tls: Option<TlsClient>) -> Self {
        Self { url, credentials, tls, login: Mutex::default() }
    }

    /// Opens a stream to `target`, each of its addresses in turn where the proxy does not resolve names.
    pub async fn open(
        &self,
        target: &Target,
        connector: &Connector<'_>,
        lookup: Lookup,
        deadline: Option<Instant>,
    ) -> Result<ByteStream> {
        let op = self.url.scheme.op();
        let Some(named) = target.endpoint() else {
            let why = io::Error::other("a proxy connects to HOST:PORT only");
            return Err(Error::new(op, target, why).about(Kind::Usage));
        };
        let mut last = None;
        for endpoint in self.endpoints(named, connector, lookup).await? {
            for may_be_challenged in [true, false] {
                match self.attempt(named, &endpoint, connector, lookup, deadline, may_be_challenged).await {
                    Ok(stream) => return Ok(stream),
                    Err(Attempt::Again) => {}
                    Err(Attempt::Failed(error)) => return Err(error),
                    Err(Attempt::Refused(error)) => {
                        last = Some(error);
                        break;
                    }
                }
            }
        }
        Err(last.unwrap_or_else(|| Error::new(op, target, io::Error::other("no address to ask for"))))
    }

    /// What the proxy is asked for: the name, or each of its addresses.
    async fn endpoints(
        &self,
        named: &Endpoint,
        connector: &Connector<'_>,
        lookup: Lookup,
    ) -> Result<Vec<Endpoint>> {
        let scheme = self.url.scheme;
        if scheme.resolves_names() {
            return Ok(vec![named.clone()]);
        }
        let lookup = Lookup { only_v4: lookup.only_v4 || scheme == Scheme::Socks4, ..lookup };
        let found = resolve(lookup, &named.host, named.port, connector.sockets.events()).await?;
        Ok(found.into_iter().map(|a| Endpoint { host: Host::Ip(a.ip()), port: a.port() }).collect())
    }

    /// Connects to the proxy and asks it for `endpoint`, which `named` stands for.
    async fn attempt(
        &self,
        named: &Endpoint,
        endpoint: &Endpoint,
        connector: &Connector<'_>,
        lookup: Lookup,
        deadline: Option<Instant>,
        may_be_challenged: bool,
    ) -> std::result::Result<ByteStream, Attempt> {
        let stream = self.connect(connector, lookup, deadline).await.map_err(Attempt::Failed)?;
        let authorization = self.authorization(endpoint);
        let request = Request {
            scheme: self.url.scheme,
            target: endpoint,
            credentials: self.credentials.as_ref(),
            authorization,
        };
        let limit = deadline.or_else(|| Instant::now().checked_add(ANSWER_LIMIT));
        let mut bytes = &stream;
        let answer = tokio::select! {
            biased;
            answer = handshake(&mut bytes, &request) => answer,
            () = sleep_until(limit) => Err(Failure::Io(io::Error::new(io::ErrorKind::TimedOut, LATE))),
        };
        match answer {
            Ok(()) => {
                self.emit(&stream, named, Outcome::Connected, None);
                Ok(stream)
            }
            Err(Failure::Challenged(Some(login))) if self.credentials.is_some() && may_be_challenged => {
                *self.login.lock().unwrap_or_else(PoisonError::into_inner) = Some(login);
                Err(Attempt::Again)
            }
            Err(failure) => Err(self.refused(&stream, named, endpoint, failure)),
        }
    }

    /// Emits and explains a failure.
    fn refused(
        &self,
        stream: &ByteStream,
        named: &Endpoint,
        endpoint: &Endpoint,
        failure: Failure,
    ) -> Attempt {
        let (outcome, text) = match failure {
            Failure::Refused(kind, text) => {
                let error = self.failed(stream, named, endpoint, (Outcome::Refused, kind, text));
                return Attempt::Refused(error);
            }
            Failure::Io(error) => {
                let error = stream.failed(self.url.scheme.op(), error);
                self.emit(stream, named, Outcome::Failed, Some(reason(&error.source)));
                return Attempt::Failed(error);
            }
            Failure::Denied(text) => (Outcome::Refused, text),
            Failure::Challenged(_) if self.credentials.is_none() => {
                (Outcome::Refused, format!("407 authentication required; {GIVE_USER}"))
            }
            Failure::Challenged(None) => {
                (Outcome::Refused, "407 neither Digest nor Basic is offered".to_owned())
            }
            Failure::Challenged(Some(_)) => {
                (Outcome::Refused, "407 user name or password rejected".to_owned())
            }
            Failure::Malformed(why) => (Outcome::Failed, why.to_string()),
            Failure::Closed => {
                (Outcome::Failed, "the proxy closed the connection before it answered".to_owned())
            }
        };
        Attempt::Failed(self.failed(stream, named, endpoint, (outcome, Kind::Proxy, text)))
    }

    /// Emits a failure, and makes the error of it.
    fn failed(
        &self,
        stream: &ByteStream,
        named: &Endpoint,
        endpoint: &Endpoint,
        (outcome, kind, text): (Outcome, Kind, String),
    ) -> Error {
        let why = format!("{text} ({endpoint} through {})", stream.socket_ref().on());
        self.emit(stream, named, outcome, Some(text));
        Error::new(self.url.scheme.op(), "", io::Error::other(why)).about(kind)
    }

    /// A connection to the proxy.
    async fn connect(
        &self,
        connector: &Connector<'_>,
        lookup: Lookup,
        deadline: Option<Instant>,
    ) -> Result<ByteStream> {
        let proxy = Target::Host(self.url.address.clone());
        let found = resolve_target(lookup, &proxy, connector.sockets.events()).await?;
        let connecting =
            connector.connect_before(&proxy, &reachable(connector.source, found), deadline).await;
        let stream = connecting.map_err(|mut error| {
            error.on = format!("{} ({})", error.on, self.url.scheme.op());
            error
        })?;
        match &self.tls {
            Some(tls) => tls.secure(&proxy, stream, deadline).await,
            None => Ok(stream),
        }
    }

    /// The answer to the challenge that is known from an earlier connection.
    fn authorization(&self, endpoint: &Endpoint) -> Option<String> {
        let mut login = self.login.lock().unwrap_or_else(PoisonError::into_inner);
        login.as_mut()?.answer(self.credentials.as_ref()?, "CONNECT", &endpoint.to_string())
    }

    fn emit(&self, stream: &ByteStream, target: &Endpoint, outcome: Outcome, text: Option<String>) {
        let (proxy, target) = (self.url.to_string(), target.to_string());
        stream.socket_ref().emit(|socket| Event::Proxy { socket, proxy, target, outcome, text });
    }
}
