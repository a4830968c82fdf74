//! The lines of one machine, in order and once, although messages are lost or duplicated. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

/// Bytes of messages held back because something before them is missing.
const HELD: usize = 1 << 20;
/// How long an answer may take before it is asked for again.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often is asked.
const TRIES: u8 = 3;
/// Numbers that may be missing at once: more than any machine keeps, and a forged number of this size is no gap.
const MAX_GAP: u64 = 1 << 24;

/// The state of one machine's numbers.
#[derive(Debug, Default)]
pub struct Sequence {
    /// The number of the next line; 0 before the first message.
    expected: u64,
    /// Messages after a gap, by their first number.
    held: BTreeMap<u64, Vec<u8>>,
    held_bytes: usize,
    gap: Option<Gap>,
}

/// Missing numbers: from the expected one to this.
#[derive(Debug)]
struct Gap {
    until: u64,
    asked: Duration,
    tries: u8,
}

/// What to do with a message.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Say its lines but for so many at its front.
    Say(usize),
    /// Nothing: its lines were said, or are held back for later.
    Leave,
}

/// What a machine should be asked for, or what is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Ask for this many numbers from the first on.
    Ask(u64, u64),
    /// Gave up: so many are lost.
    Lost(u64),
}

impl Sequence {
    /// The number of the next line; 0 if nothing is known.
    pub const fn expected(&self) -> u64 {
        self.expected
    }

    /// Begins with number `next` where nothing is known yet.
    pub fn begin(&mut self, next: u64) {
        if self.expected == 0 {
            self.expected = next;
        }
    }

    /// Takes `count` lines from number `first` on, whose message is `payload`.
    pub fn take(&mut self, first: u64, count: u64, payload: &[u8], now: Duration) -> Verdict {
        self.begin(first);
        let end = first.saturating_add(count);
        if end <= self.expected {
            return Verdict::Leave;
        }
        if first > self.expected {
            if first - self.expected > MAX_GAP {
                return Verdict::Leave;
            }
            self.miss(first, now);
            if self.held_bytes + payload.len() <= HELD && !self.held.contains_key(&first) {
                self.held_bytes += payload.len();
                self.held.insert(first, payload.to_vec());
            }
            return Verdict::Leave;
        }
        let old = usize::try_from(self.expected - first).unwrap_or(usize::MAX);
        self.move_to(end);
        Verdict::Say(old)
    }

    /// Notes that numbers before `next` were sent.
    pub fn heard_of(&mut self, next: u64, now: Duration) {
        self.begin(next);
        if next > self.expected && next - self.expected <= MAX_GAP {
            self.miss(next, now);
        }
    }

    /// Notes what the machine itself says of its numbers: those before `oldest` are forgotten, and `next` is not given yet.
    /// Returns how many are lost.
    pub fn answered(&mut self, oldest: u64, next: u64) -> u64 {
        while let Some(entry) = self.held.last_entry().filter(|entry| *entry.key() >= next) {
            self.held_bytes -= entry.remove().len();
        }
        if let Some(gap) = &mut self.gap {
            gap.until = gap.until.min(next);
        }
        let until = self.gap.as_ref().map_or(0, |gap| gap.until);
        let lost = oldest.min(until).saturating_sub(self.expected);
        self.move_to(self.expected + lost);
        lost
    }

    fn miss(&mut self, until: u64, now: Duration) {
        match &mut self.gap {
            Some(gap) => gap.until = gap.until.max(until),
            // Long ago, so that it is asked for at once.
            None => self.gap = Some(Gap { until, asked: now, tries: 0 }),
        }
    }

    fn move_to(&mut self, expected: u64) {
        self.expected = expected;
        match &mut self.gap {
            Some(gap) if gap.until <= expected => self.gap = None,
            // There is progress.
            Some(gap) => gap.tries = 0,
            None => {}
        }
    }

    /// Leaves out what comes before number `next`.
    pub fn skip_to(&mut self, next: u64) {
        self.move_to(next.max(self.expected));
    }

    /// A message that was held back and comes next.
    pub fn next_held(&mut self) -> Option<Vec<u8>> {
        let first = self.held.first_entry().filter(|entry| *entry.key() <= self.expected)?;
        let payload = first.remove();
        self.held_bytes -= payload.len();
        Some(payload)
    }

