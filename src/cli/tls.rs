//! Flags of TLS.

use super::values::name;
use crate::net::tls::{Pin, Version};
use clap::{ArgGroup, Args};
use std::path::PathBuf;

/// How a client speaks TLS.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "TLS", group(ArgGroup::new("speaks_tls").multiple(true)))]
pub struct TlsClientArgs {
    /// Use TLS; the server's certificate is verified against the system's roots and the host
    #[arg(long, group = "speaks_tls")]
    pub tls: bool,
    /// Trust the roots in FILE instead of the system's; applies to an https:// proxy too
    #[arg(long, value_name = "FILE", requires = "speaks_tls")]
    pub tls_ca: Option<PathBuf>,
    /// Accept exactly the certificate with this SHA-256 fingerprint, in hexadecimal digits; repeatable
    #[arg(long, value_name = "SHA256", requires = "speaks_tls")]
    pub tls_pin: Vec<Pin>,
    /// Accept any certificate, with a warning; applies to an https:// proxy too
    #[arg(long, requires = "speaks_tls")]
    pub tls_insecure: bool,
    /// The name to send (SNI) and to verify [default: the host]
    #[arg(long, value_name = "NAME", requires = "speaks_tls", value_parser = name)]
    pub tls_name: Option<String>,
    /// What both sides have.
    #[command(flatten)]
    pub common: TlsArgs,
}

/// How a server speaks TLS.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "TLS", group(ArgGroup::new("speaks_tls").multiple(true)))]
pub struct TlsServerArgs {
    /// Use TLS; without --tls-cert, with a certificate made for this run, whose pin is in the event tls
    #[arg(long, group = "speaks_tls")]
    pub tls: bool,
    /// Require a client certificate issued by a root in FILE
    #[arg(long, value_name = "FILE", requires = "speaks_tls")]
    pub tls_client_ca: Option<PathBuf>,
    /// Require a client certificate with this SHA-256 fingerprint, in hexadecimal digits; repeatable
    #[arg(long, value_name = "SHA256", requires = "speaks_tls")]
    pub tls_pin: Vec<Pin>,
    /// The name in the certificate made for this run [default: localhost and loopback addresses]
    #[arg(long, value_name = "NAME", requires = "speaks_tls", conflicts_with = "tls_cert", value_parser = name)]
    pub tls_name: Option<String>,
    /// What both sides have.
    #[command(flatten)]
    pub common: TlsArgs,
}

/// What both sides have.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "TLS")]
pub struct TlsArgs {
    /// Present the certificate and its chain in the PEM file FILE, which may hold the key as well
    #[arg(long, value_name = "FILE", requires = "speaks_tls")]
    pub tls_cert: Option<PathBuf>,
    /// The private key of --tls-cert
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Application protocols, in order of preference
    #[arg(long, value_name = "NAME", value_delimiter = ',', requires = "speaks_tls")]
    pub alpn: Vec<String>,
    /// Oldest version to accept: 1.2 or 1.3
    #[arg(long, value_name = "VERSION", requires = "speaks_tls")]
    pub tls_min: Option<Version>,
    /// Newest version to accept: 1.2 or 1.3
    #[arg(long, value_name = "VERSION", requires = "speaks_tls")]
    pub tls_max: Option<Version>,
    /// Append the secrets of sessions to FILE, for Wireshark [default: SSLKEYLOGFILE of the environment]
    #[arg(long, value_name = "FILE", requires = "speaks_tls")]
    pub tls_keylog: Option<PathBuf>,
    /// Accept a FIN without close_notify as the end of data, for old peers
    #[arg(long, requires = "speaks_tls")]
    pub tls_allow_truncated: bool,
}
