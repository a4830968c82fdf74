//! How a server verifies a client's certificate, where it demands one.

use super::verify_server::verify_pin;
use super::{Error, Pin, ServerOptions, Verified, pem, provider};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, SignatureScheme};
use std::sync::{Arc, OnceLock};

/// Which clients' certificates are accepted.
#[derive(Clone, Debug)]
pub(crate) enum ClientTrust {
    /// Those that the given roots vouch for.
    Ca(Arc<dyn ClientCertVerifier>),
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
        let (roots, _) = pem::roots(path)?;
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider::ring())
            .build()
            .map(|verifier| Some(Self::Ca(verifier)))
            .map_err(|e| Error::file(path, e))
    }

    pub(crate) fn verified(&self) -> Verified {
        match self {
            Self::Ca(_) => Verified::Ca,
            Self::Pins(_) => Verified::Pin,
        }
    }
}

/// Verifies the certificate of one connection, and keeps it where it is refused.
#[derive(Debug)]
pub(crate) struct ClientVerifier {
    trust: ClientTrust,
    refused: OnceLock<CertificateDer<'static>>,
}

impl ClientVerifier {
    pub(crate) fn new(trust: ClientTrust) -> Self {
        Self { trust, refused: OnceLock::new() }
    }

    /// The certificate that was refused.
    pub(crate) fn refused(&self) -> Option<&CertificateDer<'static>> {
        self.refused.get()
    }
}

impl ClientCertVerifier for ClientVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        match &self.trust {
            ClientTrust::Ca(roots) => roots.root_hint_subjects(),
            ClientTrust::Pins(_) => &[],
        }
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        match &self.trust {
            ClientTrust::Ca(roots) => roots.verify_client_cert(leaf, chain, now),
            ClientTrust::Pins(pins) => verify_pin(leaf, pins).map(|()| ClientCertVerified::assertion()),
        }
        .inspect_err(|_| _ = self.refused.set(leaf.clone().into_owned()))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = provider::ring().signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, leaf, signature, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = provider::ring().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, leaf, signature, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider::ring().signature_verification_algorithms.supported_schemes()
    }
}
