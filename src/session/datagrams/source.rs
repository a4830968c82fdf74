//! The datagrams to send, split from input. Pure: no socket, no clock.

use crate::net::datagram::family;
use crate::text::crlf::Crlf;
use std::fmt;
use std::ops::Range;

/// What part of the input is one datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatagramSplit {
    /// A word of the command line.
    Messages,
    /// A line without its line feed.
    Lines,
    /// A line with its line feed.
    LinesWithEnd,
    /// The bytes of one read, unchanged.
    Reads,
    /// All of the input.
    Whole,
    /// This many bytes, the last one fewer.
    Pieces(usize),
}

/// A queue of datagrams to send. Those already sent are kept for [`DatagramSource::rewind`] until
/// [`DatagramSource::forget`].
pub struct DatagramSource {
    split: DatagramSplit,
    /// The most a datagram may hold, bytes.
    limit: usize,
    bytes: Vec<u8>,
    /// The datagrams in `bytes`, and the end of the last one with its line feed.
    parts: Vec<Range<usize>>,
    end: usize,
    /// The first bytes, which hold no further line feed.
    scanned: usize,
    /// The part to send next.
    next: usize,
    /// Datagrams sent and dropped.
    dropped: usize,
    /// No more input follows.
    ended: bool,
    /// Rounds after this one.
    rounds: u64,
    /// Datagrams sent are kept.
    keeps: bool,
    /// Converts line ends to CR LF.
    crlf: Option<Crlf>,
}

/// Input that does not fit into one datagram.
#[derive(Debug, PartialEq, Eq)]
pub struct TooLong {
    /// The number of the datagram, from 1.
    number: usize,
    split: DatagramSplit,
    /// At least this many bytes.
    length: usize,
    /// The most a datagram may hold, bytes.
    limit: usize,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, split, length, limit } = *self;
        match split {
            DatagramSplit::Messages => {
                write!(f, "message {number} is longer than a datagram ({length} bytes)")
            }
            DatagramSplit::Lines | DatagramSplit::LinesWithEnd => {
                write!(f, "line {number} is longer than a datagram ({length} bytes or more)")
            }
            DatagramSplit::Reads => write!(f, "read {number} is longer than a datagram ({length} bytes)"),
            DatagramSplit::Whole => write!(f, "the input is longer than a datagram ({length} bytes or more)"),
            DatagramSplit::Pieces(size) => write!(f, "{size} bytes are more than a datagram holds"),
        }?;
        write!(f, "; over {} one holds {limit} bytes at most", family(limit))
    }
}

impl DatagramSource {
    /// Splits the input pushed into datagrams of at most `limit` bytes. The whole is sent `times` times.
    pub fn new(split: DatagramSplit, limit: usize, times: u64) -> Self {
        Self {
            split,
            limit,
            bytes: Vec::new(),
            parts: Vec::new(),
            end: 0,
            scanned: 0,
            next: 0,
            dropped: 0,
            ended: false,
            rounds: times.saturating_sub(1),
            keeps: true,
            crlf: None,
        }
    }

    /// Converts the line ends of the input to CR LF if `wanted`.
    pub fn with_crlf(mut self, wanted: bool) -> Self {
        self.crlf = wanted.then(Crlf::default);
        self
    }

