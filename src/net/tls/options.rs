//! What a client and a server want of TLS, as final values.

use super::{Error, Pin};
use std::path::PathBuf;
use std::str::FromStr;

/// A version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// RFC 5246.
    Tls12,
    /// RFC 8446.
    Tls13,
}

impl FromStr for Version {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "1.2" => Ok(Self::Tls12),
            "1.3" => Ok(Self::Tls13),
            _ => Err(Error::usage(format!("`{text}` is not a TLS version: 1.2 or 1.3"))),
        }
    }
}

/// The TLS options of a client. The default verifies against the system's roots.
#[derive(Clone, Debug, Default)]
pub struct ClientOptions {
    /// Accept any certificate.
    pub insecure: bool,
    /// A PEM file of roots to trust instead of the system's.
    pub ca: Option<PathBuf>,
    /// Certificates to accept, whatever their issuer and name.
    pub pins: Vec<Pin>,
    /// The name to send and to verify instead of the target's.
    pub name: Option<String>,
    /// A PEM file with the client's own certificate and chain.
    pub cert: Option<PathBuf>,
    /// A PEM file with its private key, where `cert` does not hold it.
    pub key: Option<PathBuf>,
    /// Application protocols to offer, the preferred first.
    pub alpn: Vec<String>,
    /// The oldest version to accept.
    pub min: Option<Version>,
    /// The newest version to accept.
    pub max: Option<Version>,
    /// A file to append the sessions' secrets to (`SSLKEYLOGFILE`).
    pub keylog: Option<PathBuf>,
}

/// The TLS options of a server. The default generates a certificate for this run.
#[derive(Clone, Debug, Default)]
pub struct ServerOptions {
    /// The name in the certificate that is made where `cert` is absent.
    pub name: Option<String>,
    /// A PEM file with the certificate and its chain.
    pub cert: Option<PathBuf>,
    /// A PEM file with the private key, where `cert` does not hold it.
    pub key: Option<PathBuf>,
    /// A PEM file of roots; clients must present a certificate that one of them issued.
    pub client_ca: Option<PathBuf>,
    /// Clients must present one of these certificates.
    pub pins: Vec<Pin>,
    /// Application protocols to choose from, the preferred first.
    pub alpn: Vec<String>,
    /// The oldest version to accept.
    pub min: Option<Version>,
    /// The newest version to accept.
    pub max: Option<Version>,
    /// A file to append the sessions' secrets to (`SSLKEYLOGFILE`).
    pub keylog: Option<PathBuf>,
}

impl ClientOptions {
    pub(crate) fn check(&self) -> Result<(), Error> {
        let ways = [
            (self.insecure, "--tls-insecure"),
            (self.ca.is_some(), "--tls-ca"),
            (!self.pins.is_empty(), "--tls-pin"),
        ];
        let mut given = ways.iter().filter(|(given, _)| *given).map(|(_, flag)| flag);
        if let (Some(first), Some(second)) = (given.next(), given.next()) {
            return Err(Error::usage(format!("{first} cannot be used with {second}")));
        }
        check_common(self.cert.as_ref(), self.key.as_ref(), self.min, self.max, &self.alpn)
    }
}

impl ServerOptions {
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.client_ca.is_some() && !self.pins.is_empty() {
            return Err(Error::usage("--tls-client-ca cannot be used with --tls-pin"));
        }
        check_common(self.cert.as_ref(), self.key.as_ref(), self.min, self.max, &self.alpn)
    }
}

fn check_common(
    cert: Option<&PathBuf>,
    key: Option<&PathBuf>,
    min: Option<Version>,
    max: Option<Version>,
    alpn: &[String],
) -> Result<(), Error> {
    if key.is_some() && cert.is_none() {
        return Err(Error::usage("--tls-key needs --tls-cert"));
    }
    if matches!((min, max), (Some(min), Some(max)) if min > max) {
        return Err(Error::usage("--tls-min is above --tls-max"));
    }
    match alpn.iter().find(|name| name.is_empty() || name.len() > 255) {
        Some(name) => Err(Error::usage(format!("`{name}` is not an ALPN name: 1 to 255 bytes"))),
        None => Ok(()),
    }
}
