//! Addresses as people type them: `HOST PORT`, `HOST:PORT`, `[V6]:PORT`, `PORT`, with service names.

pub use super::ports::AddrError;
use super::ports::wrong;
use super::ports::{PortSet, looks_like_port, parse_port};
use super::service;
use crate::event::{Address, Proto, UnixAddress};
use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// A host as typed: a literal address, or a name still to be looked up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// `localhost`, which is loopback in both families without asking anybody (RFC 6761 6.3).
    Localhost,
    /// A literal address.
    Ip(IpAddr),
    /// Anything else, a zoned address such as `fe80::1%eth0` among it.
    Name(String),
}

/// What a user names as the other end of a stream, or as the place of a server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// A host and a port, still to be looked up.
    Host(Endpoint),
    /// `unix:PATH`, `unix:@NAME` or `vsock:CID:PORT`.
    Socket(Address),
}

/// One host and one port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// Where.
    pub host: Host,
    /// Which port; 0 only where one is to be chosen.
    pub port: u16,
}

impl Host {
    /// Reads a host; brackets around an IPv6 address are taken off.
    pub fn parse(word: &str) -> Result<Self, AddrError> {
        let bare = word.strip_prefix('[').and_then(|w| w.strip_suffix(']')).unwrap_or(word);
        expect_no_url(word)?;
        if bare.is_empty() {
            return wrong("the host is empty; omit it for localhost");
        }
        if bare.eq_ignore_ascii_case("localhost") {
            return Ok(Self::Localhost);
        }
        if let Ok(ip) = bare.parse() {
            return Ok(Self::Ip(ip));
        }
        if bare.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | ',' | '@')) {
            return wrong(format!("{word:?} is not a host name"));
        }
        if bare.bytes().all(|b| b.is_ascii_digit()) {
            return wrong(format!("{word} is a port, not a host; type the host first: HOST {word}"));
        }
        let zoned = bare.split_once('%').is_some_and(|(ip, _)| ip.parse::<Ipv6Addr>().is_ok());
        if !zoned && let Some((_, port)) = split(word) {
            let has = if port.is_empty() { "an empty port" } else { "a port already" };
            return wrong(format!("{word} has {has}; type HOST PORT or HOST:PORT"));
        }
        if !zoned && bare.contains([':', '[', ']']) {
            return wrong(format!("{word} is not an address; an IPv6 address with a port is [ADDRESS]:PORT"));
        }
        Ok(Self::Name(bare.to_owned()))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Localhost => f.write_str("localhost"),
            Self::Ip(ip) => ip.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl Target {
    /// Reads what [`Endpoint::parse`] reads, `unix:PATH`, `unix:@NAME` or `vsock:CID:PORT`.
    pub fn parse(words: &[String]) -> Result<Self, AddrError> {
        Self::parse_or(words, None)
    }

    /// As [`Self::parse`], where a command has a usual port that may be left out.
    pub fn parse_or(words: &[String], usual: Option<u16>) -> Result<Self, AddrError> {
        match words {
            [word] if is_socket(word) => parse_socket(word).map(Self::Socket),
            [one, two] if is_socket(one) => wrong(format!("{one} has no port; omit {two}")),
            _ => Endpoint::parse_or(words, usual).map(Self::Host),
        }
    }

    /// As [`Self::parse`], from the beginning of `words`; says how many belong to the address.
    pub fn parse_front(words: &[String]) -> Result<(Self, usize), AddrError> {
        match words {
            [word, ..] if is_socket(word) => Ok((Self::Socket(parse_socket(word)?), 1)),
            _ => Endpoint::parse_front(words).map(|(endpoint, count)| (Self::Host(endpoint), count)),
        }
    }

    /// The same target as something to connect to, which port 0 is not.
    pub fn into_target(self) -> Result<Self, AddrError> {
        match self {
            Self::Host(endpoint) => endpoint.into_target().map(Self::Host),
            Self::Socket(_) => Ok(self),
        }
    }

    /// The protocol of a stream to it.
    #[must_use]
    pub const fn stream_proto(&self) -> Proto {
        match self {
            Self::Host(_) => Proto::Tcp,
            Self::Socket(address) => address.stream_proto(),
        }
    }

    /// Whether it may be a datagram socket.
    #[must_use]
    pub const fn takes_datagrams(&self) -> bool {
        matches!(self, Self::Host(_) | Self::Socket(Address::Unix(_)))
    }

    /// The host and port, unless it is another address.
    #[must_use]
    pub const fn endpoint(&self) -> Option<&Endpoint> {
        match self {
            Self::Host(endpoint) => Some(endpoint),
            Self::Socket(_) => None,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(endpoint) => endpoint.fmt(f),
            Self::Socket(address) => address.fmt(f),
        }
    }
}

