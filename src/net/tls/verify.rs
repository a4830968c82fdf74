//! What both sides have of the verification of a peer's certificate.

use super::Pin;
use jiff::Timestamp;
use rustls::CertificateError;
use rustls::pki_types::{CertificateDer, UnixTime};
use std::sync::OnceLock;
use std::time::Duration;

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

/// A certificate that the user gave as trusted needs no issuer, only the right time: the others of webpki's rules are about
/// certificates that another one vouches for.
pub(super) fn verify_dates(leaf: &CertificateDer<'_>, now: UnixTime) -> Result<(), rustls::Error> {
    let fields = super::Certificate::read(leaf);
    let at =
        |time: Timestamp| UnixTime::since_unix_epoch(Duration::from_secs(time.as_second().unsigned_abs()));
    let (Some(not_before), Some(not_after)) = (fields.not_before.map(at), fields.not_after.map(at)) else {
        return Err(CertificateError::BadEncoding.into());
    };
    if now < not_before {
        return Err(CertificateError::NotValidYetContext { time: now, not_before }.into());
    }
    if now > not_after {
        return Err(CertificateError::ExpiredContext { time: now, not_after }.into());
    }
    Ok(())
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
