//! Forwarding: each client of a server is joined with a connection of its own to the target.

use super::join::{JoinConfig, JoinEnd, Side, join};
use super::opening::Opening;
use super::proxy_header;
use crate::event::{Event, Events, Kind, Proto, Span};
use crate::net::address::Target;
use crate::net::proxy_header::{Addresses, Version};
use crate::net::stream::ByteStream;
use crate::relay::RelayEnd;
use crate::sys::options::SocketOption;
use crate::sys::socket::{Socket, SocketFactory};
use crate::sys::{Error, Result};
use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::time::{Duration, Instant};

/// How long a connection to the target may take, handshakes included; the client waits meanwhile.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// Where clients are forwarded to, and how.
pub struct Forward {
    /// The other end of each client's own connection.
    pub target: Target,
    /// How that is opened.
    pub opening: Opening,
    /// The PROXY protocol's header that it begins with.
    pub send_header: Option<Version>,
    /// Ends a client on whose connections nothing moves.
    pub idle: Option<Duration>,
    /// Makes the sockets.
    pub sockets: SocketFactory,
}

impl Forward {
    /// Forwards one client to its end. `named` are the ends that its PROXY header named. What goes wrong is a warning that
    /// names the socket it happened to; the client is reset then.
    pub async fn serve(
        &self,
        client: ByteStream,
        named: Option<Addresses>,
        buffer: &RefCell<Vec<u8>>,
    ) -> Result<RelayEnd> {
        let target = match self.open(&client, named).await {
            Ok(target) => target,
            Err(error) => {
                // It fails only where the client is gone already.
                let _ = client.socket_ref().reset_on_close();
                warn(self.sockets.events(), client.socket_ref(), &error);
                return Err(error);
            }
        };
        let config = JoinConfig { idle: self.idle };
        join_legs(&client, &target, &config, &self.opening.options, buffer, self.sockets.events()).await
    }

    /// Connects to the target, unless the client leaves meanwhile.
    async fn open(&self, client: &ByteStream, named: Option<Addresses>) -> Result<ByteStream> {
        let deadline = Instant::now() + CONNECT_LIMIT;
        let header = async |stream: &ByteStream| match self.send_header {
            Some(version) => {
                proxy_header::send(stream, version, named.or_else(|| proxy_header::ends(client))).await
            }
            None => Ok(()),
        };
        let opened = self.opening.open_with(&self.target, &self.sockets, Some(deadline), header);
        tokio::select! {
            biased;
            opened = tokio::time::timeout_at(deadline.into(), opened) => opened.unwrap_or_else(|_| {
                let why = io::Error::new(io::ErrorKind::TimedOut, "no answer before the deadline");
                Err(Error::new("connect", &self.target, why))
            }),
            () = poll_fn(|cx| client.poll_broken(cx)) => {
                let why = client.socket_ref().broken_by();
                Err(client.failed("recv", why.unwrap_or_else(|| io::Error::from_raw_os_error(libc::ECONNRESET))))
            }
        }
    }
}

/// Joins a client with its target to the end of both. What goes wrong is a warning that names the socket it happened to.
pub(super) async fn join_legs(
    client: &ByteStream,
    target: &ByteStream,
    config: &JoinConfig,
    options: &[SocketOption],
    buffer: &RefCell<Vec<u8>>,
    events: &Events,
) -> Result<RelayEnd> {
    client.socket_ref().note_join(target.socket_ref());
    send_at_once(options, [client, target]);
    match join(client, target, config, buffer).await {
        Ok(JoinEnd::Done) => {
            tokio::join!(client.finish(buffer), target.finish(buffer));
            Ok(RelayEnd::Done)
        }
        Ok(JoinEnd::Idle(limit)) => {
            warn(events, client.socket_ref(), &idle_for(limit, client.socket_ref()));
            Ok(RelayEnd::Idle(limit))
        }
        Err(broken) => {
            let stream = if broken.side == Side::Client { client } else { target };
            warn(events, stream.socket_ref(), &broken.error);
            Err(broken.error)
        }
    }
}

/// Segments pass in the sizes they come in: held back here, an answer would wait for an acknowledgement that its receiver
/// delays (RFC 1122 4.2.3.2).
fn send_at_once(options: &[SocketOption], streams: [&ByteStream; 2]) {
    if options.iter().any(|option| matches!(option, SocketOption::NoDelay(_))) {
        return;
    }
    for socket in streams.map(ByteStream::socket_ref) {
        if socket.proto() == Proto::Tcp {
            socket.prefer(&SocketOption::NoDelay(true));
        }
    }
}

pub(super) fn idle_for(limit: Duration, socket: &Socket) -> Error {
    let why = io::Error::other(format!("no data for {}", Span(limit)));
    Error::new("idle timeout", socket.on(), why).about(Kind::Timeout)
}

pub(super) fn warn(events: &Events, socket: &Socket, error: &Error) {
    events.emit(Event::Warning { fault: socket.blame(error.fault()) });
}
