//! A reader's cursor: its place in the log, and the exceptions on the way.
//!
//! All readers read the same log. Where one reads something else, a short list of marks says so: at this place a notice
//! for this reader alone goes in, and this many bytes of the log are left out. A reader that only listens has no marks.

use super::log::{Log, count_lines};
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::ops::Range;

/// Slices of one write: a member of a chat that talks has a gap in the log for each run of its own lines, and a reader that is
/// behind has one slice a segment. The kernel takes 1024 (`IOV_MAX`); what does not fit goes with the next write.
const SLICES: usize = 64;

/// One reader's view of the log.
#[derive(Debug)]
pub struct Cursor {
    at: u64,
    /// In order of `at`; none reaches into the next.
    marks: VecDeque<Mark>,
    /// Bytes of the first mark's notice that are written.
    written: usize,
    /// Bytes of all notices.
    private: u64,
}

/// At this place `notice` goes in, then `skip` bytes of the log are left out.
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

impl Cursor {
    /// Reads the log from `place` on.
    #[must_use]
    pub fn new(place: u64) -> Self {
        Self { at: place, marks: VecDeque::new(), written: 0, private: 0 }
    }

    /// The place before which this reader needs nothing any more.
    #[must_use]
    pub const fn place(&self) -> u64 {
        self.at
    }

    /// Bytes this reader is behind, those it leaves out included: the log holds them as well.
    #[must_use]
    pub const fn lag(&self, log: &Log) -> u64 {
        log.end() - self.at + self.private()
    }

    /// Bytes that wait for this reader alone.
    #[must_use]
    pub const fn private(&self) -> u64 {
        self.private - self.written as u64
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self, log: &Log) -> bool {
        self.at == log.end() && self.marks.is_empty()
    }

    /// Leaves out `range`, which was appended last.
    pub fn leave_out(&mut self, range: Range<u64>) {
        let len = range.end - range.start;
        match self.marks.back_mut() {
            Some(last) if last.resume() == range.start => last.skip += len,
            None if self.at == range.start => self.at = range.end,
            _ => self.marks.push_back(Mark { at: range.start, notice: Vec::new(), skip: len }),
        }
    }

    /// Inserts `notice`, for this reader alone, at the end of the log.
    pub fn insert(&mut self, log: &Log, notice: &[u8]) {
        self.private += notice.len() as u64;
        match self.marks.back_mut() {
            Some(last) if last.at == log.end() => last.notice.extend_from_slice(notice),
            _ => self.marks.push_back(Mark { at: log.end(), notice: notice.to_vec(), skip: 0 }),
        }
    }

    /// Everything that waits, in order.
    fn waiting<'a>(&'a self, log: &'a Log) -> impl Iterator<Item = &'a [u8]> {
        let mut from = self.at;
        let mut written = self.written;
        let marked = self.marks.iter().flat_map(move |mark| {
            let before = log.slices(std::mem::replace(&mut from, mark.resume())..mark.at);
            before.chain(std::iter::once(&mark.notice[std::mem::take(&mut written)..]))
        });
        let rest = self.marks.back().map_or(self.at, Mark::resume);
        marked.chain(log.slices(rest..log.end())).filter(|slice| !slice.is_empty())
    }

