//! The order in which targets are tried and answers are reported.

pub use crate::net::targets::Group;
use std::collections::BTreeMap;

/// Numbered targets, each the index of its group and its port.
pub type Block = Vec<(usize, (usize, u16))>;

/// Every target: the index of its group, and its port ([`Group::ports`]).
pub fn targets(groups: &[Group]) -> impl Iterator<Item = (usize, u16)> + '_ {
    groups.iter().enumerate().flat_map(|(i, group)| group.ports().map(move |port| (i, port)))
}

/// Every target with its number, in blocks of at most `size`.
pub fn blocks(groups: &[Group], size: usize) -> Vec<Block> {
    let all: Block = targets(groups).enumerate().collect();
    all.chunks(size).map(<[_]>::to_vec).collect()
}

/// Puts answers that come in any order back into the order of the targets.
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
    /// Takes the answer of target `index`; returns every answer whose turn it is.
    pub fn push(&mut self, index: usize, answer: T) -> impl Iterator<Item = T> + '_ {
        self.held.insert(index, answer);
        std::iter::from_fn(move || {
            let answer = self.held.remove(&self.next)?;
            self.next += 1;
            Some(answer)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::address::Host;
    use crate::net::ports::PortSet;
    use proptest::prelude::*;

    fn groups() -> [Group; 2] {
        let ports = |text| PortSet::parse(text).unwrap();
        [Group::Ports(Host::Localhost, ports("1-2")), Group::Ports(Host::Localhost, ports("9"))]
    }

    #[test]
    fn hosts_follow_each_other_with_their_ports() {
        assert_eq!(targets(&groups()).collect::<Vec<_>>(), [(0, 1), (0, 2), (1, 9)]);
    }

    #[test]
    fn blocks_number_the_targets_across_hosts() {
        assert_eq!(blocks(&groups(), 2), [vec![(0, (0, 1)), (1, (0, 2))], vec![(2, (1, 9))]]);
    }

    proptest! {
        #[test]
        fn answers_are_reported_in_the_order_of_the_targets(order in Just((0..50usize).collect::<Vec<_>>()).prop_shuffle()) {
            let mut sorted = InOrder::default();
            let reported: Vec<usize> = order.iter().flat_map(|&i| sorted.push(i, i).collect::<Vec<_>>()).collect();
            prop_assert_eq!(reported, (0..50).collect::<Vec<_>>());
        }
    }
}
