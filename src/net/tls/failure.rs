//! Why a handshake failed.

use super::{Certificate, Pin, explain, sniff};
use crate::event::TlsFields;
use rustls::InvalidMessage;
use rustls::pki_types::CertificateDer;
use std::fmt;
use std::io;

/// A handshake that failed: its text and its event.
#[derive(Debug)]
pub struct Failure {
    /// What it is about.
    pub kind: FailureKind,
    /// One line without the address.
    pub text: String,
    /// The alert that ended it, sent or received.
    pub alert: Option<Alert>,
    /// The certificate that was refused.
    pub refused: Option<Box<Certificate>>,
    source: io::Error,
}

/// What a [`Failure`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The peer's certificate, or its lack.
    Certificate,
    /// The peer does not speak TLS.
    Plaintext,
    /// The peer sent a fatal alert.
    Alert,
    /// Nothing in common, or a violation of the protocol.
    Protocol,
    /// The peer closed the connection before the end of the handshake.
    Closed,
    /// The connection broke: [`Failure::io`] has the errno.
    Io,
}

/// An alert of TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Who sent it.
    pub direction: Direction,
    /// Its name in RFC 8446: `unknown_ca`.
    pub name: String,
}

/// A direction as seen from this side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the peer.
    In,
    /// To the peer.
    Out,
}

impl Failure {
    /// Explains `source`, by which a handshake ended, after the peer had sent `first`.
    pub(crate) fn explain(
        source: io::Error,
        first: &[u8],
        server: bool,
        refused: Option<&CertificateDer<'_>>,
    ) -> Self {
        let refused = refused.map(|leaf| Box::new(Certificate::read(leaf)));
        let tls = source.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        let (kind, text) = match tls {
            Some(error) => protocol(error, first, server, refused.as_deref()),
            None => broken(&source, first, server),
        };
        let alert = tls.and_then(|error| match error {
            rustls::Error::AlertReceived(alert) => Some((Direction::In, *alert)),
            other => explain::sent_alert(other).map(|alert| (Direction::Out, alert)),
        });
        let alert = alert.map(|(direction, alert)| Alert { direction, name: explain::alert_name(alert) });
        Self { kind, text, alert, refused, source }
    }

    /// The fingerprint by which the refused certificate could be pinned; None where the one given differs.
    #[must_use]
    pub fn pin(&self) -> Option<Pin> {
        let mismatch = rustls::CertificateError::ApplicationVerificationFailure;
        let pinned =
            matches!(self.tls(), Some(rustls::Error::InvalidCertificate(reason)) if *reason == mismatch);
        self.refused.as_ref().filter(|_| !pinned).map(|leaf| leaf.fingerprint)
    }

    /// The error below, with its errno if the connection broke.
    #[must_use]
    pub fn io(&self) -> &io::Error {
        &self.source
    }

    /// The advice that goes after the error: how to trust the certificate that was refused.
    #[must_use]
    pub fn advice(&self) -> Option<String> {
        self.pin().map(|pin| format!("to trust this certificate, type --tls-pin {pin}"))
    }

    /// The fields of the event `tls`: the certificate that was refused, and why.
    #[must_use]
    pub fn fields(&self) -> TlsFields {
        let certificate = self.refused.as_ref().map(|leaf| leaf.fields());
        let reason = self
            .alert
            .as_ref()
            .map_or_else(|| self.text.clone(), |alert| format!("{}: {}", alert.name, self.text));
        TlsFields { reason: Some(reason), ..certificate.unwrap_or_default() }
    }

    fn tls(&self) -> Option<&rustls::Error> {
        self.source.get_ref().and_then(|inner| inner.downcast_ref())
    }
}

fn protocol(
    error: &rustls::Error,
    first: &[u8],
    server: bool,
    refused: Option<&Certificate>,
) -> (FailureKind, String) {
    use rustls::Error as E;
    if let (E::InvalidMessage(_), Some(text)) = (error, explain::plaintext(first, server)) {
        return (FailureKind::Plaintext, text);
    }
    match error {
        E::InvalidCertificate(reason) => (FailureKind::Certificate, explain::certificate(reason, refused)),
        E::NoCertificatesPresented => {
            (FailureKind::Certificate, "the client presented no certificate".to_owned())
        }
        E::PeerIncompatible(_)
            if server && sniff::hello_version(first).is_some_and(|version| version < 0x0303) =>
        {
            (FailureKind::Protocol, "no TLS version in common: the client speaks at most TLS 1.1".to_owned())
        }
        E::AlertReceived(_) => (FailureKind::Alert, explain::error(error)),
        E::InappropriateHandshakeMessage { .. } | E::InvalidMessage(InvalidMessage::UnexpectedMessage(_))
            if !server && sniff::is_client_hello(first) =>
        {
            let text = "the server sent a ClientHello: it is a TLS client too, or an echo".to_owned();
            (FailureKind::Plaintext, text)
        }
        other => (FailureKind::Protocol, explain::error(other)),
    }
}

fn broken(source: &io::Error, first: &[u8], server: bool) -> (FailureKind, String) {
    if source.kind() != io::ErrorKind::UnexpectedEof {
        let text = source.to_string();
        return (FailureKind::Io, text.split(" (os error ").next().unwrap_or(&text).to_owned());
    }
    if let Some(text) = explain::plaintext(first, server) {
        return (FailureKind::Plaintext, text);
    }
    let text = if first.is_empty() {
        "the peer closed the connection before the handshake"
    } else {
        "the peer closed the connection during the handshake"
    };
    (FailureKind::Closed, text.to_owned())
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}
