//! The peers of a forwarding server: a bounded number, of which the one that was silent longest makes room. Pure.

use crate::event::Address;
use std::collections::{HashMap, VecDeque};
use std::time::Instant;

/// The number of the socket that a peer writes to, and its address.
pub(super) type Key = (usize, Address);

/// Peers by their address, with what belongs to each.
pub(super) struct Peers<T> {
    room: usize,
    by_key: HashMap<Key, T>,
    /// Every peer once, with a time at which it was active or before: about in the order of their last activity.
    order: VecDeque<(Key, Instant)>,
}

impl<T> Peers<T> {
    /// Room for so many, at least one.
    pub(super) fn new(room: usize) -> Self {
        Self { room: room.max(1), by_key: HashMap::new(), order: VecDeque::new() }
    }

    pub(super) fn get(&self, key: &Key) -> Option<&T> {
        self.by_key.get(key)
    }

    /// Adds a peer; returns the one that makes room for it. `active` says when a peer was last active.
    pub(super) fn insert(
        &mut self,
        key: Key,
        value: T,
        now: Instant,
        active: impl Fn(&T) -> Instant,
    ) -> Option<T> {
        let silent = if self.by_key.len() >= self.room { self.take_silent(active) } else { None };
        self.by_key.insert(key.clone(), value);
        self.order.push_back((key, now));
        silent
    }

    /// Takes the peer that was silent longest. One that was active since its time was noted is passed over, with its new
    /// time: a peer is looked at once for each time it was active.
    fn take_silent(&mut self, active: impl Fn(&T) -> Instant) -> Option<T> {
        while let Some((key, noted)) = self.order.pop_front() {
            match self.by_key.get(&key).map(&active) {
                Some(at) if at > noted => self.order.push_back((key, at)),
                Some(_) => return self.by_key.remove(&key),
                None => {}
            }
        }
        None
    }

    /// Removes a peer if it `is_it`.
    pub(super) fn remove(&mut self, key: &Key, is_it: impl Fn(&T) -> bool) {
        if self.by_key.get(key).is_some_and(is_it) {
            self.by_key.remove(key);
            self.order.retain(|(other, _)| other != key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::net::SocketAddr;
    use std::rc::Rc;
    use std::time::Duration;

    #[test]
    fn the_peer_that_was_silent_longest_makes_room() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let key = |n: u16| (0, Address::from(SocketAddr::from(([127, 0, 0, 1], n))));
        let mut peers = Peers::new(2);
        let active = |time: &Rc<Cell<Instant>>| time.get();
        let times: Vec<_> = (0..4).map(|ms| Rc::new(Cell::new(at(ms)))).collect();
        assert!(peers.insert(key(0), Rc::clone(&times[0]), at(0), active).is_none());
        assert!(peers.insert(key(1), Rc::clone(&times[1]), at(1), active).is_none());
        times[0].set(at(9));
        let gone = peers.insert(key(2), Rc::clone(&times[2]), at(10), active).unwrap();
        assert!(Rc::ptr_eq(&gone, &times[1]));
        assert!(peers.get(&key(0)).is_some() && peers.get(&key(1)).is_none());
        peers.remove(&key(2), |_| true);
        assert!(peers.insert(key(3), Rc::clone(&times[3]), at(11), active).is_none());
        assert_eq!((peers.by_key.len(), peers.order.len()), (2, 2));
    }
}
