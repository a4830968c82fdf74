//! A map that forgets. Pure.

use std::collections::HashMap;
use std::hash::Hash;

/// Keeps the keys used last, at least `limit` of them and at most twice as many.
pub(super) struct Recent<K, V> {
    limit: usize,
    new: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Eq + Hash + Clone, V: Default> Recent<K, V> {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, new: HashMap::new(), old: HashMap::new() }
    }

    /// The value of a key, which is new where it was not known, or forgotten.
    pub(super) fn entry(&mut self, key: &K) -> &mut V {
        if !self.new.contains_key(key) {
            let value = self.old.remove(key).unwrap_or_default();
            if self.new.len() >= self.limit {
                self.old = std::mem::take(&mut self.new);
            }
            self.new.insert(key.clone(), value);
        }
        self.new.entry(key.clone()).or_default()
    }

    /// The value of a key that is known.
    pub(super) fn find(&self, key: &K) -> Option<&V> {
        self.new.get(key).or_else(|| self.old.get(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_rest_is_forgotten() {
        let mut map: Recent<u32, u32> = Recent::new(10);
        for key in 0..1000 {
            *map.entry(&key) = key;
            assert_eq!(*map.entry(&0), 0, "used all the time");
            *map.entry(&0) = 0;
        }
        assert_eq!(map.find(&999), Some(&999));
        assert_eq!(map.find(&500), None);
        assert!(map.new.len() + map.old.len() <= 20);
    }
}
