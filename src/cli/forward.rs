//! Flags of forwarding and of the PROXY protocol.

use super::ProxyArgs;
use crate::net::address::{AddrError, Target};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::str::FromStr;

/// What has no target. `requires` alone lets these pass: clap asks for no flag that conflicts with one that is there.
const NO_FORWARD: [&str; 10] = [
    "echo",
    "upper",
    "discard",
    "respond",
    "send",
    "proxy_server",
    "ExecArgs",
    "send_only",
    "recv_only",
    "crlf",
];

/// How a TCP server forwards its clients.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Forwarding")]
pub struct ForwardArgs {
    /// Send the target a PROXY header first, version 1 (text) or 2 (binary), with the client's address
    #[arg(long, value_name = "VERSION", requires = "forward", conflicts_with_all = NO_FORWARD)]
    pub send_proxy_header: Option<HeaderVersion>,
    /// Expect a PROXY header of either version before a client's first byte; reset clients without one
    #[arg(long)]
    pub accept_proxy_header: bool,
    /// With tls: targets and https:// proxies, trust the roots in FILE instead of the system's
    #[arg(long, value_name = "FILE", requires = "forward", conflicts_with_all = NO_FORWARD)]
    pub tls_ca: Option<PathBuf>,
    /// With tls: targets and https:// proxies, accept any certificate, with a warning
    #[arg(long, requires = "forward", conflicts_with_all = NO_FORWARD)]
    pub tls_insecure: bool,
    /// The proxy that connects to the target.
    #[command(flatten)]
    pub proxy: ProxyArgs,
}

/// A version of the PROXY header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HeaderVersion {
    /// Text
    #[value(name = "1")]
    V1,
    /// Binary
    #[value(name = "2")]
    V2,
}

/// Where clients are forwarded to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardTarget {
    /// The address.
    pub target: Target,
    /// TLS is spoken to it.
    pub tls: bool,
}

impl FromStr for ForwardTarget {
    type Err = AddrError;

    /// `HOST:PORT`, `[V6]:PORT`, `PORT`, `unix:PATH`, `vsock:CID:PORT`, each also after `tls:`.
    fn from_str(word: &str) -> Result<Self, AddrError> {
        let bare = word.strip_prefix("tls:").filter(|rest| !rest.starts_with("//"));
        let target = Target::parse(&[bare.unwrap_or(word).to_owned()]).and_then(Target::into_target);
        match target {
            Ok(target) => Ok(Self { target, tls: bare.is_some() }),
            Err(error) => Err(meant(word).map_or(error, |meant| {
                AddrError(format!("{word} is a URL, not an address; type --forward {meant}"))
            })),
        }
    }
}

/// Where datagrams are forwarded to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatagramTarget(pub Target);

impl FromStr for DatagramTarget {
    type Err = AddrError;

    /// `HOST:PORT`, `[V6]:PORT`, `PORT`, `unix:PATH` or `unix:@NAME`.
    fn from_str(word: &str) -> Result<Self, AddrError> {
        match word.parse::<ForwardTarget>()? {
            ForwardTarget { target, tls: false } if target.takes_datagrams() => Ok(Self(target)),
            _ => Err(AddrError(format!(
                "{word} is not a target of datagrams; type HOST:PORT, PORT or unix:PATH"
            ))),
        }
    }
}

/// The target that a URL names: `http://localhost:8088/` is `localhost:8088`.
fn meant(word: &str) -> Option<String> {
    let (scheme, rest) = word.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let authority = authority.rsplit_once('@').map_or(authority, |(_user, host)| host);
    let prefix = if matches!(scheme, "https" | "wss" | "tls" | "ssl") { "tls:" } else { "" };
    let with_port = format!("{authority}:{scheme}");
    [authority, &with_port]
        .into_iter()
        .map(|address| format!("{prefix}{address}"))
        .find(|address| address.parse::<ForwardTarget>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(word: &str) -> String {
        match word.parse::<ForwardTarget>() {
            Ok(ForwardTarget { target, tls }) => format!("{target}{}", if tls { " tls" } else { "" }),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn every_form_of_a_target_is_read() {
        for (word, meant) in [
            ("localhost:80", "localhost:80"),
            ("80", "localhost:80"),
            ("[::1]:80", "[::1]:80"),
            ("unix:/run/x", "unix:/run/x"),
            ("unix:@x", "unix:@x"),
            ("vsock:3:80", "vsock:3:80"),
            ("tls:localhost:443", "localhost:443 tls"),
            ("tls:443", "localhost:443 tls"),
            ("tls:[::1]:443", "[::1]:443 tls"),
        ] {
            assert_eq!(read(word), meant, "{word}");
        }
    }

    #[test]
    fn a_url_is_refused_with_what_was_meant() {
        for (word, meant) in [
            ("http://localhost:8088/x", "type --forward localhost:8088"),
            ("https://localhost/", "type --forward tls:localhost:https"),
            ("tcp://[::1]:80", "type --forward [::1]:80"),
            ("localhost", "has no port"),
            ("localhost:0", "port 0"),
            ("tls:", "empty"),
        ] {
            assert!(read(word).contains(meant), "{word}: {}", read(word));
        }
    }
}
