//! Bytes as they arrive, framed into lines; the chunks in which they arrive make no difference.
//!
//! A line ends with LF, or CR LF (RFC 854). Two sources of lines are framed elsewhere, since they keep what is framed:
//! the datagram source sends ranges of one buffer in batches, and the logs of `chat` and `session::shared` only count.

use memchr::{memchr, memrchr};
use std::borrow::Cow;
use std::mem;

/// Which bytes of a line are its text.
#[derive(Clone, Copy, Debug)]
pub struct LineFormat {
    /// The longest text in bytes, the line ending not counted.
    pub max: usize,
    /// Keep a CR before the LF.
    pub keep_cr: bool,
    /// What happens to a longer line.
    pub overflow: Overflow,
}

/// What happens to a line that is longer than [`LineFormat::max`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// The end is dropped, together with the beginning of a UTF-8 character that crosses the limit.
    Truncate,
    /// The line is given in pieces of [`LineFormat::max`] bytes; only the last one ends it.
    Split,
}

/// A line, or a piece of one, without its LF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Any bytes but LF.
    pub text: Cow<'a, [u8]>,
    /// Bytes dropped beyond the limit.
    pub dropped: u64,
    /// False for a piece that is not the last of its line.
    pub ends: bool,
}

/// The unfinished line of one stream. It holds no memory while there is none, unless [`LineFramer::reuse`] gave it some.
#[derive(Debug, Default)]
pub struct LineFramer {
    held: Vec<u8>,
    /// Bytes of the unfinished line beyond those held.
    beyond: u64,
    /// The last byte of the unfinished line, held or not.
    last: u8,
}

impl LineFramer {
    /// Takes the next line or piece off the front of `input`, or all of `input` when no line ends in it.
    pub fn next_line<'a>(&mut self, input: &mut &'a [u8], format: LineFormat) -> Option<Line<'a>> {
        let room = match format.overflow {
            Overflow::Truncate => usize::MAX,
            Overflow::Split => format.max.saturating_sub(self.held.len()),
        };
        // The byte after the longest piece may be the LF that ends it.
        let window = &input[..input.len().min(room.saturating_add(1))];
        let Some(end) = memchr(b'\n', window) else {
            if window.len() > room {
                return Some(self.piece(input, room));
            }
            self.keep(mem::take(input), format.max);
            return None;
        };
        let head = &input[..end];
        *input = &input[end + 1..];
        if self.held.is_empty() {
            let len = head.len() - usize::from(!format.keep_cr && head.last() == Some(&b'\r'));
            let text = &head[..whole_chars(head, len, format.max)];
            return Some(Line { text: Cow::Borrowed(text), dropped: (len - text.len()) as u64, ends: true });
        }
        self.keep(head, format.max);
        Some(self.take(format))
    }

    /// Takes all of `input` and gives the lines it completes together, line endings included.
    pub fn whole_lines<'a>(&mut self, input: &'a [u8]) -> Cow<'a, [u8]> {
        let (whole, rest) = input.split_at(memrchr(b'\n', input).map_or(0, |at| at + 1));
        let lines = if whole.is_empty() || self.held.is_empty() {
            Cow::Borrowed(whole)
        } else {
            self.held.extend_from_slice(whole);
            Cow::Owned(mem::take(&mut self.held))
        };
        self.held.extend_from_slice(rest);
        lines
    }

    /// The unfinished line of a stream that ends, if there is one.
    pub fn finish(&mut self, format: LineFormat) -> Option<Line<'static>> {
        (!self.held.is_empty()).then(|| self.take(format))
    }

    /// The unfinished line as it is; none is left.
    pub fn take_rest(&mut self) -> Vec<u8> {
        mem::take(self).held
    }

    /// The unfinished line as a piece, but for its last byte: the line may end there. For [`Overflow::Split`].
    pub fn take_piece(&mut self) -> Option<Line<'static>> {
        let rest = self.held.split_off(self.held.len().saturating_sub(1));
        let text = mem::replace(&mut self.held, rest);
        (!text.is_empty()).then_some(Line { text: Cow::Owned(text), dropped: 0, ends: false })
    }

    /// Bytes held of the unfinished line.
    pub const fn held(&self) -> usize {
        self.held.len()
    }

    /// Forgets the unfinished line.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Takes back the memory of a line that was given, at most `most` bytes of it, for the next unfinished line.
    pub fn reuse(&mut self, line: Line<'_>, most: usize) {
        if let (Cow::Owned(mut memory), true) = (line.text, self.held.is_empty()) {
            memory.clear();
            memory.shrink_to(most);
            self.held = memory;
        }
    }

    fn piece<'a>(&mut self, input: &mut &'a [u8], len: usize) -> Line<'a> {
        let (head, rest) = input.split_at(len);
        *input = rest;
        let text = if self.held.is_empty() {
            Cow::Borrowed(head)
        } else {
            self.held.extend_from_slice(head);
            Cow::Owned(mem::take(&mut self.held))
        };
        Line { text, dropped: 0, ends: false }
    }

    fn keep(&mut self, part: &[u8], max: usize) {
        let Some(&last) = part.last() else { return };
        // One byte more than the limit shows whether a character crosses it.
        let kept = part.len().min((max + 1).saturating_sub(self.held.len()));
        self.held.extend_from_slice(&part[..kept]);
        self.beyond += (part.len() - kept) as u64;
        self.last = last;
    }

    fn take(&mut self, format: LineFormat) -> Line<'static> {
        let mut text = mem::take(&mut self.held);
        let seen = text.len() as u64 + mem::take(&mut self.beyond);
        let len = seen - u64::from(!format.keep_cr && self.last == b'\r');
        let whole = usize::try_from(len).unwrap_or(usize::MAX);
        text.truncate(whole_chars(&text, whole, format.max));
        Line { dropped: len - text.len() as u64, text: Cow::Owned(text), ends: true }
    }
}

