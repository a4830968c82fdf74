//! The certificate and private key of one's own side: from files, or made for this run.

use super::{Error, pem, provider};
use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// The time before its making from which a new certificate is valid: for peers whose clock is slow.
const BACKDATED: Duration = Duration::from_hours(24);
/// The time for which a new certificate is valid; it lives only as long as the process.
const VALID: Duration = Duration::from_hours(365 * 24);
/// The names of a new certificate if none is given.
const LOCAL: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The identity in `cert`, with the key in `key` or in the same file. The key is checked to be the certificate's.
pub(crate) fn load(cert: &Path, key: Option<&Path>) -> Result<Arc<CertifiedKey>, Error> {
    let own = pem::read(cert)?;
    if own.certificates.is_empty() {
        return Err(Error::file(cert, "it contains no certificate"));
    }
    let holder = key.unwrap_or(cert);
    let (keys, encrypted) = match key.map(pem::read).transpose()? {
        Some(other) => (other.keys, other.encrypted_key),
        None => (own.keys, own.encrypted_key),
    };
    let Some(private) = keys.into_iter().next() else {
        let why = match (encrypted, key) {
            (true, _) => "the private key is encrypted (decrypt it: openssl pkey)",
            (false, Some(_)) => "it contains no private key",
            (false, None) => "it contains no private key; give --tls-key",
        };
        return Err(Error::file(holder, why));
    };
    certify(own.certificates, private).map_err(|e| match e {
        rustls::Error::InconsistentKeys(_) => Error::file(
            holder,
            format!("the private key does not belong to the certificate in {}", cert.display()),
        ),
        rustls::Error::General(_) => {
            Error::file(holder, "unsupported private key (supported: RSA, ECDSA P-256 and P-384, Ed25519)")
        }
        other => Error::file(cert, super::explain::error(&other)),
    })
}

/// A self-signed certificate for `name`, or for this machine, with a new ECDSA P-256 key.
pub(crate) fn ephemeral(name: Option<&str>) -> Result<Arc<CertifiedKey>, Error> {
    let names: Vec<String> = match name {
        Some(name) => vec![name.to_owned()],
        None => LOCAL.map(str::to_owned).to_vec(),
    };
    let failed =
        |e: &dyn std::fmt::Display| Error::usage(format!("certificate for {}: {e}", names.join(", ")));
    let mut params = CertificateParams::new(names.clone()).map_err(|e| failed(&e))?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, names[0].clone());
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    let now = SystemTime::now();
    params.not_before = (now - BACKDATED).into();
    params.not_after = (now + VALID).into();
    let key = KeyPair::generate().map_err(|e| failed(&e))?;
    let certificate = params.self_signed(&key).map_err(|e| failed(&e))?;
    let private = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    certify(vec![certificate.der().clone()], private).map_err(|e| failed(&e))
}

fn certify(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<CertifiedKey>, rustls::Error> {
    CertifiedKey::from_der(chain, key, &provider::ring()).map(Arc::new)
}
