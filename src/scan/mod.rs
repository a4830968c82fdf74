//! Many targets as one piece of work: what is to be tried, in which order answers are told, how it came out. Pure.

use crate::net::address::Host;
use crate::net::ports::PortSet;
use std::collections::BTreeMap;

/// One host of a scan with its ports.
pub type Group = (Host, PortSet);

/// Every target: the index of its group, and its port.
pub fn targets(groups: &[Group]) -> impl Iterator<Item = (usize, u16)> + '_ {
    groups.iter().enumerate().flat_map(|(i, (_, ports))| ports.iter().map(move |port| (i, port)))
}

/// Puts answers that come in any order back into the order of the questions.
pub struct InOrder<T> {
    next: usize,
    held: BTreeMap<usize, T>,
}

impl<T> Default for InOrder<T> {
    fn default() -> Self {
        Self { next: 0, held: BTreeMap::new() }
    }
}

impl<T> InOrder<T> {
    /// Takes the answer to question `index`; gives every answer that can be told now.
    pub fn push(&mut self, index: usize, answer: T) -> impl Iterator<Item = T> + '_ {
        self.held.insert(index, answer);
        std::iter::from_fn(move || {
            let answer = self.held.remove(&self.next)?;
            self.next += 1;
            Some(answer)
        })
    }
}

/// How many of the targets came out as wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All of them.
    pub total: usize,
    /// Those that did.
    pub good: usize,
    /// Those this machine would not try.
    pub failed: usize,
    /// Those whose name gave no address.
    pub unresolved: usize,
}

impl Tally {
    /// Counts one target.
    pub fn count(&mut self, good: bool) {
        self.total += 1;
        self.good += usize::from(good);
    }

    /// Whether none was tried, because this machine would not.
    #[must_use]
    pub const fn is_local(self) -> bool {
        self.failed == self.total
    }

    /// Whether all came out as wanted.
    #[must_use]
    pub const fn all(self) -> bool {
        self.good == self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hosts_come_in_turn_with_their_ports() {
        let groups = [
            (Host::Localhost, PortSet::parse("1-2").unwrap()),
            (Host::Localhost, PortSet::parse("9").unwrap()),
        ];
        assert_eq!(targets(&groups).collect::<Vec<_>>(), [(0, 1), (0, 2), (1, 9)]);
    }

    proptest! {
        #[test]
        fn answers_are_told_in_the_order_of_the_questions(order in Just((0..50usize).collect::<Vec<_>>()).prop_shuffle()) {
            let mut sorted = InOrder::default();
            let told: Vec<usize> = order.iter().flat_map(|&i| sorted.push(i, i).collect::<Vec<_>>()).collect();
            prop_assert_eq!(told, (0..50).collect::<Vec<_>>());
        }
    }
}
