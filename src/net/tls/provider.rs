//! The cryptography, passed explicitly, and the protocol versions.

use super::Version;
use rustls::SupportedProtocolVersion;
use rustls::crypto::CryptoProvider;
use rustls::version::{TLS12, TLS13};
use std::sync::{Arc, LazyLock};

/// `ring` with all of its cipher suites and groups; made once.
pub(crate) fn ring() -> Arc<CryptoProvider> {
    static RING: LazyLock<Arc<CryptoProvider>> =
        LazyLock::new(|| Arc::new(rustls::crypto::ring::default_provider()));
    Arc::clone(&RING)
}

/// The versions from `min` to `max`, of which at least one exists.
pub(crate) fn versions(min: Option<Version>, max: Option<Version>) -> Vec<&'static SupportedProtocolVersion> {
    match (min, max) {
        (Some(Version::Tls13), _) => vec![&TLS13],
        (_, Some(Version::Tls12)) => vec![&TLS12],
        _ => vec![&TLS13, &TLS12],
    }
}
