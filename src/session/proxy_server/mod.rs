//! A proxy server: SOCKS 4, 4a and 5 and HTTP on one port, told apart by the first byte of a client.

mod destination;
mod http;
mod incoming;
mod origin;
mod refusal;
mod response;
mod socks;

use super::forward::{idle_for, join_legs, warn};
use super::join::JoinConfig;
use crate::event::{Event, Kind, Outcome};
use crate::net::acl::AccessRules;
use crate::net::address::Endpoint;
use crate::net::proxy::http::Verifier;
use crate::net::proxy::{Malformed, socks4};
use crate::net::resolve::Lookup;
use crate::net::stream::ByteStream;
use crate::relay::RelayEnd;
use crate::sys::options::SocketOption;
use crate::sys::socket::SocketFactory;
use crate::sys::{Error, Result};
use incoming::Incoming;
use origin::Origin;
use refusal::Refusal;
use response::answer;
use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::time::Duration;
use tokio::time::timeout;

/// How long a client may take for its request.
const REQUEST_LIMIT: Duration = Duration::from_secs(10);
/// How long what a refused client still sends is read: a close with bytes unread would reset the answer away.
const LINGER: Duration = Duration::from_secs(1);

/// A proxy server, for any number of clients at once.
pub struct ProxyServer {
    /// Serves SOCKS clients.
    pub socks: bool,
    /// Serves HTTP clients.
    pub http: bool,
    /// The users; all clients if absent.
    pub verifier: Option<Verifier>,
    /// The addresses that it connects to.
    pub destinations: AccessRules,
    /// How names are looked up.
    pub lookup: Lookup,
    /// Ends a client on whose connections nothing moves.
    pub idle: Option<Duration>,
    /// Set on the sockets of the other legs.
    pub options: Vec<SocketOption>,
    /// Makes these sockets.
    pub sockets: SocketFactory,
}

/// What a client asked for.
struct Asked {
    /// The protocol it speaks, for events.
    protocol: &'static str,
    target: Endpoint,
    then: Then,
}

/// What the client gets once the target is connected.
enum Then {
    /// Its answer, then a stream: SOCKS and CONNECT.
    Tunnel(Vec<u8>),
    /// The response of the target to one request.
    Origin(Origin),
}

/// A request that is not served.
struct Rejected {
    protocol: &'static str,
    /// Where to, if that is known.
    target: Option<Endpoint>,
    /// The answer to the client; it may be empty.
    answer: Vec<u8>,
    outcome: Outcome,
    /// For events.
    why: String,
}

impl Rejected {
    fn malformed(protocol: &'static str, why: Malformed, answer: Vec<u8>) -> Self {
        Self { protocol, target: None, answer, outcome: Outcome::Failed, why: why.to_string() }
    }

    fn error(&self) -> Error {
        let on = self.target.as_ref().map(ToString::to_string).unwrap_or_default();
        Error::new("proxy server", on, io::Error::other(self.why.clone())).about(Kind::Proxy)
    }
}

/// The end of a request: the client's connection failed, or it is rejected.
enum Stop {
    Broken(Error),
    Rejected(Rejected),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Broken(error)
    }
}

impl From<Rejected> for Stop {
    fn from(rejected: Rejected) -> Self {
        Self::Rejected(rejected)
    }
}

impl ProxyServer {
    /// Serves one client to its end. What goes wrong is a warning that names the socket it happened to.
    pub async fn serve(&self, client: ByteStream, buffer: &RefCell<Vec<u8>>) -> Result<RelayEnd> {
        let mut incoming = Incoming::new(&client, buffer);
        match self.open(&mut incoming).await {
            Ok((target, Then::Tunnel(answer))) => {
                let config = JoinConfig { idle: self.idle };
                match begin(&mut incoming, &target, &answer).await {
                    Ok(()) => {
                        join_legs(&client, &target, &config, &self.options, buffer, self.sockets.events())
                            .await
                    }
                    Err(error) => self.broken(&client, error),
                }
            }
            Ok((target, Then::Origin(origin))) => {
                client.socket_ref().note_join(target.socket_ref());
                match origin.relay(incoming, &target, self.idle).await {
                    Ok(RelayEnd::Idle(limit)) => self.broken(&client, idle_for(limit, client.socket_ref())),
                    Ok(end) => {
                        finish(&client, buffer).await;
                        Ok(end)
                    }
                    Err(error) => self.broken(&client, error),
                }
            }
            Err(Stop::Rejected(rejected)) => {
                let refused = rejected.error();
                match reject(&client, buffer, rejected).await {
                    // It has an event; for a server with one client it is the outcome.
                    Ok(()) => Err(refused),
                    Err(error) => self.broken(&client, error),
                }
            }
            Err(Stop::Broken(error)) => self.broken(&client, error),
        }
    }

    fn broken(&self, client: &ByteStream, error: Error) -> Result<RelayEnd> {
        warn(self.sockets.events(), client.socket_ref(), &error);
        Err(error)
    }

