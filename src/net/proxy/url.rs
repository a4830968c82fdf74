//! The address of a proxy: `socks5h://user:password@host:1080`.

use super::auth::Credentials;
use crate::net::address::{AddrError, Endpoint, Host};
use std::fmt;
use std::str::FromStr;

/// The protocol that is spoken with a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// SOCKS4: IPv4 addresses alone.
    Socks4,
    /// SOCKS 4a: the proxy resolves the name.
    Socks4a,
    /// SOCKS5 with an address.
    Socks5,
    /// SOCKS5 with a name, which the proxy resolves.
    Socks5h,
    /// HTTP CONNECT.
    Http,
    /// HTTP CONNECT through TLS to the proxy.
    Https,
}

impl Scheme {
    const ALL: [Self; 6] =
        [Self::Socks4, Self::Socks4a, Self::Socks5, Self::Socks5h, Self::Http, Self::Https];

    /// As it stands in a URL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Socks4 => "socks4",
            Self::Socks4a => "socks4a",
            Self::Socks5 => "socks5",
            Self::Socks5h => "socks5h",
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The operation in errors.
    #[must_use]
    pub const fn op(self) -> &'static str {
        match self {
            Self::Socks4 => "socks4 proxy",
            Self::Socks4a => "socks4a proxy",
            Self::Socks5 => "socks5 proxy",
            Self::Socks5h => "socks5h proxy",
            Self::Http => "http proxy",
            Self::Https => "https proxy",
        }
    }

    /// Whether the proxy resolves names.
    #[must_use]
    pub const fn resolves_names(self) -> bool {
        !matches!(self, Self::Socks4 | Self::Socks5)
    }

    const fn usual_port(self) -> u16 {
        match self {
            Self::Http => 3128, // as ncat(1) and squid(8)
            Self::Https => 443,
            _ => 1080, // IANA
        }
    }
}

/// A proxy and the credentials for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyUrl {
    /// How to speak with it.
    pub scheme: Scheme,
    /// Where it is.
    pub address: Endpoint,
    /// From the URL.
    pub credentials: Option<Credentials>,
}

impl fmt::Display for ProxyUrl {
    /// Leaves the credentials out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.name(), self.address)
    }
}

impl FromStr for ProxyUrl {
    type Err = AddrError;

    /// Reads `SCHEME://[USER[:PASSWORD]@]HOST[:PORT][/]`. No error repeats what stands before `@`.
    fn from_str(word: &str) -> Result<Self, AddrError> {
        let wrong = |why: String| AddrError(format!("--proxy: {why}"));
        let (scheme, rest) = word.split_once("://").ok_or_else(|| wrong(format!("no scheme; {SCHEMES}")))?;
        let scheme = Scheme::ALL
            .into_iter()
            .find(|known| known.name().eq_ignore_ascii_case(scheme))
            .ok_or_else(|| wrong(format!("an unknown scheme; {SCHEMES}")))?;
        let (userinfo, authority) = match rest.rsplit_once('@') {
            Some((userinfo, authority)) => (Some(userinfo), authority),
            None => (None, rest),
        };
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        if authority.contains(['/', '?', '#']) {
            return Err(wrong(
                "a proxy has no path; type SCHEME://HOST:PORT, with %2F for / in a password".into(),
            ));
        }
        let credentials = userinfo.map(credentials).transpose().map_err(|why| wrong(why.0))?;
        let address = address(scheme, authority).map_err(|why| match userinfo {
            // A password without its host is read as a port, and must not be repeated.
            None if authority.contains(':') && !authority.starts_with(':') => {
                wrong("not HOST:PORT; type SCHEME://USER:PASSWORD@HOST:PORT".into())
            }
            _ => wrong(why.0),
        })?;
        Ok(Self { scheme, address, credentials })
    }
}

const SCHEMES: &str =
    "type socks4://, socks4a://, socks5://, socks5h://, http:// or https://, then HOST:PORT";

fn address(scheme: Scheme, authority: &str) -> Result<Endpoint, AddrError> {
    // A host alone: `host`, `1.2.3.4`, `[::1]`.
    if !authority.is_empty() && (authority.ends_with(']') || !authority.contains(':')) {
        return Ok(Endpoint { host: Host::parse(authority)?, port: scheme.usual_port() });
    }
    if authority.starts_with(':') || authority.is_empty() {
        return Err(AddrError("no host; type SCHEME://HOST:PORT".into()));
    }
    Endpoint::parse(&[authority.to_owned()])?.into_target()
}

fn credentials(userinfo: &str) -> Result<Credentials, AddrError> {
    let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
    let decoded = |text: &str| {
        let text = percent_decoded(text).and_then(|bytes| String::from_utf8(bytes).ok());
        let text = text.filter(|text| !text.contains(char::is_control));
        text.ok_or_else(|| AddrError("the user name or the password is not percent-encoded UTF-8".into()))
    };
    Ok(Credentials { user: decoded(user)?, password: decoded(password)? })
}

/// The bytes of a text with `%41` for A; `None` if a percent sign is followed by anything but two hexadecimal digits.
pub(in crate::net) fn percent_decoded(text: &str) -> Option<Vec<u8>> {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let digits = part.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend(&part.as_bytes()[2..]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read_and_shown_without_credentials() {
        for (word, shown, credentials) in [
            ("socks5://localhost:9050", "socks5://localhost:9050", None),
            ("SOCKS5H://10.0.0.1", "socks5h://10.0.0.1:1080", None),
            ("socks4a://me@host.example:1/", "socks4a://host.example:1", Some(("me", ""))),
            ("http://me:a%3Ab%40@[::1]", "http://[::1]:3128", Some(("me", "a:b@"))),
            ("https://me:p@ss@proxy.example", "https://proxy.example:443", Some(("me", "p@ss"))),
            ("socks4://[::1]:7", "socks4://[::1]:7", None),
        ] {
            let url: ProxyUrl = word.parse().unwrap_or_else(|e| panic!("{word}: {e}"));
            assert_eq!(url.to_string(), shown);
            let read = url.credentials.as_ref().map(|c| (c.user.as_str(), c.password.as_str()));
            assert_eq!(read, credentials, "{word}");
            assert!(!format!("{url:?}").contains("p@ss"), "{url:?}");
        }
    }

    #[test]
    fn a_wrong_url_says_what_to_type_and_no_secret() {
        for (word, part) in [
            ("localhost:1080", "type socks4://"),
            ("ftp://me:secret@h:1", "unknown scheme"),
            ("socks5://", "no host"),
            ("socks5://:80", "no host"),
            ("socks5://me:secret@", "no host"),
            ("http://me:secret", "not HOST:PORT"),
            ("http://me:more:secret", "not HOST:PORT"),
            ("http://[me:secret", "not HOST:PORT"),
            ("http://me:secret@h:0", "port 0"),
            ("http://me:secret@h:99999", "out of range"),
            ("http://me:secret@h/x", "has no path"),
            ("http://me:secret/@h:1/x", "has no path"),
            ("http://me:se%zzcret@h:1", "percent-encoded"),
            ("http://me:secret%00@h:1", "percent-encoded"),
        ] {
            let error = word.parse::<ProxyUrl>().expect_err(word).to_string();
            assert!(error.contains(part), "{word}: {error}");
            assert!(!error.contains("secret") && !error.contains("me:"), "{error}");
        }
    }
}
