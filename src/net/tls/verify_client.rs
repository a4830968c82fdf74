//! How a server verifies a client's certificate, where it demands one.

use super::verify::{Verifier, signature_methods, verify_dates, verify_pin};
use super::{Error, Pin, ServerOptions, Verified, pem, provider};
use rustls::DistinguishedName;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use std::sync::Arc;

/// Which clients' certificates are accepted.
#[derive(Clone, Debug)]
pub(crate) enum ClientTrust {
    /// Those that the given certificates vouch for, and these themselves.
    Ca(Arc<dyn ClientCertVerifier>, Arc<[CertificateDer<'static>]>),
    /// Exactly these.
    Pins(Arc<[Pin]>),
}

impl ClientTrust {
    /// None where the server demands no certificate.
    pub(crate) fn load(options: &ServerOptions) -> Result<Option<Self>, Error> {
        if !options.pins.is_empty() {
            return Ok(Some(Self::Pins(options.pins.as_slice().into())));
        }
        let Some(path) = &options.client_ca else { return Ok(None) };
        let (roots, given) = pem::roots(path)?;
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider::ring())
            .build()
            .map(|verifier| Some(Self::Ca(verifier, given.into())))
            .map_err(|e| Error::file(path, e))
    }

    pub(crate) fn verified(&self) -> Verified {
        match self {
            Self::Ca(..) => Verified::Ca,
            Self::Pins(_) => Verified::Pin,
        }
    }
}

impl ClientCertVerifier for Verifier<ClientTrust> {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        match &self.trust {
            ClientTrust::Ca(roots, _) => roots.root_hint_subjects(),
            ClientTrust::Pins(_) => &[],
        }
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let verdict = match &self.trust {
            ClientTrust::Ca(_, given) if given.contains(leaf) => {
                verify_dates(leaf, now).map(|()| ClientCertVerified::assertion())
            }
            ClientTrust::Ca(roots, _) => roots.verify_client_cert(leaf, chain, now),
            ClientTrust::Pins(pins) => verify_pin(leaf, pins).map(|()| ClientCertVerified::assertion()),
        };
        self.conclude(leaf, verdict)
    }

    signature_methods!();
}
