//! What is to be sent, cut into datagrams. Pure: no socket, no clock.

use crate::cli::DatagramArgs;
use crate::text::crlf::Crlf;
use std::fmt;
use std::ops::Range;

/// How input becomes datagrams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Each word of the command line.
    Messages,
    /// A line each, without its line feed.
    Lines,
    /// A line each, with its line feed.
    LinesWithEnd,
    /// What one read gave, as it is.
    Reads,
    /// All of it one.
    Whole,
    /// This many bytes each, the last one less.
    Pieces(usize),
}

impl Cut {
    /// What the flags ask for.
    pub const fn of(args: DatagramArgs) -> Self {
        match args {
            DatagramArgs { per_read: true, .. } => Self::Reads,
            DatagramArgs { keep_lf, crlf, .. } if keep_lf || crlf => Self::LinesWithEnd,
            _ => Self::Lines,
        }
    }
}

/// Datagrams to send, as they become known; those already given out can be had again until [`DatagramSource::forget`].
pub struct DatagramSource {
    cut: Cut,
    /// The most a datagram may hold.
    limit: usize,
    bytes: Vec<u8>,
    /// The datagrams in `bytes`, and the end of the last one with its line feed.
    parts: Vec<Range<usize>>,
    end: usize,
    /// Bytes known to hold no line feed.
    scanned: usize,
    /// The next part to give out.
    at: usize,
    /// Datagrams forgotten.
    gone: usize,
    over: bool,
    /// Rounds to come after this one.
    rounds: u64,
    keeping: bool,
    /// Makes line ends CR LF, if that is wanted.
    crlf: Option<Crlf>,
}

/// Input that does not fit into one datagram.
#[derive(Debug, PartialEq, Eq)]
pub struct TooLong {
    /// Which datagram, from 1.
    number: usize,
    cut: Cut,
    /// At least this many bytes.
    length: usize,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, length) = (self.number, self.length);
        match self.cut {
            Cut::Messages => write!(f, "message {number} is longer than a datagram ({length} bytes)"),
            Cut::Lines | Cut::LinesWithEnd => {
                write!(f, "line {number} is longer than a datagram ({length} bytes or more)")
            }
            Cut::Reads => write!(f, "read {number} is longer than a datagram ({length} bytes)"),
            Cut::Whole => write!(f, "the input is longer than a datagram ({length} bytes or more)"),
            Cut::Pieces(size) => write!(f, "{size} bytes are more than a datagram holds"),
        }
    }
}

impl DatagramSource {
    /// Cuts what is pushed. Everything is given out `times` times.
    pub fn new(cut: Cut, limit: usize, times: u64) -> Self {
        Self {
            cut,
            limit,
            bytes: Vec::new(),
            parts: Vec::new(),
            end: 0,
            scanned: 0,
            at: 0,
            gone: 0,
            over: false,
            rounds: times.saturating_sub(1),
            keeping: true,
            crlf: None,
        }
    }

    /// Makes the line ends of what is pushed CR LF if `wanted`.
    pub fn with_crlf(mut self, wanted: bool) -> Self {
        self.crlf = wanted.then(Crlf::default);
        self
    }