    /// These messages, with no input to follow.
    pub fn of<'a>(
        messages: impl Iterator<Item = &'a [u8]>,
        limit: usize,
        times: u64,
    ) -> Result<Self, TooLong> {
        let mut source = Self::new(DatagramSplit::Messages, limit, times);
        for message in messages {
            let start = source.bytes.len();
            source.bytes.extend_from_slice(message);
            source.add(start..source.bytes.len(), 0)?;
        }
        source.ended = true;
        Ok(source)
    }

    /// Adds input.
    pub fn push(&mut self, input: &[u8]) -> Result<(), TooLong> {
        match &mut self.crlf {
            Some(crlf) => crlf.push(input, &mut self.bytes),
            None => self.bytes.extend_from_slice(input),
        }
        match self.split {
            DatagramSplit::Lines | DatagramSplit::LinesWithEnd => {
                let kept = usize::from(self.split == DatagramSplit::LinesWithEnd);
                while let Some(line) = memchr::memchr(b'\n', &self.bytes[self.scanned..]) {
                    self.add(self.end..self.scanned + line + kept, 1 - kept)?;
                }
                self.scanned = self.bytes.len();
            }
            DatagramSplit::Reads => self.add(self.end..self.bytes.len(), 0)?,
            DatagramSplit::Pieces(size) => {
                while self.bytes.len() - self.end >= size {
                    self.add(self.end..self.end + size, 0)?;
                }
            }
            DatagramSplit::Whole | DatagramSplit::Messages => {}
        }
        self.check(self.bytes.len() - self.end)
    }

    /// Ends the input: what is left of it is the last datagram.
    pub fn finish(&mut self) -> Result<(), TooLong> {
        self.ended = true;
        let rest = self.end..self.bytes.len();
        if !rest.is_empty() || self.split == DatagramSplit::Whole {
            self.add(rest, 0)?;
        }
        self.sent(0);
        Ok(())
    }

    fn add(&mut self, part: Range<usize>, separator: usize) -> Result<(), TooLong> {
        self.check(part.len())?;
        self.end = part.end + separator;
        self.scanned = self.end;
        self.parts.push(part);
        Ok(())
    }

    fn check(&self, length: usize) -> Result<(), TooLong> {
        let number = self.dropped + self.parts.len() + 1;
        // An incomplete piece is no datagram yet.
        let piece = matches!(self.split, DatagramSplit::Pieces(size) if size <= self.limit);
        if length <= self.limit || piece {
            return Ok(());
        }
        Err(TooLong { number, split: self.split, length, limit: self.limit })
    }

    /// The datagrams to send next, in order.
    pub fn waiting(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.parts[self.next..].iter().map(|part| &self.bytes[part.clone()])
    }

    /// Removes the next `count`, which were sent. After the last one of a round the next round begins.
    pub fn sent(&mut self, count: usize) {
        self.next += count;
        if self.next < self.parts.len() {
            return;
        }
        if self.ended && self.rounds > 0 && !self.parts.is_empty() {
            self.rounds -= 1;
            self.next = 0;
        }
        self.drop_sent();
    }

    /// Starts again from the beginning of the round.
    pub fn rewind(&mut self) {
        self.next = 0;
    }

    /// Drops datagrams once they are sent in every round.
    pub fn forget(&mut self) {
        self.keeps = false;
        self.drop_sent();
    }

    fn drop_sent(&mut self) {
        if self.keeps || self.rounds > 0 || self.next < self.parts.len() {
            return;
        }
        self.dropped += self.parts.len();
        self.parts.clear();
        self.bytes.drain(..self.end);
        self.scanned -= self.end;
        (self.next, self.end) = (0, 0);
    }

    /// Bytes held in memory.
    pub fn held(&self) -> usize {
        self.bytes.len()
    }

    /// Whether more input is needed now.
    pub fn is_hungry(&self) -> bool {
        !self.ended && self.next == self.parts.len()
    }

    /// Whether everything was sent, in every round.
    pub fn is_done(&self) -> bool {
        self.ended && self.next == self.parts.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Pushes `input` in chunks of `step` bytes, sending after each; returns the datagrams sent.
    fn sent(split: DatagramSplit, times: u64, input: &[u8], step: usize, keep: bool) -> Vec<Vec<u8>> {
        let mut source = DatagramSource::new(split, 100, times);
        let mut sent = Vec::new();
        let mut take_all = |source: &mut DatagramSource| {
            while source.waiting().len() > 0 {
                let batch: Vec<Vec<u8>> = source.waiting().take(3).map(<[u8]>::to_vec).collect();
                source.sent(batch.len());
                sent.extend(batch);
            }
        };
        if !keep {
            source.forget();
        }
        for chunk in input.chunks(step) {
            assert!(source.is_hungry());
            source.push(chunk).unwrap();
            take_all(&mut source);
        }
        source.finish().unwrap();
        take_all(&mut source);
        assert!(source.is_done());
        sent
    }

    proptest! {
        #[test]
        fn lines_are_whole_however_they_are_read(
            lines in prop::collection::vec("[a-c\\r]{0,5}", 0..20), ended: bool, step in 1usize..9, keep: bool, times in 1u64..4,
        ) {
            let mut input = lines.join("\n");
            let mut expected: Vec<&[u8]> = lines.iter().map(String::as_bytes).collect();
            if ended && !lines.is_empty() {
                input.push('\n');
            } else if lines.last().is_some_and(String::is_empty) {
                expected.pop();
            }
            let expected = expected.repeat(usize::try_from(times).unwrap());
            prop_assert_eq!(sent(DatagramSplit::Lines, times, input.as_bytes(), step, keep), expected);
        }

        #[test]
        fn pieces_have_the_size_asked_for(input: Vec<u8>, size in 1usize..9, step in 1usize..9, keep: bool) {
            let expected: Vec<&[u8]> = input.chunks(size).collect();
            prop_assert_eq!(sent(DatagramSplit::Pieces(size), 1, &input, step, keep), expected);
        }
    }

    #[test]
    fn a_line_keeps_its_end_on_request() {
        assert_eq!(
            sent(DatagramSplit::LinesWithEnd, 1, b"a\n\nb\r\nc", 2, false),
            [&b"a\n"[..], b"\n", b"b\r\n", b"c"]
        );
        let mut source = DatagramSource::new(DatagramSplit::LinesWithEnd, 100, 1).with_crlf(true);
        source.push(b"a\nb\r").unwrap();
        source.push(b"\nc").unwrap();
        source.finish().unwrap();
        assert_eq!(source.waiting().collect::<Vec<_>>(), [&b"a\r\n"[..], b"b\r\n", b"c"]);
    }

    #[test]
    fn each_read_is_one_datagram() {
        assert_eq!(
            sent(DatagramSplit::Reads, 2, b"a\nbc\r\n", 3, true),
            [&b"a\nb"[..], b"c\r\n", b"a\nb", b"c\r\n"]
        );
        let error = DatagramSource::new(DatagramSplit::Reads, 3, 1).push(b"abcd").unwrap_err();
        assert_eq!(
            error.to_string(),
            "read 1 is longer than a datagram (4 bytes); over IPv6 one holds 3 bytes at most"
        );
    }

    #[test]
    fn the_whole_is_one_datagram_even_if_empty() {
        assert_eq!(sent(DatagramSplit::Whole, 1, b"a\nb\n", 1, false), [b"a\nb\n"]);
        assert_eq!(sent(DatagramSplit::Whole, 2, b"", 1, false), [b"", b""]);
    }

    #[test]
    fn a_rewind_sends_the_round_again() {
        let mut source = DatagramSource::new(DatagramSplit::Lines, 100, 1);
        source.push(b"a\nb\nc").unwrap();
        source.sent(1);
        source.rewind();
        assert_eq!(source.waiting().collect::<Vec<_>>(), [b"a", b"b"]);
        source.sent(2);
        source.forget();
        assert_eq!(source.held(), 1);
    }

    #[test]
    fn a_datagram_too_long_is_refused_as_soon_as_it_is_known() {
        let mut source = DatagramSource::new(DatagramSplit::Lines, 3, 1);
        source.push(b"abc\nde").unwrap();
        let error = source.push(b"fg").unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 2 is longer than a datagram (4 bytes or more); over IPv6 one holds 3 bytes at most"
        );
        let mut source = DatagramSource::new(DatagramSplit::Whole, 3, 1);
        assert!(source.push(b"abc").is_ok() && source.push(b"d").is_err());
        assert!(DatagramSource::of([&b"abcd"[..]].into_iter(), 3, 1).is_err());
        assert!(DatagramSource::new(DatagramSplit::Pieces(4), 3, 1).push(b"abcd").is_err());
    }
}
