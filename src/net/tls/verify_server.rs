//! How a client verifies the server's certificate.

use super::verify::{Verifier, signature_methods, verify_dates, verify_pin};
use super::{ClientOptions, Error, Pin, Verified, pem, provider};
use rustls::RootCertStore;
use rustls::client::danger::{ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use std::sync::Arc;

/// Which certificates are accepted.
#[derive(Debug)]
pub(crate) enum Trust {
    /// Those that the system's roots vouch for.
    System(Arc<WebPkiServerVerifier>),
    /// Those that the given certificates vouch for, and these themselves.
    Ca(Arc<WebPkiServerVerifier>, Vec<CertificateDer<'static>>),
    /// Exactly these.
    Pins(Vec<Pin>),
    /// Any.
    Nothing,
}

impl Trust {
    pub(crate) fn load(options: &ClientOptions) -> Result<Self, Error> {
        if options.insecure {
            return Ok(Self::Nothing);
        }
        if !options.pins.is_empty() {
            return Ok(Self::Pins(options.pins.clone()));
        }
        let Some(path) = &options.ca else { return Ok(Self::System(verifier(system_roots()?)?)) };
        let (roots, given) = pem::roots(path)?;
        Ok(Self::Ca(verifier(roots)?, given))
    }

    pub(crate) fn verified(&self) -> Verified {
        match self {
            Self::System(_) => Verified::System,
            Self::Ca(..) => Verified::Ca,
            Self::Pins(_) => Verified::Pin,
            Self::Nothing => Verified::None,
        }
    }
}

impl ServerCertVerifier for Verifier<Arc<Trust>> {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verdict = match &*self.trust {
            Trust::Ca(_, given) if given.contains(leaf) => verify_given(leaf, name, now),
            Trust::System(roots) | Trust::Ca(roots, _) => {
                roots.verify_server_cert(leaf, chain, name, ocsp, now)
            }
            Trust::Pins(pins) => verify_pin(leaf, pins).map(|()| ServerCertVerified::assertion()),
            Trust::Nothing => Ok(ServerCertVerified::assertion()),
        };
        self.conclude(leaf, verdict)
    }

    signature_methods!();
}

/// A certificate that the user gave as trusted needs no issuer, only the right name and time. webpki accepts no
/// self-signed one that is marked as a CA, which is what `openssl req -x509` makes.
fn verify_given(
    leaf: &CertificateDer<'_>,
    name: &ServerName<'_>,
    now: UnixTime,
) -> Result<ServerCertVerified, rustls::Error> {
    verify_server_name(&ParsedCertificate::try_from(leaf)?, name)?;
    verify_dates(leaf, now)?;
    Ok(ServerCertVerified::assertion())
}

fn system_roots() -> Result<RootCertStore, Error> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (usable, _) = roots.add_parsable_certificates(found.certs);
    if usable > 0 {
        return Ok(roots);
    }
    let why = found.errors.first().map(|e| format!(" ({e})")).unwrap_or_default();
    Err(Error::system(format!(
        "no root certificates on this system{why}; install ca-certificates, or give --tls-ca or --tls-pin"
    )))
}

fn verifier(roots: RootCertStore) -> Result<Arc<WebPkiServerVerifier>, Error> {
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider::ring())
        .build()
        .map_err(|e| Error::system(format!("root certificates: {e}")))
}
