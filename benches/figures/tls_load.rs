//! TLS clients that come and go, 64 at once: handshake, `close_notify`, and the server's end. They verify nothing, so that
//! the server's work is most of what is measured.

use anyhow::{Context as _, Result, ensure};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio_rustls::TlsConnector;

/// Clients at once.
const CLIENTS: usize = 64;
/// Long beside start-up and scheduling noise, short enough for many rounds.
const SPAN: Duration = Duration::from_secs(2);

/// Accepts everything.
#[derive(Debug)]
struct Careless;

impl ServerCertVerifier for Careless {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}

/// Connections a second to 127.0.0.1:`port`.
pub fn generate(port: u16) -> Result<f64> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("versions")?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Careless))
        .with_no_client_auth();
    config.resumption = rustls::client::Resumption::disabled();
    let connector = TlsConnector::from(Arc::new(config));
    let runtime = Builder::new_current_thread().enable_all().build().context("start a runtime")?;
    runtime.block_on(async {
        let start = Instant::now();
        let clients: Vec<_> =
            (0..CLIENTS).map(|_| tokio::spawn(come_and_go(connector.clone(), port, start + SPAN))).collect();
        let mut done = 0;
        for client in clients {
            done += client.await.context("a client panicked")??;
        }
        ensure!(done > 0, "no handshake was done");
        Ok(f64::from(done) / start.elapsed().as_secs_f64())
    })
}

#[allow(clippy::disallowed_methods)] // the other end must not be made of the code that is measured
async fn come_and_go(connector: TlsConnector, port: u16, end: Instant) -> Result<u32> {
    let name = ServerName::try_from("localhost").context("a name")?;
    let mut done = 0;
    while Instant::now() < end {
        let plain = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.context("connect")?;
        let mut stream = connector.connect(name.clone(), plain).await.context("handshake")?;
        stream.shutdown().await.context("close_notify")?;
        // How the peer ends is its own matter.
        let _ = stream.read_to_end(&mut Vec::new()).await;
        done += 1;
    }
    Ok(done)
}
