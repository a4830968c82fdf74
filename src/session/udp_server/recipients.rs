//! The recipients of input: the sender of the last datagram, or every sender of the last minute. Pure.

use crate::event::Address;
use crate::sys::mmsg::Origin;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How long a silent peer stays a recipient where input goes to all.
const EXPIRY: Duration = Duration::from_mins(1);
/// The most peers remembered, because sender addresses can be forged in any number. Above it the half that was silent
/// longest is removed.
const CAPACITY: usize = 4096;

/// A peer, and the way to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recipient {
    pub(super) address: Address,
    /// The number of the socket that received its datagram.
    pub(super) socket: usize,
    /// Makes datagrams leave from the address that it sent to.
    pub(super) origin: Option<Origin>,
}

/// The peers that input is sent to.
#[derive(Default)]
pub(super) struct Recipients {
    last: Option<(Recipient, Instant)>,
    /// The time of each peer's last datagram; absent where input goes to the last sender.
    all: Option<HashMap<Address, (Recipient, Instant)>>,
}

impl Recipients {
    /// No peer yet. Input goes to `all` senders, or to the last one.
    pub(super) fn new(all: bool) -> Self {
        Self { last: None, all: all.then(HashMap::new) }
    }

    /// Notes the sender of a datagram.
    pub(super) fn add(&mut self, peer: Recipient, now: Instant) {
        if let Some((last, at)) = &self.last
            && (last, *at) == (&peer, now)
        {
            return; // another datagram of its batch
        }
        if let Some(all) = &mut self.all {
            if all.len() >= CAPACITY && !all.contains_key(&peer.address) {
                remove_half(all);
            }
            all.insert(peer.address.clone(), (peer.clone(), now));
        }
        self.last = Some((peer, now));
    }

    /// Whether there is a recipient now.
    pub(super) fn is_any(&self, now: Instant) -> bool {
        self.last.as_ref().is_some_and(|(_, at)| self.all.is_none() || is_recent(*at, now))
    }

    /// The recipients now.
    pub(super) fn current(&mut self, now: Instant) -> Vec<Recipient> {
        match &mut self.all {
            None => self.last.iter().map(|(peer, _)| peer.clone()).collect(),
            Some(all) => {
                all.retain(|_, (_, at)| is_recent(*at, now));
                all.values().map(|(peer, _)| peer.clone()).collect()
            }
        }
    }
}

fn is_recent(at: Instant, now: Instant) -> bool {
    now.saturating_duration_since(at) < EXPIRY
}

fn remove_half(peers: &mut HashMap<Address, (Recipient, Instant)>) {
    let mut times: Vec<Instant> = peers.values().map(|(_, at)| *at).collect();
    times.sort_unstable();
    let middle = times[times.len() / 2];
    peers.retain(|_, (_, at)| *at > middle);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: usize) -> Recipient {
        let number = u32::try_from(number).unwrap();
        let address = std::net::SocketAddr::from((std::net::Ipv4Addr::from(number), 9));
        Recipient { address: address.into(), socket: 0, origin: None }
    }

    #[test]
    fn the_last_sender_does_not_expire() {
        let (mut peers, now) = (Recipients::new(false), Instant::now());
        assert!(!peers.is_any(now));
        peers.add(peer(1), now);
        peers.add(peer(2), now);
        let later = now + EXPIRY * 100;
        assert!(peers.is_any(later));
        assert_eq!(peers.current(later), [peer(2)]);
    }

    #[test]
    fn all_are_the_senders_of_the_last_minute() {
        let (mut peers, now) = (Recipients::new(true), Instant::now());
        peers.add(peer(1), now);
        peers.add(peer(2), now + EXPIRY / 2);
        assert_eq!(peers.current(now + EXPIRY / 2).len(), 2);
        assert_eq!(peers.current(now + EXPIRY), [peer(2)]);
        assert!(peers.is_any(now + EXPIRY) && !peers.is_any(now + EXPIRY * 2));
        assert!(peers.current(now + EXPIRY * 2).is_empty());
    }

    #[test]
    fn forged_senders_do_not_fill_memory() {
        let (mut peers, now) = (Recipients::new(true), Instant::now());
        for i in 0..CAPACITY * 3 {
            peers.add(peer(i), now + Duration::from_micros(i as u64));
        }
        let then = now + Duration::from_secs(1);
        let held = peers.current(then);
        assert!(
            (CAPACITY / 2..=CAPACITY).contains(&held.len()) && held.contains(&peer(CAPACITY * 3 - 1)),
            "{}",
            held.len()
        );
    }
}
