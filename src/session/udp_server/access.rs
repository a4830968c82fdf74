//! The access rules of a datagram server: datagrams of denied peers are dropped before they are printed or answered.

use crate::event::{Event, Kind, Subject};
use crate::net::acl::{AccessRules, Denial};
use crate::sys::Error;
use crate::sys::mmsg::BatchReceiver;
use crate::sys::socket::Socket;
use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, SocketAddr};

/// Denied addresses that are reported, one event each. Sender addresses are easily forged, so memory and events need a
/// bound.
const MOST: usize = 1024;

/// Drops the datagrams of denied peers, and remembers the addresses that were reported.
pub(super) struct AccessFilter<'a> {
    access: &'a AccessRules,
    reported: HashSet<IpAddr>,
}

impl<'a> AccessFilter<'a> {
    pub(super) fn new(access: &'a AccessRules) -> Self {
        Self { access, reported: HashSet::new() }
    }

    /// [`BatchReceiver::receive`] without the datagrams of denied peers; 0 if a batch has no others.
    pub(super) fn receive(
        &mut self,
        receiver: &mut BatchReceiver,
        socket: &Socket,
        limit: usize,
    ) -> io::Result<usize> {
        if self.access.is_open() {
            return receiver.receive(socket, limit);
        }
        let Self { access, reported } = self;
        receiver.receive_from(socket, limit, |peer| {
            let verdict = access.check(peer);
            if let Err(denial) = verdict {
                report(reported, peer, denial, socket);
            }
            verdict.is_ok()
        })
    }
}

/// How a denied datagram is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Report {
    /// By a refuse event: it is the first of its address.
    Refuse,
    /// Not at all: its address was reported, or the limit was.
    Nothing,
    /// By a warning that the limit is reached.
    Limit,
}

/// The report of a datagram from `ip`, whatever its port; notes the address.
fn next_report(reported: &mut HashSet<IpAddr>, ip: IpAddr) -> Report {
    match reported.len() {
        full if full > MOST => Report::Nothing,
        _ if !reported.insert(ip.to_canonical()) => Report::Nothing,
        MOST => Report::Limit,
        _ => Report::Refuse,
    }
}

fn report(reported: &mut HashSet<IpAddr>, peer: SocketAddr, denial: Denial<'_>, socket: &Socket) {
    match next_report(reported, peer.ip()) {
        Report::Nothing => {}
        Report::Refuse => socket.emit(|subject| Event::Refuse {
            socket: Subject { peer: Some(peer.into()), ..subject },
            reason: denial.to_string(),
        }),
        Report::Limit => {
            let text = format!("{MOST} refused addresses were reported; further ones are not");
            let fault = Error::new("recv", peer, io::Error::other(text)).about(Kind::Other).fault();
            socket.emit(|_| Event::Warning { fault });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn an_address_is_reported_once_and_invented_ones_do_not_fill_memory() {
        let mut reported = HashSet::new();
        let ip = |n: usize| IpAddr::from(Ipv4Addr::from(u32::try_from(n).unwrap()));
        assert_eq!(next_report(&mut reported, ip(0)), Report::Refuse);
        assert_eq!(next_report(&mut reported, "::ffff:0.0.0.0".parse().unwrap()), Report::Nothing);
        assert!((1..MOST).all(|n| next_report(&mut reported, ip(n)) == Report::Refuse));
        assert_eq!(next_report(&mut reported, ip(MOST - 1)), Report::Nothing);
        assert_eq!(next_report(&mut reported, ip(MOST)), Report::Limit);
        assert!((0..MOST * 9).all(|n| next_report(&mut reported, ip(n)) == Report::Nothing));
        assert_eq!(reported.len(), MOST + 1);
    }
}