    /// Reads a request and connects to its target.
    async fn open(&self, incoming: &mut Incoming<'_>) -> std::result::Result<(ByteStream, Then), Stop> {
        let client = incoming.stream();
        let Ok(asked) = timeout(REQUEST_LIMIT, self.request(incoming)).await else {
            let why = Malformed("no complete request within 10 seconds");
            let answer = if incoming.is_http() { answer(408, why.0, "") } else { Vec::new() };
            return Err(Rejected::malformed("proxy", why, answer).into());
        };
        let asked = asked?;
        let connected = tokio::select! {
            biased;
            connected = self.connect(&asked.target) => connected,
            () = poll_fn(|cx| client.poll_broken(cx)) => {
                let why = client.socket_ref().broken_by();
                let why = why.unwrap_or_else(|| io::Error::from_raw_os_error(libc::ECONNRESET));
                return Err(client.failed("recv", why).into());
            }
        };
        match connected {
            Ok(target) => {
                emit(client, asked.protocol, asked.target.to_string(), Outcome::Connected, None);
                Ok((target, asked.then))
            }
            Err(refusal) => Err(asked.refused(&refusal).into()),
        }
    }

    /// Reads a request by the protocol that its first byte shows.
    async fn request(&self, incoming: &mut Incoming<'_>) -> std::result::Result<Asked, Stop> {
        match incoming.first().await? {
            None => Err(Rejected::malformed(
                "proxy",
                Malformed("the client closed the connection before its request"),
                Vec::new(),
            )
            .into()),
            Some(4) if self.socks => self.socks4(incoming).await,
            Some(5) if self.socks => self.socks5(incoming).await,
            // A client that takes it for an https:// proxy.
            Some(0x16) => Err(Rejected::malformed(
                "proxy",
                Malformed("the client sent a TLS handshake to a proxy without TLS"),
                Vec::new(),
            )
            .into()),
            Some(4 | 5) => {
                Err(Rejected::malformed("socks", Malformed("SOCKS is disabled"), Vec::new()).into())
            }
            Some(_) if self.http => self.http(incoming).await,
            Some(_) => Err(Rejected::malformed("http", Malformed("HTTP is disabled"), Vec::new()).into()),
        }
    }
}

impl Asked {
    /// The answer to a client whose target is not connected.
    fn refused(self, refusal: &Refusal) -> Rejected {
        let answer = match self.protocol {
            "socks4" | "socks4a" => socks4::reply(socks4::REJECTED).to_vec(),
            "socks5" | "socks5h" => refusal.socks5(),
            _ => answer(refusal.status(), refusal.public(), ""),
        };
        let (protocol, why) = (self.protocol, refusal.to_string());
        Rejected { protocol, target: Some(self.target), answer, outcome: Outcome::Refused, why }
    }
}

/// Answers a client whose target is connected, and sends the target what came early.
async fn begin(incoming: &mut Incoming<'_>, target: &ByteStream, answer: &[u8]) -> Result<()> {
    send(incoming.stream(), answer).await?;
    let early = incoming.rest();
    match timeout(REQUEST_LIMIT, send(target, &early)).await {
        Ok(sent) => sent,
        Err(_) => Err(target.failed("send", io::ErrorKind::TimedOut.into())),
    }
}

/// Answers a client that is not served, and closes in order.
async fn reject(client: &ByteStream, buffer: &RefCell<Vec<u8>>, rejected: Rejected) -> Result<()> {
    let Rejected { protocol, target, answer, outcome, why } = rejected;
    let target = target.map_or_else(|| "-".to_owned(), |target| target.to_string());
    emit(client, protocol, target, outcome, Some(why));
    send(client, &answer).await?;
    finish(client, buffer).await;
    Ok(())
}

fn emit(client: &ByteStream, protocol: &str, target: String, outcome: Outcome, text: Option<String>) {
    let proxy = protocol.to_owned();
    client.socket_ref().emit(|socket| Event::Proxy { socket, proxy, target, outcome, text });
}

/// Sends all of `bytes`.
async fn send(stream: &ByteStream, bytes: &[u8]) -> Result<()> {
    let mut rest = bytes;
    let sent = async {
        while !rest.is_empty() {
            let some = poll_fn(|cx| stream.poll_sending(cx, || stream.try_write(&[IoSlice::new(rest)])));
            rest = &rest[some.await?..];
        }
        poll_fn(|cx| stream.poll_flush(cx)).await
    };
    sent.await.map_err(|e| stream.failed("send", e))
}

/// Ends the direction to a client, and reads for a moment what it still sends.
async fn finish(client: &ByteStream, buffer: &RefCell<Vec<u8>>) {
    if client.shutdown_write().await.is_ok() {
        let rest = super::shared::discard(client, buffer);
        // A client that goes on sending is cut off.
        let _ = timeout(LINGER, rest).await;
    }
}
