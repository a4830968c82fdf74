//! The facts of a finished handshake, for the event `tls`.

use super::Certificate;
use crate::event::{TlsFields, Verified};
use rustls::{CommonState, ProtocolVersion};
use std::time::Duration;

/// What both ends agreed on, and who the peer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// `1.2` or `1.3`.
    pub version: &'static str,
    /// The cipher suite's IANA name: `TLS_AES_256_GCM_SHA384`.
    pub cipher: String,
    /// The key exchange group's IANA name: `X25519`.
    pub group: Option<&'static str>,
    /// The application protocol.
    pub alpn: Option<String>,
    /// The name that the client sent.
    pub sni: Option<String>,
    /// The peer's certificate: always the server's, the client's where the server demanded one.
    pub peer: Option<Certificate>,
    /// What the peer's certificate was verified by.
    pub verified: Verified,
    /// From the first byte to the end of the handshake.
    pub duration: Duration,
}

impl Handshake {
    pub(crate) fn of(state: &CommonState, sni: Option<&str>, verified: Verified, duration: Duration) -> Self {
        let suite =
            state.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str()).unwrap_or("unknown");
        Self {
            version: match state.protocol_version() {
                Some(ProtocolVersion::TLSv1_3) => "1.3",
                _ => "1.2", // the other version that is compiled in
            },
            cipher: suite.replacen("TLS13_", "TLS_", 1),
            group: state.negotiated_key_exchange_group().and_then(|group| group.name().as_str()),
            alpn: state.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
            sni: sni.map(str::to_owned),
            peer: state
                .peer_certificates()
                .and_then(|chain| chain.first())
                .map(|leaf| Certificate::read(leaf)),
            verified,
            duration,
        }
    }

    /// The fields of the event `tls`.
    #[must_use]
    pub fn fields(&self) -> TlsFields {
        let mut fields = self.peer.as_ref().map(Certificate::fields).unwrap_or_default();
        fields.version = Some(self.version.to_owned());
        fields.cipher = Some(self.cipher.clone());
        fields.group = self.group.map(str::to_owned);
        fields.alpn.clone_from(&self.alpn);
        fields.sni.clone_from(&self.sni);
        fields.verified = Some(self.verified);
        fields.duration_us = Some(u64::try_from(self.duration.as_micros()).unwrap_or(u64::MAX));
        fields
    }
}
