//! The flags of a client's proxy as values: reads the user from where it was given.

use crate::cli::{ProxyArgs, TlsClientArgs};
use crate::event::Kind;
use crate::net::address::AddrError;
use crate::net::proxy::{Credentials, ProxyUrl, Scheme};
use crate::net::tls::{ClientOptions, Connector};
use crate::session::proxy_client::ProxyClient;
use crate::session::tls::TlsClient;
use crate::sys::Error;
use std::env;
use std::path::Path;

/// The user of a proxy, in the environment.
const USER: &str = "SOQUETE_PROXY_AUTH";

/// The proxy that a client is to use, if there is one. Reads the file and the system's roots that it needs.
pub(crate) fn proxy_client(args: &ProxyArgs, tls: &TlsClientArgs) -> anyhow::Result<Option<ProxyClient>> {
    let Some(url) = &args.proxy else { return Ok(None) };
    let url: ProxyUrl = url.0.parse()?;
    let trusts =
        tls.tls_ca.is_some() || tls.tls_insecure || !tls.tls_pin.is_empty() || tls.tls_name.is_some();
    if url.scheme != Scheme::Https && !tls.tls && trusts {
        let text = "TLS flags need --tls, a tls: target or an https:// proxy";
        return Err(AddrError(text.into()).into());
    }
    let credentials = match (&args.proxy_auth_file, &url.credentials) {
        (Some(_), Some(_)) => {
            return Err(AddrError("--proxy-auth-file: the URL of --proxy already names a user".into()).into());
        }
        (Some(path), None) => Some(from_file(path)?),
        (None, Some(credentials)) => Some(credentials.clone()),
        (None, None) => from_environment()?,
    };
    check(url.scheme, credentials.as_ref())?;
    let tls = match url.scheme {
        Scheme::Https => {
            // With TLS to the target as well, a pin and a name are the target's.
            let (pins, name) =
                if tls.tls { (Vec::new(), None) } else { (tls.tls_pin.clone(), tls.tls_name.clone()) };
            let (insecure, ca) = (tls.tls_insecure, tls.tls_ca.clone());
            let options = ClientOptions { insecure, ca, pins, name, ..ClientOptions::default() };
            let connector = Connector::new(&options).map_err(Error::from)?;
            Some(TlsClient { connector, allow_truncated: false })
        }
        _ => None,
    };
    Ok(Some(ProxyClient::new(url, credentials, tls)))
}

/// Refuses what the protocol cannot express, before anything is sent.
fn check(scheme: Scheme, credentials: Option<&Credentials>) -> Result<(), AddrError> {
    let Some(Credentials { user, password }) = credentials else { return Ok(()) };
    let wrong = |why: &str| Err(AddrError(format!("--proxy: {why}")));
    match scheme {
        Scheme::Socks4 | Scheme::Socks4a if !password.is_empty() => {
            wrong("SOCKS4 has no passwords; use socks5 or http, or omit the password")
        }
        Scheme::Socks5 | Scheme::Socks5h if user.len().max(password.len()) > 255 => {
            wrong("user names and passwords of SOCKS5 are at most 255 bytes long")
        }
        Scheme::Http | Scheme::Https if user.contains(':') => {
            wrong("a user name of HTTP cannot contain a colon")
        }
        _ => Ok(()),
    }
}

fn from_file(path: &Path) -> anyhow::Result<Credentials> {
    let text =
        std::fs::read_to_string(path).map_err(|e| Error::new("open", path.display(), e).about(Kind::File))?;
    let line = text.lines().next().unwrap_or_default();
    let read = line.parse::<Credentials>();
    Ok(read.map_err(|why| AddrError(format!("{}: {why}", path.display())))?)
}

fn from_environment() -> Result<Option<Credentials>, AddrError> {
    let Some(value) = env::var_os(USER).filter(|value| !value.is_empty()) else { return Ok(None) };
    let read = value.to_str().ok_or_else(|| AddrError("it is not UTF-8".into())).and_then(str::parse);
    read.map(Some).map_err(|why| AddrError(format!("{USER}: {why}")))
}
