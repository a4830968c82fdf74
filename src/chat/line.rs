//! Bytes as they come into lines as they were said. Pure; the room feeds one splitter a member.
//!
//! Lines end with LF, or CR LF (RFC 854); how the bytes were cut into reads makes no difference.

use memchr::memchr;
use std::borrow::Cow;

/// How lines are cut.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    /// The longest text of a line in bytes, its ending not counted; what is beyond is dropped.
    pub max: usize,
    /// Keep a CR before the LF.
    pub keep_cr: bool,
}

/// A line without its LF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// What was said: any bytes but LF.
    pub text: Cow<'a, [u8]>,
    /// Bytes beyond the limit, lost.
    pub dropped: u64,
}

/// The unfinished line of one sender. Holds memory only while a line is unfinished.
#[derive(Debug, Default)]
pub struct Splitter {
    kept: Vec<u8>,
    /// Bytes of the unfinished line so far, kept or not.
    seen: u64,
    last: u8,
}

impl Splitter {
    /// Takes the next line off the front of `input`, or all of `input` when no line ends in it.
    pub fn next_line<'a>(&mut self, input: &mut &'a [u8], cut: Cut) -> Option<Line<'a>> {
        let Some(end) = memchr(b'\n', input) else {
            self.keep(std::mem::take(input), cut);
            return None;
        };
        let head = &input[..end];
        *input = &input[end + 1..];
        if self.seen == 0 {
            let len = head.len() - usize::from(!cut.keep_cr && head.last() == Some(&b'\r'));
            let text = &head[..whole_chars(head, len, cut.max)];
            return Some(Line { text: Cow::Borrowed(text), dropped: (len - text.len()) as u64 });
        }
        self.keep(head, cut);
        Some(self.take(cut))
    }

    /// The unfinished line of a sender who leaves, if there is one.
    pub fn finish(&mut self, cut: Cut) -> Option<Line<'static>> {
        (self.seen > 0).then(|| self.take(cut))
    }

    /// Forgets the unfinished line.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    fn keep(&mut self, part: &[u8], cut: Cut) {
        let Some(&last) = part.last() else { return };
        // One byte more than the limit, to see whether a character is cut.
        let room = (cut.max + 1).saturating_sub(self.kept.len());
        self.kept.extend_from_slice(&part[..part.len().min(room)]);
        self.seen += part.len() as u64;
        self.last = last;
    }

    fn take(&mut self, cut: Cut) -> Line<'static> {
        let len = self.seen - u64::from(!cut.keep_cr && self.last == b'\r');
        let mut text = std::mem::take(&mut self.kept);
        let kept = usize::try_from(len).unwrap_or(usize::MAX);
        text.truncate(whole_chars(&text, kept, cut.max));
        self.seen = 0;
        Line { dropped: len - text.len() as u64, text: Cow::Owned(text) }
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

    const CUT: Cut = Cut { max: 8, keep_cr: false };

    fn split(reads: &[&[u8]], cut: Cut) -> Vec<(Vec<u8>, u64)> {
        let mut splitter = Splitter::default();
        let mut lines = Vec::new();
        for read in reads {
            let mut input = *read;
            while let Some(line) = splitter.next_line(&mut input, cut) {
                lines.push((line.text.into_owned(), line.dropped));
            }
            assert!(input.is_empty());
        }
        lines.extend(splitter.finish(cut).map(|l| (l.text.into_owned(), l.dropped)));
        assert_eq!(splitter.kept.capacity(), 0, "no memory is held between lines");
        lines
    }

    #[test]
    fn both_endings_end_a_line_and_an_unfinished_one_is_kept() {
        let lines = split(&[b"a\r\nb\n\n\r\nc\rd\r\n\0\xff\nlast"], CUT);
        let texts: Vec<&[u8]> = lines.iter().map(|l| l.0.as_slice()).collect();
        assert_eq!(texts, [&b"a"[..], b"b", b"", b"", b"c\rd", b"\0\xff", b"last"]);
        assert!(lines.iter().all(|l| l.1 == 0));
    }

    #[test]
    fn a_broker_keeps_the_carriage_return() {
        let lines = split(&[b"a\r", b"\nb\r\n"], Cut { keep_cr: true, ..CUT });
        assert_eq!(lines, [(b"a\r".to_vec(), 0), (b"b\r".to_vec(), 0)]);
    }

    #[test]
    fn the_limit_counts_text_and_not_the_ending() {
        assert_eq!(split(&[b"12345678\r\n"], CUT), [(b"12345678".to_vec(), 0)]);
        assert_eq!(split(&[b"12345678\r", b"\n"], CUT), [(b"12345678".to_vec(), 0)]);
        assert_eq!(split(&[b"123456789\r\n1\n"], CUT), [(b"12345678".to_vec(), 1), (b"1".to_vec(), 0)]);
    }

    #[test]
    fn no_character_is_cut_in_half() {
        let text = "1234567é!".as_bytes();
        let kept = "1234567".as_bytes().to_vec();
        assert_eq!(split(&[text], CUT), [(kept.clone(), 3)]);
        assert_eq!(split(&[text, b"\n"], CUT), [(kept, 3)]);
        assert_eq!(split(&[&[0x80; 12]], CUT), [(vec![0x80; 8], 4)]);
    }

    proptest! {
        #[test]
        fn any_split_into_reads_gives_the_same_lines(
            input in proptest::collection::vec(prop_oneof![
                3 => Just(b'\n'), 3 => Just(b'\r'), 4 => any::<u8>(), 4 => b'a'..b'd'
            ], 0..200),
            cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..20),
            max in 1_usize..12,
            keep_cr in any::<bool>(),
        ) {
            let cut = Cut { max, keep_cr };
            let mut ends: Vec<usize> = cuts.iter().map(|i| i.index(input.len() + 1)).collect();
            ends.push(input.len());
            ends.sort_unstable();
            let mut reads = Vec::new();
            let mut from = 0;
            for end in ends {
                reads.push(&input[from..end]);
                from = end;
            }
            let whole = split(&[&input], cut);
            prop_assert_eq!(&split(&reads, cut), &whole);
            for (text, dropped) in whole {
                prop_assert!(text.len() <= max && !text.contains(&b'\n'));
                prop_assert!(dropped == 0 || text.len() + 3 >= max);
            }
        }
    }
}