/// How much of a line of `len` bytes that starts with `text` stays within `max` without cutting a UTF-8 character.
fn whole_chars(text: &[u8], len: usize, max: usize) -> usize {
    if len <= max {
        return len;
    }
    let continues = |at: usize| text.get(at).is_some_and(|b| b & 0xC0 == 0x80);
    let mut end = max;
    // A character has at most three continuation bytes; more are not UTF-8, and are cut anywhere.
    while end > 0 && max - end < 3 && continues(end) {
        end -= 1;
    }
    if text.get(end).is_some_and(|b| *b >= 0xC0) { end } else { max }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FORMAT: LineFormat = LineFormat { max: 8, keep_cr: false, overflow: Overflow::Truncate };

    fn frame(reads: &[&[u8]], format: LineFormat) -> Vec<Line<'static>> {
        let mut framer = LineFramer::default();
        let mut lines = Vec::new();
        let owned = |line: Line<'_>| Line { text: Cow::Owned(line.text.into_owned()), ..line };
        for read in reads {
            let mut input = *read;
            while let Some(line) = framer.next_line(&mut input, format) {
                lines.push(owned(line));
            }
            assert!(input.is_empty());
        }
        lines.extend(framer.finish(format));
        assert_eq!(framer.held.capacity(), 0, "no memory is held between lines");
        lines
    }

    fn split(reads: &[&[u8]], format: LineFormat) -> Vec<(Vec<u8>, u64)> {
        frame(reads, format).into_iter().map(|line| (line.text.into_owned(), line.dropped)).collect()
    }

    /// `input` in reads that end at `cuts`.
    fn reads<'a>(input: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
        let mut ends: Vec<usize> = cuts.iter().map(|i| i.index(input.len() + 1)).collect();
        ends.push(input.len());
        ends.sort_unstable();
        let mut from = 0;
        ends.into_iter().map(|end| &input[mem::replace(&mut from, end)..end]).collect()
    }

    fn input() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![3 => Just(b'\n'), 3 => Just(b'\r'), 4 => any::<u8>(), 4 => b'a'..b'd'];
        proptest::collection::vec(byte, 0..200)
    }

    #[test]
    fn both_endings_end_a_line_and_an_unfinished_one_is_kept() {
        let lines = split(&[b"a\r\nb\n\n\r\nc\rd\r\n\0\xff\nlast"], FORMAT);
        let texts: Vec<&[u8]> = lines.iter().map(|l| l.0.as_slice()).collect();
        assert_eq!(texts, [&b"a"[..], b"b", b"", b"", b"c\rd", b"\0\xff", b"last"]);
        assert!(lines.iter().all(|l| l.1 == 0));
    }

    #[test]
    fn a_broker_keeps_the_carriage_return() {
        let lines = split(&[b"a\r", b"\nb\r\n"], LineFormat { keep_cr: true, ..FORMAT });
        assert_eq!(lines, [(b"a\r".to_vec(), 0), (b"b\r".to_vec(), 0)]);
    }

    #[test]
    fn the_limit_counts_text_and_not_the_ending() {
        assert_eq!(split(&[b"12345678\r\n"], FORMAT), [(b"12345678".to_vec(), 0)]);
        assert_eq!(split(&[b"12345678\r", b"\n"], FORMAT), [(b"12345678".to_vec(), 0)]);
        assert_eq!(split(&[b"123456789\r\n1\n"], FORMAT), [(b"12345678".to_vec(), 1), (b"1".to_vec(), 0)]);
    }

    #[test]
    fn no_character_is_cut_in_half() {
        let text = "1234567é!".as_bytes();
        let kept = "1234567".as_bytes().to_vec();
        assert_eq!(split(&[text], FORMAT), [(kept.clone(), 3)]);
        assert_eq!(split(&[text, b"\n"], FORMAT), [(kept, 3)]);
        assert_eq!(split(&[&[0x80; 12]], FORMAT), [(vec![0x80; 8], 4)]);
    }

    #[test]
    fn a_long_line_is_split_where_more_follows_the_limit() {
        let format = LineFormat { max: 4, keep_cr: true, overflow: Overflow::Split };
        let pieces = |reads: &[&[u8]]| -> Vec<(String, bool)> {
            let lines = frame(reads, format).into_iter();
            lines.map(|line| (String::from_utf8(line.text.into_owned()).unwrap(), line.ends)).collect()
        };
        let expected = |lines: &[(&str, bool)]| -> Vec<(String, bool)> {
            lines.iter().map(|(text, ends)| ((*text).to_owned(), *ends)).collect()
        };
        assert_eq!(
            pieces(&[b"1234", b"\n12345\n"]),
            expected(&[("1234", true), ("1234", false), ("5", true)])
        );
        assert_eq!(
            pieces(&[b"12", b"345678", b"9"]),
            expected(&[("1234", false), ("5678", false), ("9", true)])
        );
    }

    #[test]
    fn an_unfinished_line_gives_way_but_for_its_last_byte() {
        let format = LineFormat { overflow: Overflow::Split, ..FORMAT };
        let mut framer = LineFramer::default();
        assert_eq!(framer.next_line(&mut &b"abc"[..], format), None);
        assert_eq!(&*framer.take_piece().unwrap().text, b"ab");
        assert_eq!(framer.take_piece(), None);
        let line = framer.next_line(&mut &b"\n"[..], format).unwrap();
        assert_eq!(line, Line { text: Cow::Borrowed(b"c"), dropped: 0, ends: true });
        framer.reuse(line, 64);
        assert!(framer.held() == 0 && framer.held.capacity() > 0);
    }

    proptest! {
        #[test]
        fn any_split_into_reads_gives_the_same_lines(
            input in input(),
            cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..20),
            max in 1_usize..12,
            keep_cr: bool,
            split: bool,
        ) {
            let overflow = if split { Overflow::Split } else { Overflow::Truncate };
            let format = LineFormat { max, keep_cr, overflow };
            let whole = frame(&[&input], format);
            prop_assert_eq!(&frame(&reads(&input, &cuts), format), &whole);
            for Line { text, dropped, ends } in whole {
                prop_assert!(text.len() <= max && !text.contains(&b'\n'));
                prop_assert!(dropped == 0 || text.len() + 3 >= max);
                prop_assert!(ends || (split && text.len() == max));
            }
        }

        #[test]
        fn pieces_and_whole_lines_lose_nothing(
            input in input(),
            cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..20),
            max in 1_usize..12,
        ) {
            let format = LineFormat { max, keep_cr: true, overflow: Overflow::Split };
            let end = |line: &Line<'_>| if line.ends { &b"\n"[..] } else { b"" };
            let framed: Vec<u8> =
                frame(&reads(&input, &cuts), format).iter().flat_map(|line| [&line.text, end(line)].concat()).collect();
            let mut ended = input.clone();
            if ended.last().is_some_and(|byte| *byte != b'\n') {
                ended.push(b'\n');
            }
            prop_assert_eq!(framed, ended);
            let mut framer = LineFramer::default();
            let mut joined = Vec::new();
            for read in reads(&input, &cuts) {
                let lines = framer.whole_lines(read);
                prop_assert!(lines.is_empty() || lines.ends_with(b"\n"));
                joined.extend_from_slice(&lines);
            }
            joined.extend(framer.take_rest());
            prop_assert_eq!(joined, input);
        }
    }
}
