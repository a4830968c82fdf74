//! The errors of rustls in words.

use super::{Certificate, sniff};
use crate::text::shorten::{shorten, some_of};
use jiff::Timestamp;
use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible};

/// An alert's name as in RFC 8446, section 6: `unknown_ca`.
pub(crate) fn alert_name(alert: AlertDescription) -> String {
    let Some(name) = alert.as_str() else { return format!("alert {}", u8::from(alert)) };
    let letters: Vec<char> = name.replace("ised", "ized").chars().collect();
    let mut out = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let follows_lower = at > 0 && letters[at - 1].is_lowercase();
        let starts_word = at > 0 && letters.get(at + 1).is_some_and(|next| next.is_lowercase());
        if letter.is_uppercase() && (follows_lower || starts_word) {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

/// The alert that an error makes us send, where that is certain.
pub(crate) fn sent_alert(error: &Error) -> Option<AlertDescription> {
    match error {
        Error::InvalidCertificate(reason) => Some(AlertDescription::from(reason.clone())),
        Error::NoCertificatesPresented => Some(AlertDescription::CertificateRequired),
        Error::NoApplicationProtocol => Some(AlertDescription::NoApplicationProtocol),
        _ => None,
    }
}

/// What an error of the protocol means.
pub(crate) fn error(error: &Error) -> String {
    match error {
        Error::AlertReceived(alert) => received(*alert),
        Error::InvalidCertificate(reason) => certificate(reason, None),
        Error::NoCertificatesPresented => "the peer presented no certificate".to_owned(),
        Error::NoApplicationProtocol => "no application protocol (ALPN) in common".to_owned(),
        Error::PeerIncompatible(reason) => incompatible(reason),
        Error::DecryptError => "a record failed to decrypt: it was modified in transit".to_owned(),
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "the peer sent data that is not TLS".to_owned()
        }
        other => other.to_string(),
    }
}

fn received(alert: AlertDescription) -> String {
    let name = alert_name(alert);
    let meaning = match alert {
        AlertDescription::HandshakeFailure => "no cipher, group or certificate in common",
        AlertDescription::ProtocolVersion => "no TLS version in common",
        AlertDescription::UnknownCA => "it does not know the issuer of our certificate",
        AlertDescription::BadCertificate | AlertDescription::CertificateUnknown => {
            "it does not accept our certificate"
        }
        AlertDescription::CertificateExpired => "our certificate has expired",
        AlertDescription::CertificateRequired | AlertDescription::NoCertificate => {
            "it demands a client certificate; give --tls-cert"
        }
        AlertDescription::UnrecognisedName => "it does not serve the requested name",
        AlertDescription::NoApplicationProtocol => "no application protocol (ALPN) in common",
        _ => return format!("the peer sent the alert {name}"),
    };
    format!("the peer sent the alert {name}: {meaning}")
}

fn incompatible(reason: &PeerIncompatible) -> String {
    match reason {
        PeerIncompatible::NoCipherSuitesInCommon => "no cipher suite in common",
        PeerIncompatible::NoKxGroupsInCommon
        | PeerIncompatible::NamedGroupsExtensionRequired
        | PeerIncompatible::NoEcPointFormatsInCommon => "no key exchange group in common",
        PeerIncompatible::NoSignatureSchemesInCommon
        | PeerIncompatible::NoCertificateRequestSignatureSchemesInCommon
        | PeerIncompatible::SignatureAlgorithmsExtensionRequired => "no signature scheme in common",
        PeerIncompatible::ServerDoesNotSupportTls12Or13 | PeerIncompatible::Tls12NotOffered => {
            "the peer speaks neither TLS 1.2 nor 1.3"
        }
        PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
        | PeerIncompatible::SupportedVersionsExtensionRequired
        | PeerIncompatible::Tls12NotOfferedOrEnabled => "no TLS version in common",
        other => return format!("the peer is incompatible: {other:?}"),
    }
    .to_owned()
}

/// What is wrong with the certificate `leaf`.
pub(crate) fn certificate(reason: &CertificateError, leaf: Option<&Certificate>) -> String {
    match reason {
        CertificateError::NotValidForNameContext { expected, .. } => {
            let names = leaf.map(|leaf| leaf.names.as_slice()).filter(|names| !names.is_empty());
            let names = names.map_or_else(|| "no name".to_owned(), some_of);
            format!("the certificate is for {names}, not for {}", expected.to_str())
        }
        CertificateError::UnknownIssuer => match leaf {
            Some(leaf) if leaf.is_self_issued() => {
                format!("the certificate ({}) is self-signed and not trusted", short(&leaf.subject))
            }
            Some(leaf) => {
                format!("no trusted root issued the certificate; its issuer is {}", short(&leaf.issuer))
            }
            None => "no trusted root issued the certificate".to_owned(),
        },
        // A root that has the issuer's name but another key.
        CertificateError::BadSignature
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => match leaf {
            Some(leaf) if leaf.is_self_issued() => certificate(&CertificateError::UnknownIssuer, Some(leaf)),
            Some(leaf) => format!("the certificate is not signed by its issuer, {}", short(&leaf.issuer)),
            None => "the certificate is not signed by its issuer".to_owned(),
        },
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("the certificate expired on {}", date(*not_after))
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("the certificate is valid only from {}", date(*not_before))
        }
        CertificateError::ApplicationVerificationFailure => match leaf {
            Some(leaf) => {
                format!("the certificate is not the pinned one; its fingerprint is {}", leaf.fingerprint)
            }
            None => "the certificate is not the pinned one".to_owned(),
        },
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "the certificate is not for this purpose (extended key usage)".to_owned()
        }
        CertificateError::BadEncoding => "the certificate is malformed".to_owned(),
        CertificateError::Revoked => "the certificate is revoked".to_owned(),
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            match leaf {
                // As `openssl req -x509` makes it.
                Some(leaf) if leaf.is_self_issued() => {
                    certificate(&CertificateError::UnknownIssuer, Some(leaf))
                }
                _ => "the certificate is that of a certificate authority, not of a server".to_owned(),
            }
        }
        other => format!("the certificate is not valid: {other}"),
    }
}

/// What a peer sent that is not TLS, in words; None where it is.
pub(crate) fn plaintext(first: &[u8], server: bool) -> Option<String> {
    if first.is_empty() || sniff::is_record(first) {
        return None;
    }
    if sniff::is_ssl2_hello(first) {
        return Some("the peer sent an SSL 2.0 handshake".to_owned());
    }
    let peer = if server { "the client" } else { "the server" };
    Some(format!("{peer} does not speak TLS: its first bytes are {}", sniff::quoted(first)))
}

/// A distinguished name in a sentence.
fn short(name: &str) -> String {
    shorten(name, 80)
}

fn date(time: UnixTime) -> String {
    let second = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(second).map_or_else(|_| second.to_string(), |time| time.to_string())
}
