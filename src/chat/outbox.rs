//! What one member has still to be sent: a place in the shared log, and the exceptions on the way. Pure.
//!
//! Everybody reads the same log. What differs is kept as a short list of marks: here a notice for this member alone
//! goes in, from here to there lies a line of its own that it is not told again. A member who only listens has none.

use super::log::{Log, count_lines};
use std::collections::VecDeque;
use std::io::IoSlice;
use std::ops::Range;

/// One member's view of the log.
#[derive(Debug)]
pub struct Outbox {
    at: u64,
    /// In order of `at`, none reaching into the next.
    marks: VecDeque<Mark>,
    /// Bytes already sent of the first mark's notice.
    sent: usize,
    /// Bytes of all notices.
    private: u64,
}

/// At this place send `notice`, then leave out `skip` bytes of the log.
#[derive(Debug)]
struct Mark {
    at: u64,
    notice: Vec<u8>,
    skip: u64,
}

impl Mark {
    const fn resume(&self) -> u64 {
        self.at + self.skip
    }
}

impl Outbox {
    /// Reads the log from `place` on, which is a line's start.
    #[must_use]
    pub fn new(place: u64) -> Self {
        Self { at: place, marks: VecDeque::new(), sent: 0, private: 0 }
    }

    /// The place before which this member needs nothing any more.
    #[must_use]
    pub const fn place(&self) -> u64 {
        self.at
    }

    /// How far it is behind, in bytes: own lines included, as the log must hold them as well.
    #[must_use]
    pub const fn lag(&self, log: &Log) -> u64 {
        log.end() - self.at + self.private()
    }

    /// Bytes that wait for this member alone.
    #[must_use]
    pub const fn private(&self) -> u64 {
        self.private - self.sent as u64
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self, log: &Log) -> bool {
        self.at == log.end() && self.marks.is_empty()
    }

    /// Leaves out `range`, the line just appended.
    pub fn skip(&mut self, range: Range<u64>) {
        let len = range.end - range.start;
        match self.marks.back_mut() {
            Some(last) if last.resume() == range.start => last.skip += len,
            None if self.at == range.start => self.at = range.end,
            _ => self.marks.push_back(Mark { at: range.start, notice: Vec::new(), skip: len }),
        }
    }

    /// Sends `notice` to this member alone, after all that was said so far and before what is said next.
    pub fn tell(&mut self, log: &Log, notice: &[u8]) {
        self.private += notice.len() as u64;
        match self.marks.back_mut() {
            Some(last) if last.at == log.end() => last.notice.extend_from_slice(notice),
            _ => self.marks.push_back(Mark { at: log.end(), notice: notice.to_vec(), skip: 0 }),
        }
    }

    /// Everything that waits, in order.
    pub fn waiting<'a>(&'a self, log: &'a Log) -> impl Iterator<Item = &'a [u8]> {
        let mut from = self.at;
        let mut sent = self.sent;
        let marked = self.marks.iter().flat_map(move |mark| {
            let said = log.slices(std::mem::replace(&mut from, mark.resume())..mark.at);
            said.chain(std::iter::once(&mark.notice[std::mem::take(&mut sent)..]))
        });
        let rest = self.marks.back().map_or(self.at, Mark::resume);
        marked.chain(log.slices(rest..log.end())).filter(|slice| !slice.is_empty())
    }

