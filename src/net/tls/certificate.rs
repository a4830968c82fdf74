//! The fields of a certificate that people and programs are shown (RFC 5280).
//!
//! Nothing is decided by them: verification is webpki's. What cannot be read is left out.

use super::Pin;
use super::der::{self, Element, Elements};
use crate::event::TlsFields;
use jiff::Timestamp;
use std::net::IpAddr;

/// The contents of a certificate, and its fingerprint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Whom it names, in the form of RFC 4514: `CN=example.org,O=Example`.
    pub subject: String,
    /// The issuer, in the same form.
    pub issuer: String,
    /// The subject's alternative names: DNS names, addresses, mail addresses, URIs.
    pub names: Vec<String>,
    /// Valid from.
    pub not_before: Option<Timestamp>,
    /// Valid until.
    pub not_after: Option<Timestamp>,
    /// The SHA-256 of the whole certificate.
    pub fingerprint: Pin,
}

impl Certificate {
    /// Reads the fields of a certificate in DER form.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        let mut read = Self {
            subject: String::new(),
            issuer: String::new(),
            names: Vec::new(),
            not_before: None,
            not_after: None,
            fingerprint: Pin::of(bytes),
        };
        let to_be_signed = Elements(bytes).next().and_then(|certificate| certificate.inner().next());
        if let Some(fields) = to_be_signed {
            read.fill(fields.inner());
        }
        read
    }

    /// The fields of the event `tls` that are of a certificate; a name it does not have is absent.
    #[must_use]
    pub fn fields(&self) -> TlsFields {
        let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        TlsFields {
            subject: said(&self.subject),
            issuer: said(&self.issuer),
            names: self.names.clone(),
            not_after: self.not_after.map(|time| time.to_string()),
            fingerprint: Some(self.fingerprint.to_string()),
            ..TlsFields::default()
        }
    }

    /// It names its own issuer.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// version `[0]`, serial, algorithm, issuer, validity, subject, key, then optional parts up to the extensions `[3]`.
    fn fill(&mut self, mut fields: Elements<'_>) -> Option<()> {
        fields.next_if(0xa0);
        let (_serial, _algorithm) = (fields.next()?, fields.next()?);
        self.issuer = distinguished_name(fields.next()?);
        let mut validity = fields.next()?.inner();
        self.not_before = validity.next()?.time();
        self.not_after = validity.next()?.time();
        self.subject = distinguished_name(fields.next()?);
        let extensions = fields.find(|field| field.tag == 0xa3)?.inner().next()?;
        self.names = extensions.inner().filter_map(alternative_names).flatten().collect();
        Some(())
    }
}

/// The names of an extension if it is subjectAltName (2.5.29.17).
fn alternative_names(extension: Element<'_>) -> Option<Vec<String>> {
    let mut parts = extension.inner();
    let id = parts.next_if(der::OID)?;
    if id.content != [0x55, 0x1d, 0x11] {
        return None;
    }
    parts.next_if(der::BOOLEAN);
    let names = parts.next_if(der::OCTETS)?.inner().next_if(der::SEQUENCE)?;
    Some(names.inner().filter_map(general_name).collect())
}

/// rfc822Name `[1]`, dNSName `[2]`, uniformResourceIdentifier `[6]`, iPAddress `[7]`.
fn general_name(name: Element<'_>) -> Option<String> {
    match (name.tag, name.content.len()) {
        (0x81 | 0x82 | 0x86, _) => Some(name.text()),
        (0x87, 4) => Some(IpAddr::from(<[u8; 4]>::try_from(name.content).ok()?).to_string()),
        (0x87, 16) => Some(IpAddr::from(<[u8; 16]>::try_from(name.content).ok()?).to_string()),
        _ => None,
    }
}

/// A sequence of sets of attributes, the last first (RFC 4514).
fn distinguished_name(name: Element<'_>) -> String {
    let mut sets: Vec<String> =
        name.inner().map(|set| set.inner().filter_map(attribute).collect::<Vec<_>>().join("+")).collect();
    sets.reverse();
    sets.join(",")
}

fn attribute(pair: Element<'_>) -> Option<String> {
    let mut parts = pair.inner();
    let (kind, value) = (parts.next_if(der::OID)?, parts.next()?);
    let short = match kind.content {
        [0x55, 0x04, 0x03] => "CN",
        [0x55, 0x04, 0x05] => "serialNumber",
        [0x55, 0x04, 0x06] => "C",
        [0x55, 0x04, 0x07] => "L",
        [0x55, 0x04, 0x08] => "ST",
        [0x55, 0x04, 0x0a] => "O",
        [0x55, 0x04, 0x0b] => "OU",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01] => "emailAddress",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19] => "DC",
        _ => return Some(format!("{}={}", kind.oid(), escaped(&value.text()))),
    };
    Some(format!("{short}={}", escaped(&value.text())))
}

/// A value that cannot be mistaken for the start of another attribute (RFC 4514, 2.4).
fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for (at, c) in value.char_indices() {
        if matches!(c, '"' | '+' | ',' | ';' | '<' | '>' | '\\') || (at == 0 && matches!(c, ' ' | '#')) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_certificates_are_read_as_far_as_they_go() {
        let names = ["a.example".to_owned(), "::1".to_owned(), "10.0.0.1".to_owned()];
        let whole = rcgen::generate_simple_self_signed(names.clone()).unwrap().cert.der().to_vec();
        let read = Certificate::read(&whole);
        assert_eq!(read.names, names);
        assert_eq!((read.subject.as_str(), read.is_self_issued()), ("CN=rcgen self signed cert", true));
        for at in 0..whole.len() {
            _ = Certificate::read(&whole[..at]);
            for bits in [0x01, 0x80, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] ^= bits;
                _ = Certificate::read(&damaged);
            }
        }
    }

    #[test]
    fn a_value_cannot_pretend_to_be_an_attribute() {
        assert_eq!(escaped("x,O=Bank"), "x\\,O=Bank");
        assert_eq!(escaped("#a \\"), "\\#a \\\\");
    }
}
