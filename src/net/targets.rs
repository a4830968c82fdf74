//! Hosts with port lists, as a check and a client of many read them.

use super::address::{Host, expect_brackets, expect_no_path, expect_no_url, split};
use super::ports::{AddrError, PortSet, wrong};
use super::service;

/// Reads the targets of a check: hosts, each with the port lists that follow it or are attached to it.
///
/// `a b 22,80` is both hosts with both ports, `a:22 b:80` one each, `22` is localhost, `a,b 22` both hosts.
pub fn parse_targets(words: &[String]) -> Result<Vec<(Host, PortSet)>, AddrError> {
    expect_no_path(words)?;
    words.iter().try_for_each(|word| expect_no_url(word))?;
    let mut targets = Vec::new();
    let mut waiting: Vec<Host> = Vec::new();
    let mut ports_seen = false;
    for word in words {
        if let Some((host, ports)) = split(word) {
            let host = if host.is_empty() { Host::Localhost } else { Host::parse(host)? };
            targets.push((host, PortSet::parse(ports)?));
            continue;
        }
        if PortSet::looks_like(word) || (service::port(word).is_some() && !waiting.is_empty()) {
            let ports = PortSet::parse(word)?;
            if waiting.is_empty() {
                waiting.push(Host::Localhost);
            }
            targets.extend(waiting.iter().map(|host| (host.clone(), ports.clone())));
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
            targets.push((Host::Localhost, PortSet::parse(name)?));
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
                .flat_map(|(h, ports)| ports.iter().map(move |p| format!("{h}:{p}")))
                .collect()
        };
        assert_eq!(read("a b 22,80"), ["a:22", "a:80", "b:22", "b:80"]);
        assert_eq!(read("a,b 22"), ["a:22", "b:22"]);
        assert_eq!(read("a:22 b:80-81"), ["a:22", "b:80", "b:81"]);
        assert_eq!(read("22,80"), ["localhost:22", "localhost:80"]);
        assert_eq!(read("a 22 b http"), ["a:22", "b:80"]);
        assert!(parse_targets(&words("a")).is_err());
        assert!(parse_targets(&words("a 22 b")).is_err());
        assert_eq!(
            parse_targets(&words("unix:/x")).unwrap_err().0,
            "unix:/x: UNIX sockets are not supported yet"
        );
    }
}
