//! What answers mean for a check: whether a target is as wanted, whether another round may help, the verdict.

use crate::event::Outcome;

/// What every target is wanted to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// It accepts connections.
    Open,
    /// It refuses them.
    Closed,
}

impl Wanted {
    /// Whether a target came out so. A port that does not answer is neither open nor closed: its SYN may be lost, its
    /// accept queue full, a firewall in between.
    #[must_use]
    pub const fn is_met(self, outcome: Outcome) -> bool {
        matches!((self, outcome), (Self::Open, Outcome::Open) | (Self::Closed, Outcome::Closed))
    }

    /// The word users read.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

/// Whether the answer of one address of a target says as much as that of another, or more: a refusal is an answer of
/// the target, silence is none.
#[must_use]
pub const fn says_more(new: Outcome, old: Outcome) -> bool {
    const fn rank(outcome: Outcome) -> u8 {
        match outcome {
            Outcome::Open => 0,
            Outcome::TlsFailed | Outcome::NoMatch | Outcome::NoAnswer => 1,
            Outcome::Closed => 2,
            Outcome::Filtered => 3,
            _ => 4,
        }
    }
    rank(new) <= rank(old)
}

/// How many of the targets came out how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All of them.
    pub total: usize,
    /// As wanted.
    pub good: usize,
    /// Not tried, because this machine could not.
    failed: usize,
    /// Not tried, because the name has no address.
    unresolved: usize,
}

/// What a check says at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// This machine could try none of the targets.
    Local,
    /// None is as wanted.
    None,
    /// Some are.
    Some,
    /// All are.
    All,
}

impl Tally {
    /// Counts one target.
    pub fn count(&mut self, outcome: Outcome, wanted: Wanted) {
        self.total += 1;
        self.good += usize::from(wanted.is_met(outcome));
        self.failed += usize::from(outcome == Outcome::Failed);
        self.unresolved += usize::from(outcome == Outcome::Unresolved);
    }

    /// Counts the targets of another round as well.
    pub const fn add(&mut self, other: Self) {
        self.total += other.total;
        self.good += other.good;
        self.failed += other.failed;
        self.unresolved += other.unresolved;
    }

    /// The verdict if this was the last round.
    #[must_use]
    pub const fn verdict(self) -> Verdict {
        match self {
            _ if self.failed == self.total => Verdict::Local,
            Self { good: 0, .. } => Verdict::None,
            _ if self.good == self.total => Verdict::All,
            _ => Verdict::Some,
        }
    }

    /// Whether another round would change nothing: all is as wanted, or this machine could try nothing, which it cannot
    /// later either. A name may have an address later, where there is a `limit` to the wait for it.
    #[must_use]
    pub const fn is_final(self, limited: bool) -> bool {
        matches!(self.verdict(), Verdict::All | Verdict::Local) || (!limited && self.unresolved == self.total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(wanted: Wanted, outcomes: &[Outcome]) -> Tally {
        let mut tally = Tally::default();
        for outcome in outcomes {
            tally.count(*outcome, wanted);
        }
        tally
    }

    #[test]
    fn a_silent_port_is_neither_open_nor_closed() {
        for wanted in [Wanted::Open, Wanted::Closed] {
            assert!(!wanted.is_met(Outcome::Filtered) && !wanted.is_met(Outcome::Failed));
        }
        assert!(Wanted::Closed.is_met(Outcome::Closed) && !Wanted::Closed.is_met(Outcome::Open));
    }

    #[test]
    fn the_verdict_counts_targets_as_wanted() {
        use Outcome::{Closed, Failed, Open, Unresolved};
        for (outcomes, verdict) in [
            (&[Open, Open][..], Verdict::All),
            (&[Open, Closed], Verdict::Some),
            (&[Closed, Failed], Verdict::None),
            (&[Failed, Failed], Verdict::Local),
            (&[Failed, Open], Verdict::Some),
            (&[Unresolved], Verdict::None),
        ] {
            assert_eq!(tally(Wanted::Open, outcomes).verdict(), verdict, "{outcomes:?}");
        }
    }

    #[test]
    fn rounds_go_on_while_they_may_help() {
        use Outcome::{Closed, Failed, Open, Unresolved};
        let over = |outcomes: &[Outcome], limited| tally(Wanted::Open, outcomes).is_final(limited);
        assert!(over(&[Open], true) && over(&[Failed], true));
        assert!(!over(&[Open, Closed], true) && !over(&[Failed, Closed], false));
        assert!(over(&[Unresolved], false) && !over(&[Unresolved], true));
    }

    #[test]
    fn the_answer_of_the_target_itself_counts() {
        use Outcome::{Closed, Failed, Filtered, Open};
        let order = [Open, Closed, Filtered, Failed];
        for pair in order.windows(2) {
            assert!(says_more(pair[0], pair[1]) && !says_more(pair[1], pair[0]), "{pair:?}");
        }
        assert!(says_more(Failed, Failed), "of equal answers the last one counts");
    }
}