impl From<Endpoint> for Target {
    fn from(endpoint: Endpoint) -> Self {
        Self::Host(endpoint)
    }
}

/// Whether a word names a UNIX or vsock socket.
pub(super) fn is_socket(word: &str) -> bool {
    word.starts_with("unix:") || word.starts_with("vsock:")
}

pub(super) fn parse_socket(word: &str) -> Result<Address, AddrError> {
    let unix = |name: &str| -> std::sync::Arc<[u8]> { name.as_bytes().into() };
    if let Some(name) = word.strip_prefix("unix:@").filter(|name| !name.is_empty()) {
        return Ok(Address::Unix(UnixAddress::Abstract(unix(name))));
    }
    match word.split_once(':') {
        Some(("unix", "" | "@")) => wrong("the name is empty; type unix:PATH or unix:@NAME"),
        Some(("unix", path)) => Ok(Address::Unix(UnixAddress::Path(unix(path)))),
        Some((_, rest)) => match rest.split_once(':').map(|(cid, port)| (cid.parse(), port.parse())) {
            Some((Ok(cid), Ok(port))) => Ok(Address::Vsock { cid, port }),
            _ => wrong(format!("{word} is not vsock:CID:PORT; both are numbers")),
        },
        None => wrong(format!("{word} is not an address")),
    }
}

impl Endpoint {
    /// Reads `HOST PORT`, `HOST:PORT`, `[V6]:PORT` or `PORT` (host `localhost`) from one or two words.
    pub fn parse(words: &[String]) -> Result<Self, AddrError> {
        Self::parse_or(words, None)
    }

    /// As [`Self::parse`], where a command has a usual port that may be left out.
    pub fn parse_or(words: &[String], usual: Option<u16>) -> Result<Self, AddrError> {
        match (words, usual) {
            ([], Some(port)) => Ok(Self { host: Host::Localhost, port }),
            ([], None) => wrong("no address; type HOST PORT, HOST:PORT or PORT"),
            ([one], _) => Self::parse_one(one, usual),
            ([host, port], _) => {
                if looks_like_port(host) && !looks_like_port(port) {
                    return wrong(format!(
                        "{host} is a port, not a host; type the host first: {port} {host}"
                    ));
                }
                Ok(Self { host: Host::parse(host)?, port: parse_port(port)? })
            }
            (more, _) => wrong(format!("unexpected {:?}; type HOST PORT", more[2])),
        }
    }

    /// As [`Self::parse`], from the beginning of `words`; says how many belong to the address.
    ///
    /// `HOST PORT` before `PORT`: what may be a host and is followed by a port is one.
    pub fn parse_front(words: &[String]) -> Result<(Self, usize), AddrError> {
        let two = match words {
            [host, port, ..] => {
                let may_be_port = |word: &str| looks_like_port(word) || service::port(word).is_some();
                let complete = split(host).is_some() || looks_like_port(host);
                !complete && (may_be_port(port) || service::port(host).is_none())
            }
            _ => false,
        };
        let count = if two { 2 } else { words.len().min(1) };
        Ok((Self::parse(&words[..count])?, count))
    }

    /// Whether these words, which [`Self::parse`] reads, name a host.
    #[must_use]
    pub fn has_host(words: &[String]) -> bool {
        match words {
            [] => false,
            [one] => match split(one) {
                Some((host, _)) => !host.is_empty(),
                None => !looks_like_port(one) && service::port(one).is_none(),
            },
            _ => true,
        }
    }

    /// The same endpoint as something to connect to, which port 0 is not.
    pub fn into_target(self) -> Result<Self, AddrError> {
        match self.port {
            0 => wrong("port 0 cannot be a target; ports are 1 to 65535"),
            _ => Ok(self),
        }
    }

    fn parse_one(word: &str, usual: Option<u16>) -> Result<Self, AddrError> {
        expect_no_url(word)?;
        if word.is_empty() {
            return wrong("the address is empty; type HOST PORT, HOST:PORT or PORT");
        }
        if let Some((host, port)) = split(word) {
            let host = if host.is_empty() { Host::Localhost } else { Host::parse(host)? };
            return Ok(Self { host, port: parse_port(port)? });
        }
        if word.bytes().all(|b| b.is_ascii_digit()) || service::port(word).is_some() {
            return Ok(Self { host: Host::Localhost, port: parse_port(word)? });
        }
        if PortSet::looks_like(word) {
            return wrong(format!("{word} is more than one port; type one"));
        }
        expect_brackets(&[word.to_owned()])?;
        match (Host::parse(word)?, usual) {
            (host, Some(port)) => Ok(Self { host, port }),
            (_, None) => wrong(format!("{word} has no port; type {word} PORT")),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Ip(ip) => SocketAddr::new(*ip, self.port).fmt(f),
            Host::Name(name) if name.contains(':') => write!(f, "[{name}]:{}", self.port),
            host => write!(f, "{host}:{}", self.port),
        }
    }
}

