//! The server's side of a handshake.

use super::keylog::KeyLogFile;
use super::verify::Verifier;
use super::verify_client::ClientTrust;
use super::wire::Wire;
use super::{
    BUFFER, Certificate, Error, Failure, Handshake, ServerOptions, Stream, Verified, close, identity,
    provider,
};
use rustls::ServerConfig;
use rustls::server::NoServerSessionStorage;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use std::sync::Arc;
use std::time::Instant;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

/// Makes TLS servers of connections. Cheap to clone.
#[derive(Clone)]
pub struct Acceptor {
    /// Shared by all connections where clients need no certificate.
    config: Arc<ServerConfig>,
    settings: Arc<Settings>,
}

struct Settings {
    own: Arc<CertifiedKey>,
    ephemeral: bool,
    clients: Option<ClientTrust>,
    keylog: Option<Arc<KeyLogFile>>,
    options: ServerOptions,
}

impl Acceptor {
    /// Reads the files that the options name; without a certificate it makes one.
    pub fn new(options: &ServerOptions) -> Result<Self, Error> {
        options.check()?;
        let own = match &options.cert {
            Some(cert) => identity::load(cert, options.key.as_deref())?,
            None => identity::ephemeral(options.name.as_deref())?,
        };
        let settings = Settings {
            own,
            ephemeral: options.cert.is_none(),
            clients: ClientTrust::load(options)?,
            keylog: options.keylog.as_deref().map(KeyLogFile::open).transpose()?.map(Arc::new),
            options: options.clone(),
        };
        let config = settings.config(None).map_err(|e| Error::usage(e.to_string()))?;
        Ok(Self { config: Arc::new(config), settings: Arc::new(settings) })
    }

    /// The server's certificate.
    #[must_use]
    pub fn certificate(&self) -> Certificate {
        Certificate::read(self.settings.own.cert.first().map_or(&[], |certificate| certificate.as_ref()))
    }

    /// The certificate was made for this run: it can be verified only by its fingerprint.
    #[must_use]
    pub fn is_ephemeral(&self) -> bool {
        self.settings.ephemeral
    }

    /// Performs the handshake on a connection. After a failure the connection is closed in order.
    pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
    ) -> Result<(Stream<S>, Handshake), Failure> {
        let start = Instant::now();
        let verifier = self.settings.clients.clone().map(|trust| Arc::new(Verifier::new(trust)));
        let config = match &verifier {
            Some(verifier) => match self.settings.config(Some(Arc::clone(verifier))) {
                Ok(config) => Arc::new(config),
                Err(error) => return Err(Failure::explain(std::io::Error::other(error), &[], true, None)),
            },
            None => Arc::clone(&self.config),
        };
        let accepting = TlsAcceptor::from(config)
            .accept_with(Wire::new(stream), |tls| tls.set_buffer_limit(Some(BUFFER)))
            .into_fallible();
        match accepting.await {
            Ok(stream) => {
                let state = stream.get_ref().1;
                let by = self.settings.clients.as_ref().map_or(Verified::None, ClientTrust::verified);
                let facts = Handshake::of(state, state.server_name(), by, start.elapsed());
                Ok((Stream::new(stream), facts))
            }
            Err((error, mut wire)) => {
                close::linger(&mut wire).await;
                let refused = verifier.as_ref().and_then(|verifier| verifier.refused());
                Err(Failure::explain(error, wire.first(), true, refused))
            }
        }
    }

    /// A secret could not be written to the key log.
    #[must_use]
    pub fn keylog_failed(&self) -> bool {
        self.settings.keylog.as_ref().is_some_and(|file| file.failed())
    }
}

impl Settings {
    fn config(&self, clients: Option<Arc<Verifier<ClientTrust>>>) -> Result<ServerConfig, rustls::Error> {
        let builder = ServerConfig::builder_with_provider(provider::ring())
            .with_protocol_versions(&provider::versions(self.options.min, self.options.max))?;
        let builder = match clients {
            Some(verifier) => builder.with_client_cert_verifier(verifier),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(&self.own))));
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.alpn_protocols = self.options.alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        if let Some(file) = &self.keylog {
            config.key_log = Arc::clone(file) as _;
        }
        Ok(config)
    }
}
