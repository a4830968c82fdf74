//! How a client's stream is opened: the race over the addresses of a name, then what the stream passes through before its
//! first byte (a proxy, TLS). Every engine that connects uses it, for one target or for many.

use super::proxy_client::ProxyClient;
use super::tls::TlsClient;
use crate::event::Address;
use crate::net::address::Target;
use crate::net::connect::Connector;
use crate::net::resolve::{Lookup, ResolveLimits, resolve_target};
use crate::net::source::{Source, reachable};
use crate::net::stream::ByteStream;
use crate::net::tap::Taps;
use crate::sys::Result;
use crate::sys::options::SocketOption;
use crate::sys::socket::SocketFactory;
use std::rc::Rc;
use std::time::Instant;

/// How streams are opened.
pub struct Opening {
    /// Set on every socket.
    pub options: Vec<SocketOption>,
    /// The local end.
    pub source: Option<Source>,
    /// How names are looked up.
    pub lookup: Lookup,
    /// The proxy that connects to the target.
    pub proxy: Option<ProxyClient>,
    /// TLS over the connection.
    pub tls: Option<TlsClient>,
    /// Watches or slows the bytes, inside TLS.
    pub taps: Option<Rc<Taps>>,
}

impl Opening {
    /// Opens a stream to `target` in the runtime this is called in; dropping the future gives it up.
    ///
    /// `deadline` bounds what follows the connection; the caller bounds the whole.
    pub async fn open(
        &self,
        target: &Target,
        sockets: &SocketFactory,
        deadline: Option<Instant>,
    ) -> Result<ByteStream> {
        self.open_with(target, sockets, deadline, async |_: &ByteStream| Ok(())).await
    }

    /// As [`Self::open`]; `begin` sends what `target` gets before anything else.
    pub async fn open_with(
        &self,
        target: &Target,
        sockets: &SocketFactory,
        deadline: Option<Instant>,
        begin: impl AsyncFnOnce(&ByteStream) -> Result<()>,
    ) -> Result<ByteStream> {
        let connector = self.connector(sockets);
        let stream = if let Some(proxy) = &self.proxy {
            proxy.open(target, &connector, self.lookup, deadline).await?
        } else {
            let found = resolve_target(self.lookup, target, sockets.events()).await?;
            connector.connect_before(target, &reachable(self.source, found), deadline).await?
        };
        begin(&stream).await?;
        self.pass_through(target, stream, deadline).await
    }

    /// The handshakes between a connection and the first byte of `target`.
    pub async fn pass_through(
        &self,
        target: &Target,
        stream: ByteStream,
        deadline: Option<Instant>,
    ) -> Result<ByteStream> {
        let stream = match &self.tls {
            Some(tls) => tls.secure(target, stream, deadline).await?,
            None => stream,
        };
        Ok(stream.tapped(self.taps.as_deref()))
    }

    /// Whether the bytes of the stream are those of its socket, so that a thread may relay them by splice(2).
    #[must_use]
    pub const fn is_plain(&self) -> bool {
        let is_https = matches!(&self.proxy, Some(ProxyClient { tls: Some(_), .. }));
        self.tls.is_none() && self.taps.is_none() && !is_https
    }

    /// Every address to connect to for `target`, looked up within `limits`.
    pub fn addresses(
        &self,
        target: &Target,
        limits: ResolveLimits<'_>,
        sockets: &SocketFactory,
    ) -> Result<Vec<Address>> {
        let found = limits.resolve_target(self.lookup, target, sockets.events())?;
        Ok(reachable(self.source, found))
    }

    /// What opens the connections.
    #[must_use]
    pub fn connector<'a>(&'a self, sockets: &'a SocketFactory) -> Connector<'a> {
        Connector { sockets, options: &self.options, source: self.source }
    }
}