    /// Gives `write` what waits, or the front of it, and moves on by the bytes it returns.
    pub fn write(
        &mut self,
        log: &Log,
        write: impl FnOnce(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut slices = [IoSlice::new(&[]); SLICES];
        let pairs = slices.iter_mut().zip(self.waiting(log));
        let filled = pairs.map(|(slot, piece)| *slot = IoSlice::new(piece)).count();
        let written = write(&slices[..filled])?;
        self.advance(written as u64);
        Ok(written)
    }

    fn advance(&mut self, mut written: u64) {
        loop {
            let Some(mark) = self.marks.front() else {
                self.at += written;
                return;
            };
            let shared = written.min(mark.at - self.at);
            self.at += shared;
            written -= shared;
            let noticed = written.min((mark.notice.len() - self.written) as u64);
            written -= noticed;
            // At most what is left of a notice in memory.
            self.written += usize::try_from(noticed).unwrap_or(usize::MAX);
            if self.at < mark.at || self.written < mark.notice.len() {
                return;
            }
            self.at = mark.resume();
            self.private -= mark.notice.len() as u64;
            self.written = 0;
            self.marks.pop_front();
        }
    }

    /// Leaves out everything that waits but the rest of a line that is partly written; returns the lines of the log lost.
    pub fn skip_to_end(&mut self, log: &Log) -> u64 {
        let waited = self.lines(log);
        let (mut rest, mut finished) = (Vec::new(), 0);
        if let Some(notice) = self.marks.front().filter(|_| self.written > 0) {
            let is_end = |&at: &usize| at > self.written && notice.notice[at - 1] == b'\n';
            let end = (self.written..notice.notice.len()).find(is_end).unwrap_or(notice.notice.len());
            rest.extend_from_slice(&notice.notice[self.written - 1..end]);
        } else if log.next_line_start(self.at) > self.at {
            // From the byte before, which is written, for the reason below.
            log.slices(self.at - 1..log.next_line_start(self.at))
                .for_each(|part| rest.extend_from_slice(part));
            finished = 1;
        }
        *self = Self::new(log.end());
        if !rest.is_empty() {
            // A notice whose first byte is written: another skip finishes this line as well.
            self.insert(log, &rest);
            self.written = 1;
        }
        waited - finished
    }

    /// Lines of the log that wait, one that is partly written included.
    fn lines(&self, log: &Log) -> u64 {
        let notices: u64 = self.marks.iter().map(|mark| count_lines(&mark.notice)).sum();
        let written = self.marks.front().map_or(0, |mark| count_lines(&mark.notice[..self.written]));
        self.waiting(log).map(count_lines).sum::<u64>() - (notices - written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(cursor: &Cursor, log: &Log) -> String {
        String::from_utf8(cursor.waiting(log).flatten().copied().collect()).unwrap()
    }

    #[test]
    fn own_lines_are_left_out_and_notices_keep_their_place() {
        let mut log = Log::default();
        let mut cursor = Cursor::new(0);
        let first = log.append_line(&[b"own"]);
        cursor.leave_out(first);
        assert!(cursor.is_empty(&log), "an own line alone is nothing to send");
        log.append_line(&[b"a"]);
        cursor.insert(&log, b"notice\n");
        let range = log.append_line(&[b"own"]);
        cursor.leave_out(range);
        let range = log.append_line(&[b"own"]);
        cursor.leave_out(range);
        cursor.insert(&log, b"more\n");
        log.append_line(&[b"b"]);
        assert_eq!(text(&cursor, &log), "a\nnotice\nmore\nb\n");
        assert_eq!(cursor.marks.len(), 2, "neighbours share a mark");
        for _ in 0.."a\nnotice\nmore\nb".len() {
            cursor.advance(1);
        }
        assert_eq!(text(&cursor, &log), "\n");
        cursor.advance(1);
        assert!(cursor.is_empty(&log));
        assert_eq!(cursor.lag(&log), 0);
    }

    #[test]
    fn a_skip_finishes_the_line_that_is_partly_written() {
        let mut log = Log::default();
        let mut cursor = Cursor::new(0);
        for line in ["one", "two", "three"] {
            log.append_line(&[line.as_bytes()]);
        }
        cursor.advance(1);
        assert_eq!(cursor.skip_to_end(&log), 2);
        cursor.insert(&log, b"skipped\n");
        log.append_line(&[b"four"]);
        assert_eq!(text(&cursor, &log), "ne\nskipped\nfour\n");
    }

    #[test]
    fn a_skip_finishes_the_notice_that_is_partly_written() {
        let mut log = Log::default();
        let mut cursor = Cursor::new(0);
        cursor.insert(&log, b"notice\nsecond\n");
        log.append_line(&[b"lost"]);
        cursor.advance(3);
        assert_eq!(cursor.skip_to_end(&log), 1);
        assert_eq!(text(&cursor, &log), "ice\n");
        cursor.advance(4);
        assert!(cursor.is_empty(&log));
        assert_eq!(cursor.lag(&log), 0);
    }

    #[test]
    fn a_skip_at_a_line_start_leaves_nothing() {
        let mut log = Log::default();
        let mut cursor = Cursor::new(0);
        log.append_line(&[b"one"]);
        assert_eq!(cursor.skip_to_end(&log), 1);
        assert!(cursor.is_empty(&log));
    }
}
