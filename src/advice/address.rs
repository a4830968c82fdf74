//! Addresses as other programs write them: URLs, socat's, a bare IPv6 address with a port.

use crate::net::address::is_socket;
use crate::net::service;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Schemes whose name is no service's.
const SCHEMES: [(&str, u16); 3] = [("ws", 80), ("wss", 443), ("postgres", 5432)];
/// What socat calls addresses that are opened, and those that are listened on.
const OPENING: [&str; 10] = [
    "tcp",
    "tcp4",
    "tcp6",
    "tcp-connect",
    "tcp4-connect",
    "tcp6-connect",
    "udp",
    "udp4",
    "udp6",
    "udp-sendto",
];
const LISTENING: [&str; 7] =
    ["tcp-listen", "tcp4-listen", "tcp6-listen", "tcp-l", "udp-listen", "udp-recvfrom", "udp-l"];

/// What socat calls UNIX sockets, those with an abstract name, and vsock.
const UNIX: [&str; 8] = [
    "unix-connect",
    "unix-client",
    "unix-listen",
    "unix-l",
    "unix-sendto",
    "unix-send",
    "unix-recvfrom",
    "unix-recv",
];
const ABSTRACT: [&str; 6] = [
    "abstract-connect",
    "abstract-client",
    "abstract-listen",
    "abstract-sendto",
    "abstract-recvfrom",
    "abstract-recv",
];

/// A command line whose addresses are written as the program reads them; what follows `--` stays.
pub(super) fn rewrite(words: &[String]) -> Vec<String> {
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    let (ours, rest) = words.split_at(end);
    // The address of a proxy is a URL.
    let is_proxy = |at: usize| at > 0 && ours[at - 1] == "--proxy";
    let rewritten = |(at, word): (usize, &String)| {
        let read = if is_proxy(at) { None } else { read(word) };
        read.unwrap_or_else(|| vec![word.clone()])
    };
    ours.iter().enumerate().flat_map(rewritten).chain(rest.iter().cloned()).collect()
}

/// Host and port, or one of them; `None` if there is nothing to rewrite.
fn read(word: &str) -> Option<Vec<String>> {
    if word.starts_with('-') || is_socket(word) {
        return None;
    }
    url(word).or_else(|| socat(word)).or_else(|| bare(word))
}

fn url(word: &str) -> Option<Vec<String>> {
    let (scheme, rest) = word.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().filter(|text| !text.is_empty())?;
    let authority = authority.rsplit_once('@').map_or(authority, |(_user, host)| host);
    if let Some((host, port)) = host_and_port(authority) {
        return Some(vec![host, port]);
    }
    let scheme = scheme.to_ascii_lowercase();
    let known = SCHEMES.iter().find(|(name, _)| *name == scheme).map(|(_, port)| *port);
    let port = known.or_else(|| service::port(&scheme))?;
    Some(vec![unbracketed(authority).to_owned(), port.to_string()])
}

fn socat(word: &str) -> Option<Vec<String>> {
    let (kind, rest) = word.split_once(':')?;
    let address = rest.split(',').next()?;
    let kind = kind.to_ascii_lowercase();
    let is = |names: &[&str]| names.contains(&kind.as_str());
    let prefix = match kind.as_str() {
        _ if is(&UNIX) => "unix:",
        _ if is(&ABSTRACT) => "unix:@",
        "vsock-connect" => "vsock:",
        // VMADDR_CID_ANY of vsock(7): every address of this machine.
        "vsock-listen" | "vsock-l" => "vsock:4294967295:",
        _ => "",
    };
    if !prefix.is_empty() {
        return Some(vec![format!("{prefix}{address}")]);
    }
    if LISTENING.contains(&kind.as_str()) {
        return Some(vec![address.to_owned()]);
    }
    let (host, port) = OPENING.contains(&kind.as_str()).then(|| host_and_port(address))??;
    Some(vec![host, port])
}

fn bare(word: &str) -> Option<Vec<String>> {
    let host = word.rsplit_once('@').map_or(word, |(_user, host)| host);
    let trimmed = host.trim_end_matches(['/', ':']);
    if let Some((host, port)) = host_and_port(trimmed).filter(|_| trimmed != word || is_v6_and_port(word)) {
        return Some(vec![host, port]);
    }
    if let Some((left, right)) = joined_otherwise(trimmed) {
        return Some(vec![left.to_owned(), right.to_owned()]);
    }
    (trimmed != word && !trimmed.is_empty() && !word.ends_with("::")).then(|| vec![trimmed.to_owned()])
}

/// `localhost/80`, `127.0.0.1.80`; not a range of addresses, which has a slash as well.
fn joined_otherwise(word: &str) -> Option<(&str, &str)> {
    let (left, right) = word.rsplit_once(['/', '.'])?;
    let is_v4 = left.parse::<Ipv4Addr>().is_ok();
    let is_host =
        if word[left.len()..].starts_with('/') { !is_v4 && !left.contains(['/', ':']) } else { is_v4 };
    (is_host && right.parse::<u16>().is_ok()).then_some((left, right))
}

fn is_v6_and_port(word: &str) -> bool {
    word.rsplit_once(':').is_some_and(|(host, _)| is_v6(host))
}

fn is_v6(word: &str) -> bool {
    word.split('%').next().is_some_and(|ip| ip.parse::<Ipv6Addr>().is_ok())
}

/// `HOST:PORT`, whose host may be an IPv6 address without brackets.
fn host_and_port(word: &str) -> Option<(String, String)> {
    let (host, port) = word.rsplit_once(':')?;
    let host = unbracketed(host);
    let one_address = !host.contains(':') || is_v6(host);
    let is_pair = one_address && !host.is_empty() && port.parse::<u16>().is_ok();
    is_pair.then(|| (host.to_owned(), port.to_owned()))
}

fn unbracketed(host: &str) -> &str {
    host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host)
}
