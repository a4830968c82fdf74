//! The access rules of a datagram server: what denied peers send is dropped before anything is done with it.

use crate::event::{Event, Kind, Subject};
use crate::net::acl::{AccessRules, Denial};
use crate::sys::Error;
use crate::sys::mmsg::Inbox;
use crate::sys::socket::Socket;
use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, SocketAddr};

/// Denied addresses that are told, one event each: sender addresses are easily invented, memory and attention are not.
const MOST: usize = 1024;

/// Lets datagrams in, and remembers who was told as refused.
pub(super) struct Gate {
    access: AccessRules,
    told: HashSet<IpAddr>,
}

impl Gate {
    pub(super) fn new(access: AccessRules) -> Self {
        Self { access, told: HashSet::new() }
    }

    /// [`Inbox::receive`] without the datagrams of denied peers. 0 if there were others alone.
    pub(super) fn receive(&mut self, inbox: &mut Inbox, socket: &Socket, limit: usize) -> io::Result<usize> {
        if self.access.is_open() {
            return inbox.receive(socket, limit);
        }
        let Self { access, told } = self;
        inbox.receive_from(socket, limit, |peer| {
            let verdict = access.check(peer);
            if let Err(denial) = verdict {
                tell(told, peer, denial, socket);
            }
            verdict.is_ok()
        })
    }
}

/// What becomes of the news that an address is denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum News {
    /// It is told.
    First,
    /// It was told before, or is one too many.
    Old,
    /// It is the first one too many, which is told instead.
    TooMany,
}

/// Whether an address, whatever its port, is news; notes that it is not any more.
fn news(told: &mut HashSet<IpAddr>, ip: IpAddr) -> News {
    match told.len() {
        full if full > MOST => News::Old,
        _ if !told.insert(ip.to_canonical()) => News::Old,
        MOST => News::TooMany,
        _ => News::First,
    }
}

fn tell(told: &mut HashSet<IpAddr>, peer: SocketAddr, denial: Denial<'_>, socket: &Socket) {
    match news(told, peer.ip()) {
        News::Old => {}
        News::First => socket.emit(|subject| Event::Refuse {
            socket: Subject { peer: Some(peer), ..subject },
            reason: denial.to_string(),
        }),
        News::TooMany => {
            let text = format!("{MOST} addresses were refused before; from now on that is not told");
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
    fn an_address_is_told_once_and_invented_ones_do_not_fill_memory() {
        let mut told = HashSet::new();
        let ip = |n: usize| IpAddr::from(Ipv4Addr::from(u32::try_from(n).unwrap()));
        assert_eq!(news(&mut told, ip(0)), News::First);
        assert_eq!(news(&mut told, "::ffff:0.0.0.0".parse().unwrap()), News::Old);
        assert!((1..MOST).all(|n| news(&mut told, ip(n)) == News::First));
        assert_eq!(news(&mut told, ip(MOST - 1)), News::Old);
        assert_eq!(news(&mut told, ip(MOST)), News::TooMany);
        assert!((0..MOST * 9).all(|n| news(&mut told, ip(n)) == News::Old));
        assert_eq!(told.len(), MOST + 1);
    }
}
