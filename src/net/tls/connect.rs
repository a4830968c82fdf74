//! The client's side of a handshake.

use super::keylog::KeyLogFile;
use super::verify::Verifier;
use super::verify_server::Trust;
use super::wire::Wire;
use super::{BUFFER, ClientOptions, Error, Failure, Handshake, Stream, close, identity, provider};
use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::pki_types::{DnsName, ServerName};
use rustls::sign::SingleCertAndKey;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Instant;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

/// Makes TLS clients of connections.
#[derive(Clone)]
pub struct Connector {
    config: ClientConfig,
    trust: Arc<Trust>,
    name: Option<String>,
    keylog: Option<Arc<KeyLogFile>>,
}

impl Connector {
    /// Reads the files that the options name, and the system's roots if they are wanted.
    pub fn new(options: &ClientOptions) -> Result<Self, Error> {
        options.check()?;
        let trust = Arc::new(Trust::load(options)?);
        let builder = ClientConfig::builder_with_provider(provider::ring())
            .with_protocol_versions(&provider::versions(options.min, options.max))
            .map_err(|e| Error::usage(e.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Verifier::new(Arc::clone(&trust))));
        let mut config = match &options.cert {
            Some(cert) => {
                let own = identity::load(cert, options.key.as_deref())?;
                builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(own)))
            }
            None => builder.with_no_client_auth(),
        };
        config.resumption = Resumption::disabled();
        config.alpn_protocols = options.alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        let keylog = options.keylog.as_deref().map(KeyLogFile::open).transpose()?.map(Arc::new);
        if let Some(file) = &keylog {
            config.key_log = Arc::clone(file) as _;
        }
        Ok(Self { config, trust, name: options.name.clone(), keylog })
    }

    /// The same rules for a connection that NATS makes.
    #[cfg(feature = "nats")]
    pub(in crate::net) fn configure(&self, nats: async_nats::ConnectOptions) -> async_nats::ConnectOptions {
        nats.tls_client_config(self.config.clone())
    }

    /// The name to send and to verify for a target: that of the options, or the target's host. A target without a host, as a
    /// UNIX socket's path, needs one unless no name is verified.
    pub fn name(&self, host: Option<&str>) -> Result<ServerName<'static>, Error> {
        let by_name = matches!(*self.trust, Trust::System(_) | Trust::Ca(..));
        match self.name.as_deref().or(host) {
            Some(name) => server_name(name),
            None if by_name => Err(Error::usage("the target has no name to verify: give --tls-name")),
            None => Ok(ServerName::IpAddress(IpAddr::V4(Ipv4Addr::UNSPECIFIED).into())), // an address is never sent
        }
    }

    /// Performs the handshake on a connection. After a failure the connection is closed in order.
    pub async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        name: ServerName<'static>,
        stream: S,
    ) -> Result<(Stream<S>, Handshake), Failure> {
        let start = Instant::now();
        let verifier = Arc::new(Verifier::new(Arc::clone(&self.trust)));
        let mut config = self.config.clone();
        config.dangerous().set_certificate_verifier(Arc::clone(&verifier) as _);
        let sni = match &name {
            ServerName::DnsName(name) => Some(name.as_ref().to_owned()),
            _ => None,
        };
        let connecting = TlsConnector::from(Arc::new(config))
            .connect_with(name, Wire::new(stream), |tls| tls.set_buffer_limit(Some(BUFFER)))
            .into_fallible();
        match connecting.await {
            Ok(stream) => {
                let state = stream.get_ref().1;
                let facts = Handshake::of(state, sni.as_deref(), self.trust.verified(), start.elapsed());
                Ok((Stream::new(stream), facts))
            }
            Err((error, mut wire)) => {
                close::linger(&mut wire).await;
                Err(Failure::explain(error, wire.first(), false, verifier.refused()))
            }
        }
    }

    /// A secret could not be written to the key log.
    #[must_use]
    pub fn keylog_failed(&self) -> bool {
        self.keylog.as_ref().is_some_and(|file| file.failed())
    }
}

/// A host as a certificate names it: without the root's dot, an address without brackets and zone.
fn server_name(host: &str) -> Result<ServerName<'static>, Error> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    let address = bare.split('%').next().unwrap_or(bare);
    if let Ok(address) = address.parse::<IpAddr>() {
        return Ok(ServerName::IpAddress(address.into()));
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    match DnsName::try_from(name.to_owned()) {
        Ok(name) => Ok(ServerName::DnsName(name)),
        Err(_) => {
            Err(Error::usage(format!("`{host}` is not a name that a certificate can hold; give --tls-name")))
        }
    }
}