    /// Gives the machine its full time again: it could not answer.
    pub fn excuse(&mut self) {
        if let Some(gap) = &mut self.gap {
            gap.tries = 0;
        }
    }

    /// What is to be done about missing numbers now.
    pub fn missing(&mut self, now: Duration) -> Option<Missing> {
        let gap = self.gap.as_mut()?;
        // What is held back needs not be sent again.
        let until = self.held.keys().next().map_or(gap.until, |&first| gap.until.min(first));
        if gap.tries > 0 && now.saturating_sub(gap.asked) < PATIENCE {
            return None;
        }
        if gap.tries < TRIES {
            (gap.asked, gap.tries) = (now, gap.tries + 1);
            return Some(Missing::Ask(self.expected, until - self.expected));
        }
        let lost = until - self.expected;
        self.move_to(until);
        Some(Missing::Lost(lost))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::ZERO;

    #[test]
    fn a_line_is_said_once() {
        let mut sequence = Sequence::default();
        assert_eq!(sequence.take(5, 2, b"", START), Verdict::Say(0), "the first heard");
        assert_eq!(sequence.take(5, 2, b"", START), Verdict::Leave, "again");
        assert_eq!(sequence.take(6, 3, b"", START), Verdict::Say(1), "one old, two new");
        assert_eq!((sequence.expected(), sequence.missing(START)), (9, None));
    }

    #[test]
    fn a_gap_is_asked_for_at_once_and_what_follows_waits() {
        let mut sequence = Sequence::default();
        sequence.begin(1);
        assert_eq!(sequence.take(4, 2, b"later", START), Verdict::Leave);
        assert_eq!(sequence.missing(START), Some(Missing::Ask(1, 3)));
        assert_eq!(sequence.missing(START), None, "asked already");
        assert_eq!(sequence.next_held(), None);
        assert_eq!(sequence.take(1, 2, b"", START), Verdict::Say(0));
        assert_eq!(sequence.missing(START), Some(Missing::Ask(3, 1)), "the rest");
        assert_eq!(sequence.take(3, 1, b"", START), Verdict::Say(0));
        assert_eq!(sequence.next_held().unwrap(), b"later");
        assert_eq!(sequence.take(4, 2, b"later", START), Verdict::Say(0));
        assert_eq!((sequence.missing(START), sequence.held_bytes), (None, 0));
    }

    #[test]
    fn what_does_not_come_is_lost_and_counted() {
        let mut sequence = Sequence::default();
        sequence.begin(1);
        sequence.take(4, 1, b"later", START);
        for second in 0..3 {
            assert_eq!(sequence.missing(PATIENCE * second), Some(Missing::Ask(1, 3)));
        }
        assert_eq!(sequence.missing(PATIENCE * 3), Some(Missing::Lost(3)));
        assert_eq!(sequence.next_held().unwrap(), b"later");
        sequence.heard_of(4, START);
        assert_eq!(sequence.missing(PATIENCE * 9), None, "nothing new");
        sequence.heard_of(7, START);
        assert_eq!(sequence.missing(START), Some(Missing::Ask(4, 3)), "the last ones got lost");
        assert_eq!(sequence.answered(6, 7), 2);
        assert_eq!(sequence.take(6, 1, b"", START), Verdict::Say(0));
        assert_eq!(sequence.missing(START), None);
    }

    #[test]
    fn forged_numbers_change_nothing() {
        let mut sequence = Sequence::default();
        sequence.begin(5);
        assert_eq!(sequence.take(1 << 50, 1, b"", START), Verdict::Leave);
        sequence.heard_of(1 << 50, START);
        assert_eq!(sequence.missing(START), None);
        assert_eq!(sequence.take(900, 1, b"forged", START), Verdict::Leave);
        assert_eq!(sequence.missing(START), Some(Missing::Ask(5, 895)));
        assert_eq!(sequence.answered(1, 5), 0, "the machine says that there is no such number");
        assert_eq!((sequence.missing(PATIENCE * 9), sequence.next_held()), (None, None));
        assert_eq!(sequence.take(5, 1, b"", START), Verdict::Say(0));
    }
}
