//! The address of a bus: `nats://user:password@host:4222`, `tls://token@host`.

use crate::net::address::{AddrError, Endpoint, Host};
use crate::net::proxy::percent_decoded;
use std::fmt;
use std::str::FromStr;

/// The port of NATS (IANA).
const PORT: u16 = 4222;
const SCHEMES: &str = "type nats://HOST[:PORT] or tls://HOST[:PORT]";

/// As whom to use a bus. Shown nowhere: `Debug` leaves it out.
#[derive(Clone, PartialEq, Eq)]
pub enum Login {
    /// A user and a password.
    User(String, String),
    /// A token.
    Token(String),
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(..)")
    }
}

impl FromStr for Login {
    type Err = AddrError;

    /// Reads `USER:PASSWORD` or `TOKEN`; the error does not repeat them.
    fn from_str(word: &str) -> Result<Self, AddrError> {
        if word.is_empty() || word.contains(char::is_control) {
            return Err(AddrError("type USER:PASSWORD or TOKEN".into()));
        }
        Ok(match word.split_once(':') {
            Some((user, password)) => Self::User(user.to_owned(), password.to_owned()),
            None => Self::Token(word.to_owned()),
        })
    }
}

/// A bus and the credentials for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusUrl {
    /// Speak TLS.
    pub tls: bool,
    /// Where it is.
    pub address: Endpoint,
    /// From the URL.
    pub login: Option<Login>,
}

impl fmt::Display for BusUrl {
    /// Leaves the login out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.tls { "tls" } else { "nats" }, self.address)
    }
}

impl FromStr for BusUrl {
    type Err = AddrError;

    /// Reads `SCHEME://[USER:PASSWORD@|TOKEN@]HOST[:PORT][/]`. No error repeats what stands before `@`.
    fn from_str(word: &str) -> Result<Self, AddrError> {
        let wrong = |why: &str| AddrError(format!("--bus: {why}"));
        let (scheme, rest) = word.split_once("://").ok_or_else(|| wrong(&format!("no scheme; {SCHEMES}")))?;
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "nats" => false,
            "tls" => true,
            _ => return Err(wrong(&format!("an unknown scheme; {SCHEMES}"))),
        };
        let (userinfo, authority) = match rest.rsplit_once('@') {
            Some((userinfo, authority)) => (Some(userinfo), authority),
            None => (None, rest),
        };
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        if authority.contains(['/', '?', '#', ',']) {
            return Err(wrong(&format!("a bus has one host and no path; {SCHEMES}")));
        }
        let login = userinfo.map(login).transpose().map_err(|why| wrong(&why.0))?;
        let address = address(authority).map_err(|why| match userinfo {
            // A password without its host is read as a port, and must not be repeated.
            None if authority.contains(':') && !authority.starts_with(':') => {
                wrong("not HOST:PORT; type nats://USER:PASSWORD@HOST:PORT")
            }
            _ => wrong(&why.0),
        })?;
        Ok(Self { tls, address, login })
    }
}

fn address(authority: &str) -> Result<Endpoint, AddrError> {
    if authority.is_empty() || authority.starts_with(':') {
        return Err(AddrError(format!("no host; {SCHEMES}")));
    }
    if authority.ends_with(']') || !authority.contains(':') {
        return Ok(Endpoint { host: Host::parse(authority)?, port: PORT });
    }
    Endpoint::parse(&[authority.to_owned()])?.into_target()
}

fn login(userinfo: &str) -> Result<Login, AddrError> {
    let decoded = |text: &str| {
        let text = percent_decoded(text).and_then(|bytes| String::from_utf8(bytes).ok());
        let text = text.filter(|text| !text.is_empty() && !text.contains(char::is_control));
        text.ok_or_else(|| AddrError("the login before @ is not percent-encoded UTF-8".into()))
    };
    Ok(match userinfo.split_once(':') {
        Some((user, password)) => Login::User(decoded(user)?, decoded(password)?),
        None => Login::Token(decoded(userinfo)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read_and_shown_without_its_login() {
        let user = |name: &str, password: &str| Some(Login::User(name.into(), password.into()));
        for (word, shown, login) in [
            ("nats://localhost:4223", "nats://localhost:4223", None),
            ("NATS://10.0.0.1", "nats://10.0.0.1:4222", None),
            ("tls://s3cret@[::1]/", "tls://[::1]:4222", Some(Login::Token("s3cret".into()))),
            ("nats://me:s3cr%40et@h:1", "nats://h:1", user("me", "s3cr@et")),
        ] {
            let url: BusUrl = word.parse().unwrap_or_else(|e| panic!("{word}: {e}"));
            assert_eq!((url.to_string().as_str(), &url.login), (shown, &login));
            assert!(!format!("{url:?}").contains("s3cr"), "{url:?}");
        }
    }

    #[test]
    fn a_wrong_url_says_what_to_type_and_no_secret() {
        for (word, part) in [
            ("localhost:4222", "type nats://"),
            ("http://me:s3cret@h:1", "unknown scheme"),
            ("nats://", "no host"),
            ("nats://me:s3cret@", "no host"),
            ("nats://me:s3cret", "not HOST:PORT"),
            ("nats://me:s3cret@h:1/x", "no path"),
            ("nats://me:s3cret@h:0", "port 0"),
            ("nats://me:s3cret@h:99999", "out of range"),
            ("nats://me:s3%zzcret@h:1", "percent-encoded"),
            ("nats://a:1,b:2", "one host"),
        ] {
            let error = word.parse::<BusUrl>().expect_err(word).to_string();
            assert!(error.contains(part), "{word}: {error}");
            assert!(!error.contains("cret") && !error.contains("me:"), "{error}");
        }
        assert!("".parse::<Login>().is_err() && "a\n".parse::<Login>().is_err());
    }
}
