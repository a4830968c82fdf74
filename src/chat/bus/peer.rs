//! Another machine on the bus. Pure.

use super::sequence::Sequence;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Machines that are remembered at most, those that left included: each is a few hundred bytes.
const MAX_MACHINES: usize = 1024;

/// See the module.
#[derive(Debug, Default)]
pub struct Peer {
    /// As the room knows it; never used again.
    pub id: u32,
    /// As others call it.
    pub machine: String,
    /// When its last message arrived.
    pub heard: Duration,
    /// It is there, and its members are.
    pub present: bool,
    pub sequence: Sequence,
    /// When it was asked for its members last.
    pub asked_who: Option<Duration>,
    /// A list of members that comes in parts.
    pub roster: Option<Roster>,
}

/// Members in the parts of a list received so far.
#[derive(Debug)]
pub struct Roster {
    /// The part that comes next.
    pub part: u64,
    pub members: BTreeSet<u32>,
}

/// The other machines by their origins.
#[derive(Debug, Default)]
pub struct Peers {
    pub by_origin: BTreeMap<String, Peer>,
    next_id: u32,
}

impl Peers {
    /// The machine of this origin, added if it is unknown. `None` if there are too many.
    pub fn get(&mut self, origin: &str, machine: &str, now: Duration) -> Option<&mut Peer> {
        if !self.by_origin.contains_key(origin) {
            self.make_room()?;
            let id = self.next_id;
            self.next_id = id.checked_add(1)?;
            let peer = Peer { id, machine: machine.to_owned(), ..Peer::default() };
            self.by_origin.insert(origin.to_owned(), peer);
        }
        let peer = self.by_origin.get_mut(origin)?;
        peer.heard = now;
        Some(peer)
    }

    /// Forgets the machine that left first, if there are too many.
    fn make_room(&mut self) -> Option<()> {
        if self.by_origin.len() < MAX_MACHINES {
            return Some(());
        }
        let gone = self.by_origin.iter().filter(|(_, peer)| !peer.present);
        let oldest = gone.min_by_key(|(_, peer)| peer.heard)?.0.clone();
        self.by_origin.remove(&oldest);
        Some(())
    }
}