    /// Fills `slices` from the front of what waits; how many were filled.
    pub fn gather<'a>(&'a self, log: &'a Log, slices: &mut [IoSlice<'a>]) -> usize {
        slices.iter_mut().zip(self.waiting(log)).map(|(slot, piece)| *slot = IoSlice::new(piece)).count()
    }

    /// Notes that the first `written` bytes of what waited were sent.
    pub fn advance(&mut self, mut written: u64) {
        loop {
            let Some(mark) = self.marks.front() else {
                self.at += written;
                return;
            };
            let said = written.min(mark.at - self.at);
            self.at += said;
            written -= said;
            let noticed = written.min((mark.notice.len() - self.sent) as u64);
            written -= noticed;
            // Not more than what is left of a notice in memory.
            self.sent += usize::try_from(noticed).unwrap_or(usize::MAX);
            if self.at < mark.at || self.sent < mark.notice.len() {
                return;
            }
            self.at = mark.resume();
            self.private -= mark.notice.len() as u64;
            self.sent = 0;
            self.marks.pop_front();
        }
    }

    /// Leaves out everything that waits, but finishes the line that is half sent; how many lines of others are lost.
    pub fn jump(&mut self, log: &Log) -> usize {
        let waited = self.lines(log);
        let (mut rest, mut said) = (Vec::new(), 0);
        if let Some(notice) = self.marks.front().filter(|_| self.sent > 0) {
            let line_end = |&at: &usize| at > self.sent && notice.notice[at - 1] == b'\n';
            let end = (self.sent..notice.notice.len()).find(line_end).unwrap_or(notice.notice.len());
            rest.extend_from_slice(&notice.notice[self.sent - 1..end]);
        } else if log.line_start(self.at) > self.at {
            // The byte before, for the same reason.
            log.slices(self.at - 1..log.line_start(self.at)).for_each(|part| rest.extend_from_slice(part));
            said = 1;
        }
        *self = Self::new(log.end());
        if !rest.is_empty() {
            // A notice whose first byte is sent: should it come to another jump, this line is finished as well.
            self.tell(log, &rest);
            self.sent = 1;
        }
        waited - said
    }

    /// Lines of others that wait, a half-sent one included.
    fn lines(&self, log: &Log) -> usize {
        let notices: usize = self.marks.iter().map(|m| count_lines(&m.notice)).sum();
        let told = self.marks.front().map_or(0, |m| count_lines(&m.notice[..self.sent]));
        self.waiting(log).map(count_lines).sum::<usize>() - (notices - told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(outbox: &Outbox, log: &Log) -> String {
        String::from_utf8(outbox.waiting(log).flatten().copied().collect()).unwrap()
    }

    #[test]
    fn own_lines_are_left_out_and_notices_keep_their_place() {
        let mut log = Log::default();
        let mut outbox = Outbox::new(0);
        let first = log.append(&[b"own"]);
        outbox.skip(first);
        assert!(outbox.is_empty(&log), "an own line alone is nothing to send");
        log.append(&[b"a"]);
        outbox.tell(&log, b"notice\n");
        let range = log.append(&[b"own"]);
        outbox.skip(range);
        let range = log.append(&[b"own"]);
        outbox.skip(range);
        outbox.tell(&log, b"more\n");
        log.append(&[b"b"]);
        assert_eq!(text(&outbox, &log), "a\nnotice\nmore\nb\n");
        assert_eq!(outbox.marks.len(), 2, "neighbours share a mark");
        for _ in 0.."a\nnotice\nmore\nb".len() {
            outbox.advance(1);
        }
        assert_eq!(text(&outbox, &log), "\n");
        outbox.advance(1);
        assert!(outbox.is_empty(&log));
        assert_eq!(outbox.lag(&log), 0);
    }

    #[test]
    fn a_jump_finishes_the_line_that_is_half_sent() {
        let mut log = Log::default();
        let mut outbox = Outbox::new(0);
        for line in ["one", "two", "three"] {
            log.append(&[line.as_bytes()]);
        }
        outbox.advance(1);
        assert_eq!(outbox.jump(&log), 2);
        outbox.tell(&log, b"skipped\n");
        log.append(&[b"four"]);
        assert_eq!(text(&outbox, &log), "ne\nskipped\nfour\n");
    }

    #[test]
    fn a_jump_finishes_the_notice_that_is_half_sent() {
        let mut log = Log::default();
        let mut outbox = Outbox::new(0);
        outbox.tell(&log, b"notice\nsecond\n");
        log.append(&[b"lost"]);
        outbox.advance(3);
        assert_eq!(outbox.jump(&log), 1);
        assert_eq!(text(&outbox, &log), "ice\n");
        outbox.advance(4);
        assert!(outbox.is_empty(&log));
        assert_eq!(outbox.lag(&log), 0);
    }

    #[test]
    fn a_jump_at_a_line_start_leaves_nothing() {
        let mut log = Log::default();
        let mut outbox = Outbox::new(0);
        log.append(&[b"one"]);
        assert_eq!(outbox.jump(&log), 1);
        assert!(outbox.is_empty(&log));
    }
}
