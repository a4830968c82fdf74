//! Nicks that are taken, by what they look like. Pure.

use super::nick::likeness;
use super::remote::Claim;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

/// The claim of each nick. There may be a quarter of a million: instead of the nick's skeleton each has its 64-bit hash with
/// random keys, which nobody can foresee and two nicks share once in a billion such rooms.
#[derive(Debug, Default)]
pub struct Nicks {
    claims: BTreeMap<u64, Claim>,
    hashes: RandomState,
}

impl Nicks {
    /// Who has this nick, or one that looks the same.
    pub fn get(&self, nick: &str) -> Option<Claim> {
        self.claims.get(&self.key(nick)).copied()
    }

    pub fn insert(&mut self, nick: &str, claim: Claim) {
        self.claims.insert(self.key(nick), claim);
    }

    pub fn remove(&mut self, nick: &str) {
        self.claims.remove(&self.key(nick));
    }

    fn key(&self, nick: &str) -> u64 {
        self.hashes.hash_one(likeness(nick))
    }
}
