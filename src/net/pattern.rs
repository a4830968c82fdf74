//! Patterns of one end of a socket: `PORT`, `:PORT`, `HOST`, `HOST:PORT`, `10.0.0.0/8`, `unix:PATH`. They select sockets of the table;
//! they open none.

use super::address::{AddrError, Host, is_socket, parse_socket, split};
use super::ports::{PortSet, wrong};
use super::service;
use crate::event::{Address, UnixAddress};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A pattern, as typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// The hosts; any if absent.
    pub hosts: Option<Hosts>,
    /// The ports; any if absent.
    pub ports: Option<PortSet>,
    /// The name, which UNIX sockets have in place of both.
    pub name: Option<UnixAddress>,
    typed: String,
}

/// The hosts of an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hosts {
    /// One host, which may have several addresses.
    One(Host),
    /// The addresses that agree with this one in so many bits.
    Range(IpAddr, u8),
}

impl FromStr for Pattern {
    type Err = AddrError;

    fn from_str(word: &str) -> Result<Self, AddrError> {
        let typed = word.to_owned();
        if word.is_empty() {
            return wrong("the filter is empty; type PORT, HOST, HOST:PORT or unix:PATH");
        }
        if is_socket(word) {
            return match parse_socket(word)? {
                Address::Unix(name) => Ok(Self { hosts: None, ports: None, name: Some(name), typed }),
                _ => wrong(format!("{word}: the table has no vsock sockets")),
            };
        }
        if word.starts_with(['/', '@']) {
            return wrong(format!("{word} is not an address; type unix:{word} for a UNIX socket"));
        }
        let (hosts, ports) = read(word)?;
        Ok(Self { hosts, ports, name: None, typed })
    }
}

fn read(word: &str) -> Result<(Option<Hosts>, Option<PortSet>), AddrError> {
    if let Some((hosts, ports)) = split(word) {
        let hosts = if matches!(hosts, "" | "*") { None } else { Some(hosts.parse()?) };
        let ports = if ports == "*" { None } else { Some(PortSet::parse(ports)?) };
        return Ok((hosts, ports));
    }
    if word == "*" {
        return Ok((None, None));
    }
    if PortSet::looks_like(word) || service::port(word).is_some() {
        return Ok((None, Some(PortSet::parse(word)?)));
    }
    Ok((Some(word.parse()?), None))
}

impl FromStr for Hosts {
    type Err = AddrError;

    fn from_str(word: &str) -> Result<Self, AddrError> {
        let bare = word.strip_prefix('[').and_then(|w| w.strip_suffix(']')).unwrap_or(word);
        let Some((address, length)) = bare.split_once('/') else { return Host::parse(word).map(Self::One) };
        let wrong = || AddrError(format!("{word} is not a range; type for example 10.0.0.0/8 or fe80::/10"));
        let address: IpAddr = address.trim_matches(['[', ']']).parse().map_err(|_| wrong())?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        match length.parse() {
            Ok(length) if length <= width => Ok(Self::Range(address, length)),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.typed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(word: &str) -> String {
        match word.parse::<Pattern>() {
            Err(error) => format!("error: {error}"),
            Ok(Pattern { name: Some(name), .. }) => format!("unix:{name}"),
            Ok(Pattern { hosts, ports, .. }) => {
                let hosts = hosts.map_or_else(
                    || "any".into(),
                    |hosts| match hosts {
                        Hosts::One(host) => host.to_string(),
                        Hosts::Range(address, length) => format!("{address}/{length}"),
                    },
                );
                let ports: Vec<_> = ports.iter().flat_map(|p| p.ranges().collect::<Vec<_>>()).collect();
                format!("{hosts} {ports:?}")
            }
        }
    }

    #[test]
    fn every_form_of_a_pattern_is_read() {
        for (word, meant) in [
            ("65432", "any [(65432, 65432)]"),
            (":65432", "any [(65432, 65432)]"),
            ("*:80", "any [(80, 80)]"),
            ("http", "any [(80, 80)]"),
            ("22,8000-8010", "any [(22, 22), (8000, 8010)]"),
            ("localhost", "localhost []"),
            ("127.0.0.1", "127.0.0.1 []"),
            ("::1", "::1 []"),
            ("[::1]:80", "::1 [(80, 80)]"),
            ("127.0.0.1:http", "127.0.0.1 [(80, 80)]"),
            ("127.0.0.1:*", "127.0.0.1 []"),
            ("example.com:443", "example.com [(443, 443)]"),
            ("10.0.0.0/8", "10.0.0.0/8 []"),
            ("10.0.0.0/8:80", "10.0.0.0/8 [(80, 80)]"),
            ("fe80::/10", "fe80::/10 []"),
            ("[fe80::/10]:80", "fe80::/10 [(80, 80)]"),
            ("[fe80::]/10", "fe80::/10 []"),
            ("unix:/run/x:y", "unix:/run/x:y"),
            ("unix:@x", "unix:@x"),
        ] {
            assert_eq!(read(word), meant, "{word}");
        }
    }

    #[test]
    fn a_wrong_pattern_says_what_to_type() {
        for (word, part) in [
            ("70000", "out of range"),
            ("", "empty"),
            ("10.0.0.0/33", "not a range"),
            ("10.0.0.0/x", "not a range"),
            ("nothing/8", "not a range"),
            ("a b", "not a host name"),
            ("host:port", "known service"),
            ("unix:", "the name is empty"),
            ("vsock:1:2", "no vsock sockets"),
            ("/run/x", "type unix:/run/x"),
            ("@x", "type unix:@x"),
        ] {
            let answer = read(word);
            assert!(answer.starts_with("error: ") && answer.contains(part), "{word}: {answer}");
        }
    }
}
