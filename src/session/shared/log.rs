//! The last bytes of standard input, kept once for all who still have to send them. Pure.

use std::collections::VecDeque;

/// A stretch of a stream. Places in it are counted from the stream's beginning, bytes and lines alike.
#[derive(Default)]
pub(super) struct Log {
    bytes: VecDeque<u8>,
    /// Bytes and line feeds before the stretch.
    start: u64,
    lines_before: u64,
    /// Line feeds before the end of the stretch.
    lines: u64,
    /// Whether the stretch begins in the middle of a line.
    cut: bool,
}

/// How many line feeds there are. Sums of bytes, as many as a byte can count, take the widest instructions there are.
fn count_lines(bytes: &[u8]) -> u64 {
    let count = |part: &[u8]| part.iter().map(|b| u8::from(*b == b'\n')).sum::<u8>();
    bytes.chunks(usize::from(u8::MAX)).map(|part| u64::from(count(part))).sum()
}

impl Log {
    /// Where the stretch begins.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// Where the stream ends so far.
    pub(super) fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    /// How many bytes are kept.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Lines so far; one that was begun and not ended is not among them.
    pub(super) fn lines(&self) -> u64 {
        self.lines
    }

    /// Whether the stream so far ends in the middle of a line.
    pub(super) fn is_unfinished(&self) -> bool {
        self.bytes.back().map_or(self.cut, |last| *last != b'\n')
    }

    /// Appends what was read.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.lines += count_lines(bytes);
        self.bytes.extend(bytes);
    }

    /// Gives up what lies before `place`.
    pub(super) fn forget(&mut self, place: u64) {
        let count = self.index(place);
        if count > 0 {
            self.lines_before += self.count(self.start, place);
            self.cut = self.bytes[count - 1] != b'\n';
            self.bytes.drain(..count);
            self.start += count as u64;
        }
    }

    /// Everything from `place` on, in two parts; a place that is given up counts as the start.
    pub(super) fn from(&self, place: u64) -> (&[u8], &[u8]) {
        let (one, other) = self.bytes.as_slices();
        match self.index(place) {
            skip if skip < one.len() => (&one[skip..], other),
            skip => (&other[skip - one.len()..], &[]),
        }
    }

    /// Lines that end before `place`. From a place that was asked about before, `known`, it is not far to count.
    pub(super) fn lines_at(&self, place: u64, known: (u64, u64)) -> u64 {
        match known {
            (from, lines) if from >= self.start && from <= place => lines + self.count(from, place),
            _ => self.lines_before + self.count(self.start, place),
        }
    }

    /// The beginning of the line `place` lies in; where that is given up, the next line that is there as a whole.
    pub(super) fn line_start(&self, place: u64) -> u64 {
        let until = self.index(place);
        if let Some(fanout) = self.bytes.range(..until).rposition(|b| *b == b'\n') {
            return self.start + fanout as u64 + 1;
        }
        if !self.cut {
            return self.start;
        }
        let next = self.bytes.iter().position(|b| *b == b'\n');
        next.map_or(self.end(), |fanout| self.start + fanout as u64 + 1)
    }

    fn count(&self, from: u64, to: u64) -> u64 {
        let mut left = self.index(to).saturating_sub(self.index(from));
        let (one, other) = self.from(from);
        let mut lines = 0;
        for part in [one, other] {
            let part = &part[..left.min(part.len())];
            lines += count_lines(part);
            left -= part.len();
        }
        lines
    }

    fn index(&self, place: u64) -> usize {
        let distance = place.clamp(self.start, self.end()) - self.start;
        usize::try_from(distance).unwrap_or(self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn log(text: &str) -> Log {
        let mut log = Log::default();
        log.push(text.as_bytes());
        log
    }

    #[test]
    fn a_line_is_found_from_any_place_in_it() {
        let mut log = log("one\ntwo\nthree");
        for (place, start) in [(0, 0), (3, 0), (4, 4), (7, 4), (8, 8), (13, 8)] {
            assert_eq!(log.line_start(place), start, "{place}");
        }
        log.forget(5);
        assert_eq!(log.line_start(0), 8, "half of `two` is gone: the next whole line");
        assert_eq!(log.line_start(6), 8);
        log.forget(9);
        assert_eq!(log.line_start(9), 13, "no whole line is left");
    }

    #[test]
    fn a_last_line_may_be_unfinished() {
        let mut log = Log::default();
        assert!(!log.is_unfinished());
        log.push(b"a");
        assert!(log.is_unfinished() && log.lines() == 0);
        log.forget(1);
        assert!(log.is_unfinished());
        log.push(b"\n");
        assert!(!log.is_unfinished() && log.lines() == 1);
    }

    proptest! {
        #[test]
        fn what_is_kept_and_counted_is_the_stream(text in "[a\n]{0,60}", given_up in 0u64..60, from in 0u64..60, known in 0u64..60) {
            let bytes = text.as_bytes();
            let mut log = Log::default();
            for part in bytes.chunks(7) {
                log.push(part);
            }
            let lines_at = |place: u64| count_lines(&bytes[..usize::try_from(place).unwrap().min(bytes.len())]);
            log.forget(given_up);
            let at = from.clamp(log.start(), log.end());
            let (one, other) = log.from(from);
            prop_assert_eq!([one, other].concat(), &bytes[usize::try_from(at).unwrap()..]);
            prop_assert_eq!(log.lines_at(at, (known, lines_at(known))), lines_at(at));
            prop_assert_eq!(log.lines(), count_lines(bytes));
        }
    }
}
