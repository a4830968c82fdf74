//! The resolver: names to addresses, in the order in which they are tried. No other file looks a name up.

use super::address::{Host, Target};
use crate::event::{Address, Event, Events, Kind};
use crate::sys::detached::{Detached, run_detached};
use crate::sys::error::{Error, Result};
use crate::sys::signal::Stop;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::time::Instant;

/// Which addresses are wanted, and whether names may be looked up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lookup {
    /// IPv4 only.
    pub only_v4: bool,
    /// IPv6 only.
    pub only_v6: bool,
    /// Literal addresses only, no DNS.
    pub numeric: bool,
}

/// How long a look-up may take, and what else ends it.
#[derive(Clone, Copy)]
pub struct ResolveLimits<'a> {
    /// No answer after this is an error of kind `timeout`.
    pub deadline: Option<Instant>,
    /// The request to stop is an error of kind `Interrupted`.
    pub stop: &'a Stop,
}

impl ResolveLimits<'_> {
    /// Every address of `host`, the families in turn, the resolver's favourite first (RFC 8305 section 4), with a `resolve`
    /// event for each under `-v`.
    ///
    /// Never empty: no address is an error of kind `resolve`. The system's resolver supports neither deadlines nor
    /// signals: it runs in a thread of its own, which is abandoned where a limit ends the look-up.
    pub fn resolve(self, lookup: Lookup, host: &Host, port: u16, events: &Events) -> Result<Vec<SocketAddr>> {
        if !matches!(host, Host::Name(_)) {
            return lookup.addresses(host, port);
        }
        let failed = |error: io::Error| Error::new("resolve", host, error);
        let name = host.clone();
        match run_detached("resolve", self.deadline, self.stop, move || lookup.addresses(&name, port)) {
            Ok(Detached::Done(found)) => found.inspect(|found| emit_answers(host, found, events)),
            Ok(Detached::Stopped) => Err(failed(io::ErrorKind::Interrupted.into())),
            Ok(Detached::Late) => {
                Err(failed(io::Error::new(io::ErrorKind::TimedOut, "no answer before the deadline")))
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// As [`Self::resolve`], for any target.
    pub fn resolve_target(self, lookup: Lookup, target: &Target, events: &Events) -> Result<Vec<Address>> {
        match target {
            Target::Host(endpoint) => {
                let found = self.resolve(lookup, &endpoint.host, endpoint.port, events)?;
                Ok(found.into_iter().map(Address::from).collect())
            }
            Target::Socket(address) => Ok(vec![address.clone()]),
        }
    }
}

/// Every address of `target`, in the runtime that this is called in; dropping the future abandons the look-up.
pub async fn resolve_target(lookup: Lookup, target: &Target, events: &Events) -> Result<Vec<Address>> {
    match target {
        Target::Host(endpoint) => {
            let found = resolve(lookup, &endpoint.host, endpoint.port, events).await?;
            Ok(found.into_iter().map(Address::from).collect())
        }
        Target::Socket(address) => Ok(vec![address.clone()]),
    }
}

/// As [`ResolveLimits::resolve`], in the runtime that this is called in; dropping the future abandons the look-up.
pub async fn resolve(lookup: Lookup, host: &Host, port: u16, events: &Events) -> Result<Vec<SocketAddr>> {
    if !matches!(host, Host::Name(_)) {
        return lookup.addresses(host, port);
    }
    let name = host.clone();
    let answer = tokio::task::spawn_blocking(move || lookup.addresses(&name, port)).await;
    let found = answer.unwrap_or_else(|e| Err(Error::new("resolve", host, io::Error::other(e))))?;
    emit_answers(host, &found, events);
    Ok(found)
}

/// The `resolve` events of `-v`; a literal address was not looked up.
fn emit_answers(host: &Host, found: &[SocketAddr], events: &Events) {
    if events.detailed() && matches!(host, Host::Name(_)) {
        for &address in found {
            events.emit(Event::Resolve { host: host.to_string(), address });
        }
    }
}

impl Lookup {
    fn wants(self, address: &SocketAddr) -> bool {
        if address.is_ipv4() { !self.only_v6 } else { !self.only_v4 }
    }

    /// Blocks while a name is looked up.
    fn addresses(self, host: &Host, port: u16) -> Result<Vec<SocketAddr>> {
        let all = match host {
            Host::Localhost => {
                vec![(Ipv6Addr::LOCALHOST, port).into(), (Ipv4Addr::LOCALHOST, port).into()]
            }
            Host::Ip(ip) => vec![SocketAddr::new(*ip, port)],
            Host::Name(name) if self.numeric && !name.contains('%') => {
                let why = io::Error::other("not a literal address, and -n disables DNS");
                return Err(Error::new("resolve", name, why).about(Kind::Resolve));
            }
            Host::Name(name) => look_up(name, port)?,
        };
        let wanted = interleave(all.into_iter().filter(|a| self.wants(a)).collect());
        if wanted.is_empty() {
            let family = if self.only_v4 { "IPv4" } else { "IPv6" };
            let why = io::Error::other(format!("no {family} address"));
            return Err(Error::new("resolve", host, why).about(Kind::Resolve));
        }
        Ok(wanted)
    }
}

/// getaddrinfo(3), each address once.
fn look_up(name: &str, port: u16) -> Result<Vec<SocketAddr>> {
    let answers = (name, port).to_socket_addrs().map_err(|error| {
        let text = error.to_string();
        let reason = text.split_once(": ").map_or(text.as_str(), |(_, reason)| reason);
        Error::new("resolve", name, io::Error::other(reason.to_owned())).about(Kind::Resolve)
    })?;
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for answer in answers {
        if !addresses.contains(&answer) {
            addresses.push(answer);
        }
    }
    Ok(addresses)
}

/// The families in turn, that of the first address first.
fn interleave(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let Some(first) = addresses.first() else { return addresses };
    let v4_first = first.is_ipv4();
    let (mut one, mut other): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|a| a.is_ipv4() == v4_first);
    let mut mixed = Vec::with_capacity(one.len() + other.len());
    one.reverse();
    other.reverse();
    loop {
        match (one.pop(), other.pop()) {
            (None, None) => return mixed,
            (a, b) => mixed.extend(a.into_iter().chain(b)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_families_alternate() {
        let read = |words: &[&str]| -> Vec<SocketAddr> {
            words.iter().map(|w| SocketAddr::new(w.parse().unwrap(), 1)).collect()
        };
        let mixed = interleave(read(&["::1", "::2", "::3", "10.0.0.1", "10.0.0.2"]));
        assert_eq!(mixed, read(&["::1", "10.0.0.1", "::2", "10.0.0.2", "::3"]));
    }

    #[test]
    fn localhost_needs_no_resolver_and_families_are_filtered() {
        let v4 = Lookup { only_v4: true, numeric: true, ..Lookup::default() };
        assert_eq!(v4.addresses(&Host::Localhost, 9).unwrap(), ["127.0.0.1:9".parse().unwrap()]);
        let error = v4.addresses(&Host::Ip("::1".parse().unwrap()), 9).unwrap_err();
        assert_eq!(error.to_string(), "resolve ::1: no IPv4 address");
        assert_eq!(v4.addresses(&Host::Name("x.example".into()), 9).unwrap_err().kind(), Kind::Resolve);
    }
}
