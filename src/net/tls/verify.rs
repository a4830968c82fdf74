//! What both sides have of the verification of a peer's certificate.

use super::Pin;
use rustls::CertificateError;
use rustls::pki_types::CertificateDer;
use std::sync::OnceLock;

/// Verifies the certificate of one connection by `trust`, and keeps it where it is refused.
#[derive(Debug)]
pub(super) struct Verifier<T> {
    pub(super) trust: T,
    refused: OnceLock<CertificateDer<'static>>,
}

impl<T> Verifier<T> {
    pub(super) fn new(trust: T) -> Self {
        Self { trust, refused: OnceLock::new() }
    }

    /// The certificate that was refused.
    pub(super) fn refused(&self) -> Option<&CertificateDer<'static>> {
        self.refused.get()
    }

    /// Keeps the certificate `leaf` if the verdict on it is an error.
    pub(super) fn conclude<R>(
        &self,
        leaf: &CertificateDer<'_>,
        verdict: Result<R, rustls::Error>,
    ) -> Result<R, rustls::Error> {
        verdict.inspect_err(|_| _ = self.refused.set(leaf.clone().into_owned()))
    }
}

/// The certificate is one of `pins`. Its signature over the handshake is verified elsewhere, as ever.
pub(super) fn verify_pin(leaf: &CertificateDer<'_>, pins: &[Pin]) -> Result<(), rustls::Error> {
    if pins.contains(&Pin::of(leaf)) {
        return Ok(());
    }
    Err(rustls::Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
}

/// The methods of a verifier of either side that verify a signature over the handshake.
macro_rules! signature_methods {
    () => {
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            leaf: &CertificateDer<'_>,
            signature: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            let algorithms = provider::ring().signature_verification_algorithms;
            rustls::crypto::verify_tls12_signature(message, leaf, signature, &algorithms)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            leaf: &CertificateDer<'_>,
            signature: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            let algorithms = provider::ring().signature_verification_algorithms;
            rustls::crypto::verify_tls13_signature(message, leaf, signature, &algorithms)
        }

        fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
            provider::ring().signature_verification_algorithms.supported_schemes()
        }
    };
}
pub(super) use signature_methods;