    /// These messages and no more.
    pub fn of<'a>(
        messages: impl Iterator<Item = &'a [u8]>,
        limit: usize,
        times: u64,
    ) -> Result<Self, TooLong> {
        let mut supply = Self::new(Cut::Messages, limit, times);
        for message in messages {
            let start = supply.bytes.len();
            supply.bytes.extend_from_slice(message);
            supply.add(start..supply.bytes.len(), 0)?;
        }
        supply.over = true;
        Ok(supply)
    }

    /// Takes more input.
    pub fn push(&mut self, input: &[u8]) -> Result<(), TooLong> {
        match &mut self.crlf {
            Some(crlf) => crlf.push(input, &mut self.bytes),
            None => self.bytes.extend_from_slice(input),
        }
        match self.cut {
            Cut::Lines | Cut::LinesWithEnd => {
                let kept = usize::from(self.cut == Cut::LinesWithEnd);
                while let Some(line) = memchr::memchr(b'\n', &self.bytes[self.scanned..]) {
                    self.add(self.end..self.scanned + line + kept, 1 - kept)?;
                }
                self.scanned = self.bytes.len();
            }
            Cut::Reads => self.add(self.end..self.bytes.len(), 0)?,
            Cut::Pieces(size) => {
                while self.bytes.len() - self.end >= size {
                    self.add(self.end..self.end + size, 0)?;
                }
            }
            Cut::Whole | Cut::Messages => {}
        }
        self.check(self.bytes.len() - self.end)
    }

    /// The input ended: what is left of it is the last datagram.
    pub fn finish(&mut self) -> Result<(), TooLong> {
        self.over = true;
        let rest = self.end..self.bytes.len();
        if !rest.is_empty() || self.cut == Cut::Whole {
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
        let number = self.gone + self.parts.len() + 1;
        // A piece that is not complete yet is no datagram.
        let piece = matches!(self.cut, Cut::Pieces(size) if size <= self.limit);
        if length <= self.limit || piece { Ok(()) } else { Err(TooLong { number, cut: self.cut, length }) }
    }

    /// What is to be sent next, in order.
    pub fn waiting(&self) -> impl ExactSizeIterator<Item = &[u8]> + Clone {
        self.parts[self.at..].iter().map(|part| &self.bytes[part.clone()])
    }

    /// The next `count` were sent. After the last one of a round the next round begins.
    pub fn sent(&mut self, count: usize) {
        self.at += count;
        if self.at < self.parts.len() {
            return;
        }
        if self.over && self.rounds > 0 && !self.parts.is_empty() {
            self.rounds -= 1;
            self.at = 0;
        }
        self.drop_sent();
    }

    /// Gives everything out again from the beginning of the round.
    pub fn rewind(&mut self) {
        self.at = 0;
    }

    /// What was sent need not be kept, but for further rounds.
    pub fn forget(&mut self) {
        self.keeping = false;
        self.drop_sent();
    }

    fn drop_sent(&mut self) {
        if self.keeping || self.rounds > 0 || self.at < self.parts.len() {
            return;
        }
        self.gone += self.parts.len();
        self.parts.clear();
        self.bytes.drain(..self.end);
        self.scanned -= self.end;
        (self.at, self.end) = (0, 0);
    }

    /// Bytes held.
    pub fn held(&self) -> usize {
        self.bytes.len()
    }

    /// Whether more input is wanted now.
    pub fn is_hungry(&self) -> bool {
        !self.over && self.at == self.parts.len()
    }

    /// Whether everything was sent, every time.
    pub fn is_done(&self) -> bool {
        self.over && self.at == self.parts.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Pushes `input` in parts cut at `steps`, sending after each; gives what was sent.
    fn sent(cut: Cut, times: u64, input: &[u8], step: usize, keep: bool) -> Vec<Vec<u8>> {
        let mut supply = DatagramSource::new(cut, 100, times);
        let mut sent = Vec::new();
        let mut take_all = |supply: &mut DatagramSource| {
            while supply.waiting().len() > 0 {
                let batch: Vec<Vec<u8>> = supply.waiting().take(3).map(<[u8]>::to_vec).collect();
                supply.sent(batch.len());
                sent.extend(batch);
            }
        };
        if !keep {
            supply.forget();
        }
        for chunk in input.chunks(step) {
            assert!(supply.is_hungry());
            supply.push(chunk).unwrap();
            take_all(&mut supply);
        }
        supply.finish().unwrap();
        take_all(&mut supply);
        assert!(supply.is_done());
        sent
    }

    proptest! {
        #[test]
        fn lines_come_out_whole_however_they_come_in(
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
            prop_assert_eq!(sent(Cut::Lines, times, input.as_bytes(), step, keep), expected);
        }

        #[test]
        fn pieces_have_their_size(input: Vec<u8>, size in 1usize..9, step in 1usize..9, keep: bool) {
            let expected: Vec<&[u8]> = input.chunks(size).collect();
            prop_assert_eq!(sent(Cut::Pieces(size), 1, &input, step, keep), expected);
        }
    }

    #[test]
    fn a_line_keeps_its_end_where_that_is_wanted() {
        assert_eq!(
            sent(Cut::LinesWithEnd, 1, b"a\n\nb\r\nc", 2, false),
            [&b"a\n"[..], b"\n", b"b\r\n", b"c"]
        );
        let mut supply = DatagramSource::new(Cut::LinesWithEnd, 100, 1).with_crlf(true);
        supply.push(b"a\nb\r").unwrap();
        supply.push(b"\nc").unwrap();
        supply.finish().unwrap();
        assert_eq!(supply.waiting().collect::<Vec<_>>(), [&b"a\r\n"[..], b"b\r\n", b"c"]);
    }

    #[test]
    fn each_read_is_one() {
        assert_eq!(sent(Cut::Reads, 2, b"a\nbc\r\n", 3, true), [&b"a\nb"[..], b"c\r\n", b"a\nb", b"c\r\n"]);
        let error = DatagramSource::new(Cut::Reads, 3, 1).push(b"abcd").unwrap_err();
        assert_eq!(error.to_string(), "read 1 is longer than a datagram (4 bytes)");
    }

    #[test]
    fn the_whole_is_one_even_if_empty() {
        assert_eq!(sent(Cut::Whole, 1, b"a\nb\n", 1, false), [b"a\nb\n"]);
        assert_eq!(sent(Cut::Whole, 2, b"", 1, false), [b"", b""]);
    }

    #[test]
    fn what_was_sent_is_sent_again_after_a_rewind() {
        let mut supply = DatagramSource::new(Cut::Lines, 100, 1);
        supply.push(b"a\nb\nc").unwrap();
        supply.sent(1);
        supply.rewind();
        assert_eq!(supply.waiting().collect::<Vec<_>>(), [b"a", b"b"]);
        supply.sent(2);
        supply.forget();
        assert_eq!(supply.held(), 1);
    }

    #[test]
    fn too_long_is_refused_as_soon_as_it_is_known() {
        let mut supply = DatagramSource::new(Cut::Lines, 3, 1);
        supply.push(b"abc\nde").unwrap();
        let error = supply.push(b"fg").unwrap_err();
        assert_eq!(error.to_string(), "line 2 is longer than a datagram (4 bytes or more)");
        let mut supply = DatagramSource::new(Cut::Whole, 3, 1);
        assert!(supply.push(b"abc").is_ok() && supply.push(b"d").is_err());
        assert!(DatagramSource::of([&b"abcd"[..]].into_iter(), 3, 1).is_err());
        assert!(DatagramSource::new(Cut::Pieces(4), 3, 1).push(b"abcd").is_err());
    }
}
