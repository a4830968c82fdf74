//! Certificates and private keys in PEM files.

use super::Error;
use rustls::RootCertStore;
use rustls::pki_types::pem::{self, SectionKind, SliceIter};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;

/// What a PEM file holds. Its private keys are never printed.
#[derive(Default)]
pub(crate) struct Sections {
    pub certificates: Vec<CertificateDer<'static>>,
    pub keys: Vec<PrivateKeyDer<'static>>,
    /// A key that needs a passphrase is there.
    pub encrypted_key: bool,
}

/// Reads every certificate and private key of a file.
pub(crate) fn read(path: &Path) -> Result<Sections, Error> {
    let bytes = std::fs::read(path).map_err(|e| Error::open(path, &e))?;
    let mut sections = Sections {
        encrypted_key: contains(&bytes, b"ENCRYPTED PRIVATE KEY")
            || contains(&bytes, b"Proc-Type: 4,ENCRYPTED"),
        ..Sections::default()
    };
    for section in SliceIter::<(SectionKind, Vec<u8>)>::new(&bytes) {
        match section.map_err(|e| Error::file(path, reason(&e)))? {
            (SectionKind::Certificate, der) => sections.certificates.push(der.into()),
            (SectionKind::PrivateKey, der) => sections.keys.push(PrivateKeyDer::Pkcs8(der.into())),
            (SectionKind::RsaPrivateKey, der) => sections.keys.push(PrivateKeyDer::Pkcs1(der.into())),
            (SectionKind::EcPrivateKey, der) => sections.keys.push(PrivateKeyDer::Sec1(der.into())),
            _ => {}
        }
    }
    if sections.certificates.is_empty() && sections.keys.is_empty() && !sections.encrypted_key {
        let der = bytes.starts_with(&[0x30, 0x82]);
        let why =
            if der { "it is DER, not PEM (convert it: openssl x509 -inform der)" } else { "not a PEM file" };
        return Err(Error::file(path, why));
    }
    Ok(sections)
}

/// The roots in a file, with the certificates themselves.
pub(crate) fn roots(path: &Path) -> Result<(RootCertStore, Vec<CertificateDer<'static>>), Error> {
    let certificates = read(path)?.certificates;
    if certificates.is_empty() {
        return Err(Error::file(path, "it contains no certificate"));
    }
    let mut store = RootCertStore::empty();
    for (at, certificate) in certificates.iter().enumerate() {
        store.add(certificate.clone()).map_err(|e| {
            Error::file(path, format!("certificate {}: {}", at + 1, super::explain::error(&e)))
        })?;
    }
    Ok((store, certificates))
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

/// What is wrong with a PEM file, without its content, which may be a key.
fn reason(error: &pem::Error) -> &'static str {
    match error {
        pem::Error::MissingSectionEnd { .. } => "a PEM section has no END line",
        pem::Error::IllegalSectionStart { .. } => "a BEGIN line is malformed",
        pem::Error::Base64Decode(_) => "a PEM section is not base64",
        _ => "not a PEM file",
    }
}
