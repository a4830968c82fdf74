//! Who gets the lines of standard input: the peer that spoke last, or everybody heard lately. Pure.

use crate::sys::mmsg::Origin;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long a silent peer is still sent to where lines go to all.
const LATELY: Duration = Duration::from_mins(1);
/// Peers remembered: sender addresses are easily invented, memory is not. The half that was silent longest is forgotten.
const MOST: usize = 4096;

/// A peer, and how it is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Recipient {
    pub(super) address: SocketAddr,
    /// Which of the server's sockets heard it.
    pub(super) socket: usize,
    /// Makes what is sent leave from the address it wrote to.
    pub(super) origin: Option<Origin>,
}

/// The peers that may be sent to.
#[derive(Default)]
pub(super) struct Recipients {
    last: Option<(Recipient, Instant)>,
    /// When each was last heard; only kept where lines go to all.
    heard: Option<HashMap<SocketAddr, (Recipient, Instant)>>,
}

impl Recipients {
    /// Nobody yet; lines go to all, or to the last one.
    pub(super) fn new(all: bool) -> Self {
        Self { last: None, heard: all.then(HashMap::new) }
    }

    /// A peer spoke.
    pub(super) fn heard(&mut self, peer: Recipient, now: Instant) {
        if self.last == Some((peer, now)) {
            return; // one of a batch
        }
        self.last = Some((peer, now));
        if let Some(heard) = &mut self.heard {
            if heard.len() >= MOST && !heard.contains_key(&peer.address) {
                forget_half(heard);
            }
            heard.insert(peer.address, (peer, now));
        }
    }

    /// Whether a line sent now goes to anybody.
    pub(super) fn is_anybody(&self, now: Instant) -> bool {
        self.last.is_some_and(|(_, at)| self.heard.is_none() || is_lately(at, now))
    }

    /// Who gets a line that is sent now.
    pub(super) fn now(&mut self, now: Instant) -> Vec<Recipient> {
        match &mut self.heard {
            None => self.last.iter().map(|(peer, _)| *peer).collect(),
            Some(heard) => {
                heard.retain(|_, (_, at)| is_lately(*at, now));
                heard.values().map(|(peer, _)| *peer).collect()
            }
        }
    }
}

fn is_lately(at: Instant, now: Instant) -> bool {
    now.saturating_duration_since(at) < LATELY
}

fn forget_half(heard: &mut HashMap<SocketAddr, (Recipient, Instant)>) {
    let mut times: Vec<Instant> = heard.values().map(|(_, at)| *at).collect();
    times.sort_unstable();
    let middle = times[times.len() / 2];
    heard.retain(|_, (_, at)| *at > middle);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: usize) -> Recipient {
        let number = u32::try_from(number).unwrap();
        Recipient { address: (std::net::Ipv4Addr::from(number), 9).into(), socket: 0, origin: None }
    }

    #[test]
    fn the_last_one_stays_for_ever() {
        let (mut peers, now) = (Recipients::new(false), Instant::now());
        assert!(!peers.is_anybody(now));
        peers.heard(peer(1), now);
        peers.heard(peer(2), now);
        let later = now + LATELY * 100;
        assert!(peers.is_anybody(later));
        assert_eq!(peers.now(later), [peer(2)]);
    }

    #[test]
    fn all_are_those_of_the_last_minute() {
        let (mut peers, now) = (Recipients::new(true), Instant::now());
        peers.heard(peer(1), now);
        peers.heard(peer(2), now + LATELY / 2);
        assert_eq!(peers.now(now + LATELY / 2).len(), 2);
        assert_eq!(peers.now(now + LATELY), [peer(2)]);
        assert!(peers.is_anybody(now + LATELY) && !peers.is_anybody(now + LATELY * 2));
        assert!(peers.now(now + LATELY * 2).is_empty());
    }

    #[test]
    fn invented_senders_do_not_fill_memory() {
        let (mut peers, now) = (Recipients::new(true), Instant::now());
        for i in 0..MOST * 3 {
            peers.heard(peer(i), now + Duration::from_micros(i as u64));
        }
        let then = now + Duration::from_secs(1);
        let held = peers.now(then);
        assert!(
            (MOST / 2..=MOST).contains(&held.len()) && held.contains(&peer(MOST * 3 - 1)),
            "{}",
            held.len()
        );
    }
}
