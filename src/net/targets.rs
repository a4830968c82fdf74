//! Hosts with port lists, as a check and a client of many read them.

use super::address::{
    Endpoint, Host, Target, expect_brackets, expect_no_url, is_socket, parse_socket, split,
};
use super::ports::{AddrError, PortSet, wrong};
use super::service;
use crate::event::Address;

/// What one or more words name: a host with its ports, or a socket that needs none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Group {
    /// A host and the ports of it.
    Ports(Host, PortSet),
    /// A UNIX or vsock socket.
    Socket(Address),
}

impl Group {
    /// Every port; of a socket one, which is 0.
    pub fn ports(&self) -> impl Iterator<Item = u16> + '_ {
        let (ports, socket) = match self {
            Self::Ports(_, ports) => (Some(ports), None),
            Self::Socket(_) => (None, Some(0)),
        };
        ports.into_iter().flat_map(PortSet::iter).chain(socket)
    }

    /// The target at one of [`Self::ports`].
    #[must_use]
    pub fn target(&self, port: u16) -> Target {
        match self {
            Self::Ports(host, _) => Endpoint { host: host.clone(), port }.into(),
            Self::Socket(address) => Target::Socket(address.clone()),
        }
    }
}

/// Reads the targets of a check: hosts, each with the port lists that follow it or are attached to it, and sockets.
///
/// `a b 22,80` is both hosts with both ports, `a:22 b:80` one each, `22` is localhost, `a,b 22` both hosts.
pub fn parse_targets(words: &[String]) -> Result<Vec<Group>, AddrError> {
    words.iter().try_for_each(|word| expect_no_url(word))?;
    let mut targets = Vec::new();
    let mut waiting: Vec<Host> = Vec::new();
    let mut ports_seen = false;
    for word in words {
        if is_socket(word) {
            targets.push(Group::Socket(parse_socket(word)?));
            continue;
        }
        if let Some((host, ports)) = split(word) {
            let host = if host.is_empty() { Host::Localhost } else { Host::parse(host)? };
            targets.push(Group::Ports(host, PortSet::parse(ports)?));
            continue;
        }
        if PortSet::looks_like(word) || (service::port(word).is_some() && !waiting.is_empty()) {
            let ports = PortSet::parse(word)?;
            if waiting.is_empty() {
                waiting.push(Host::Localhost);
            }
            targets.extend(waiting.iter().map(|host| Group::Ports(host.clone(), ports.clone())));
            ports_seen = true;
            continue;
        }
        if ports_seen {
            waiting.clear();
            ports_seen = false;
        }
        if word.split(',').any(PortSet::looks_like) {
            // A list with a port in it is one of ports, whatever is wrong with the rest of it.
            PortSet::parse(word)?;
        }
        for host in word.split(',') {
            waiting.push(Host::parse(host)?);
        }
    }
    match waiting.as_slice() {
        [Host::Name(name)] if words.len() == 1 && service::port(name).is_some() => {
            targets.push(Group::Ports(Host::Localhost, PortSet::parse(name)?));
        }
        [.., host] if !ports_seen => {
            expect_brackets(words)?;
            return wrong(format!("{host} has no port; type {host} PORTS"));
        }
        _ => {}
    }
    if targets.is_empty() {
        return wrong("no target; type HOST PORTS, for example `example.com 22,80,8000-8010`");
    }
    Ok(targets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn hosts_and_ports_multiply() {
        let read = |line: &str| -> Vec<String> {
            parse_targets(&words(line))
                .unwrap()
                .iter()
                .flat_map(|group| group.ports().map(move |p| group.target(p).to_string()))
                .collect()
        };
        assert_eq!(read("a b 22,80"), ["a:22", "a:80", "b:22", "b:80"]);
        assert_eq!(read("a,b 22"), ["a:22", "b:22"]);
        assert_eq!(read("a:22 b:80-81"), ["a:22", "b:80", "b:81"]);
        assert_eq!(read("22,80"), ["localhost:22", "localhost:80"]);
        assert_eq!(read("a 22 b http"), ["a:22", "b:80"]);
        assert!(parse_targets(&words("a")).is_err());
        assert!(parse_targets(&words("a 22 b")).is_err());
        assert_eq!(read("a 22 unix:/x:y vsock:1:2 b:3"), ["a:22", "unix:/x:y", "vsock:1:2", "b:3"]);
        assert!(parse_targets(&words("unix:")).is_err());
    }
}