pub(super) fn expect_no_url(word: &str) -> Result<(), AddrError> {
    if word.contains("://") { wrong(format!("{word} is a URL, not HOST PORT")) } else { Ok(()) }
}

pub(super) fn expect_brackets(words: &[String]) -> Result<(), AddrError> {
    match words.iter().find(|word| looks_like_v6_and_port(word)) {
        Some(word) => {
            wrong(format!("{word} is ambiguous: an IPv6 address with or without a port; type [ADDRESS]:PORT"))
        }
        None => Ok(()),
    }
}

/// Whether a word may be an IPv6 address and a port that lack brackets: `::1:80`, `fe80::1%eth0:80`.
fn looks_like_v6_and_port(word: &str) -> bool {
    let Some((host, port)) = word.rsplit_once(':') else { return false };
    let is_v6 = host.split('%').next().is_some_and(|ip| ip.parse::<Ipv6Addr>().is_ok());
    is_v6 && looks_like_port(port) && (host.contains('%') || host.contains("::"))
}

/// Splits `HOST:PORT` and `[V6]:PORT`; a bare IPv6 address, which has more colons, is no such pair.
pub(super) fn split(word: &str) -> Option<(&str, &str)> {
    let (host, port) = word.rsplit_once(':')?;
    (!host.contains(':') || (host.starts_with('[') && host.ends_with(']'))).then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    fn read(line: &str) -> String {
        Endpoint::parse(&words(line)).map_or_else(|e| format!("error: {e}"), |e| e.to_string())
    }

    #[test]
    fn every_way_to_write_an_address_is_read() {
        for (line, meant) in [
            ("localhost 80", "localhost:80"),
            ("80", "localhost:80"),
            (":80", "localhost:80"),
            ("http", "localhost:80"),
            ("example.com:http", "example.com:80"),
            ("127.0.0.1:0", "127.0.0.1:0"),
            ("::1 22", "[::1]:22"),
            ("[::1] 22", "[::1]:22"),
            ("[::1]:22", "[::1]:22"),
            ("[fe80::1%eth0]:22", "[fe80::1%eth0]:22"),
        ] {
            assert_eq!(read(line), meant, "{line}");
        }
    }

    #[test]
    fn an_address_is_told_from_what_follows_it() {
        for (line, meant) in [
            ("localhost 80 hello", Ok(("localhost:80", 2))),
            ("localhost:80 hello you", Ok(("localhost:80", 1))),
            ("80 hello", Ok(("localhost:80", 1))),
            ("80 81", Ok(("localhost:80", 1))),
            ("::1 22 x", Ok(("[::1]:22", 2))),
            ("[::1]:22 x", Ok(("[::1]:22", 1))),
            ("http hello", Ok(("localhost:80", 1))),
            ("http 8080", Ok(("http:8080", 2))),
            ("example.com hello", Err("known service")),
            ("example.com", Err("has no port")),
            ("", Err("no address")),
        ] {
            match (Endpoint::parse_front(&words(line)), meant) {
                (Ok((endpoint, count)), Ok(meant)) => {
                    assert_eq!((endpoint.to_string().as_str(), count), meant, "{line}");
                }
                (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{line}: {error}"),
                (answer, _) => panic!("{line}: {answer:?}"),
            }
        }
    }

    #[test]
    fn a_wrong_address_says_what_to_type() {
        for (line, part) in [
            ("80 localhost", "type the host first: localhost 80"),
            ("localhost 70000", "out of range"),
            ("70000", "out of range"),
            ("localhost", "has no port"),
            ("localhost nosuchservice", "known service"),
            ("80 81", "is a port, not a host"),
            ("a b c", "unexpected"),
            ("127.0.0.1:80 90", "has a port already"),
            ("[::1 80", "is not an address"),
            ("1:2:3 80", "is not an address"),
            ("http://localhost:80/", "is a URL"),
            ("http://localhost 80", "is a URL"),
            ("::1:80", "an IPv6 address with or without a port"),
            ("fe80::1%lo:80", "an IPv6 address with or without a port"),
            ("localhost/80", "is not a host name"),
            ("me@localhost:80", "is not a host name"),
            ("localhost: 80", "has an empty port"),
            ("80-82", "more than one port"),
        ] {
            let answer = read(line);
            assert!(answer.starts_with("error: ") && answer.contains(part), "{line}: {answer}");
        }
    }
}
