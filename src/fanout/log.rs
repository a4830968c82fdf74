//! The log: bytes in segments of equal size, appended at one end and released at the other.
//!
//! A place in the log is a count of bytes since its beginning and never moves.

use memchr::{memchr, memchr_iter, memrchr};
use std::collections::VecDeque;
use std::ops::Range;

/// Bytes of a segment: memory is allocated and freed in these, and a write of a busy moment is two or three of them. Tests
/// use small ones, so that short texts cross their borders.
const SEGMENT: usize = if cfg!(test) { 64 } else { 64 << 10 };

/// Bytes with their places, and the number of line feeds before each place.
#[derive(Debug, Default)]
pub struct Log {
    /// Place of the first byte still held; a multiple of [`SEGMENT`].
    start: u64,
    end: u64,
    /// Line feeds before `end`.
    lines: u64,
    /// The byte before `start` is not a line feed.
    starts_in_line: bool,
    segments: VecDeque<Segment>,
    /// The memory of one released segment, for the next append.
    spare: Option<Vec<u8>>,
}

#[derive(Debug)]
struct Segment {
    bytes: Vec<u8>,
    /// Line feeds before the first byte.
    lines_before: u64,
}

impl Log {
    /// The place of the first byte still held.
    #[must_use]
    pub const fn start(&self) -> u64 {
        self.start
    }

    /// The place after the last byte.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.end
    }

    /// Line feeds appended since the beginning.
    #[must_use]
    pub const fn lines(&self) -> u64 {
        self.lines
    }

    /// Segments begun since the beginning: when this number grows, [`Self::release`] may free one.
    #[must_use]
    pub fn segments_begun(&self) -> u64 {
        self.end.div_ceil(SEGMENT as u64)
    }

    /// Whether the last byte is not a line feed.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        let last = self.segments.back().and_then(|segment| segment.bytes.last());
        last.is_some_and(|byte| *byte != b'\n')
    }

    /// Appends bytes.
    pub fn append(&mut self, bytes: &[u8]) {
        self.extend(bytes, count_lines);
    }

    /// Appends one line made of `parts`, which hold no line feed, and a line feed; returns its place.
    pub fn append_line(&mut self, parts: &[&[u8]]) -> Range<u64> {
        let start = self.end;
        for part in parts {
            self.extend(part, |_| 0);
        }
        self.extend(b"\n", |_| 1);
        start..self.end
    }

    fn extend(&mut self, mut bytes: &[u8], lines_in: impl Fn(&[u8]) -> u64) {
        self.end += bytes.len() as u64;
        while !bytes.is_empty() {
            if self.segments.back().is_none_or(|segment| segment.bytes.len() == SEGMENT) {
                let bytes = self.spare.take().unwrap_or_else(|| Vec::with_capacity(SEGMENT));
                self.segments.push_back(Segment { bytes, lines_before: self.lines });
            }
            let Some(segment) = self.segments.back_mut() else { return };
            let (now, later) = bytes.split_at(bytes.len().min(SEGMENT - segment.bytes.len()));
            segment.bytes.extend_from_slice(now);
            self.lines += lines_in(now);
            bytes = later;
        }
    }

    /// The bytes of `range`, one slice a segment. Released bytes are left out.
    pub fn slices(&self, range: Range<u64>) -> impl Iterator<Item = &[u8]> {
        let mut at = range.start.max(self.start);
        std::iter::from_fn(move || {
            if at >= range.end {
                return None;
            }
            let (index, from) = self.position(at);
            let segment = &self.segments.get(index)?.bytes;
            let wanted = usize::try_from(range.end - at).unwrap_or(usize::MAX);
            let slice = segment.get(from..segment.len().min(from.saturating_add(wanted)))?;
            at += slice.len() as u64;
            (!slice.is_empty()).then_some(slice)
        })
    }

    /// The first start of a line at `place` or after it; the end of the log if there is none.
    #[must_use]
    pub fn next_line_start(&self, place: u64) -> u64 {
        let mut at = match place {
            place if place > self.start => place - 1,
            _ if self.starts_in_line => self.start,
            _ => return self.start,
        };
        for slice in self.slices(at..self.end) {
            if let Some(found) = memchr(b'\n', slice) {
                return at + found as u64 + 1;
            }
            at += slice.len() as u64;
        }
        self.end
    }

    /// The start of the line that holds `place`; if that is released, the first start of a line after it.
    #[must_use]
    pub fn line_start(&self, place: u64) -> u64 {
        let (last, until) = self.position(place.clamp(self.start, self.end));
        for index in (0..=last).rev() {
            let Some(segment) = self.segments.get(index) else { continue };
            let before = if index == last { &segment.bytes[..until] } else { &segment.bytes };
            if let Some(found) = memrchr(b'\n', before) {
                return self.start + (index * SEGMENT + found) as u64 + 1;
            }
        }
        self.next_line_start(self.start)
    }

    /// Line feeds before `place`. `known` is a place with its line feeds: from one nearby the count is short.
    #[must_use]
    pub fn lines_before(&self, place: u64, known: (u64, u64)) -> u64 {
        let place = place.max(self.start);
        let (index, offset) = self.position(place);
        let Some(segment) = self.segments.get(index).filter(|_| place < self.end) else { return self.lines };
        let first = place - offset as u64;
        let (from, lines) =
            if (first..=place).contains(&known.0) { known } else { (first, segment.lines_before) };
        lines + self.slices(from..place).map(count_lines).sum::<u64>()
    }

    /// Frees segments that lie before `place`. The byte before `place` is kept: it shows whether a line starts there.
    pub fn release(&mut self, place: u64) {
        while self.start + (SEGMENT as u64) < place {
            let Some(Segment { mut bytes, .. }) = self.segments.pop_front() else { return };
            self.starts_in_line = bytes.last() != Some(&b'\n');
            bytes.clear();
            self.spare = Some(bytes);
            self.start += SEGMENT as u64;
        }
    }

    /// The segment that holds `place`, which is not released, and the offset in it.
    fn position(&self, place: u64) -> (usize, usize) {
        // The distance is at most what memory holds.
        let distance = usize::try_from(place - self.start).unwrap_or(usize::MAX);
        (distance / SEGMENT, distance % SEGMENT)
    }
}

/// The number of line feeds in `bytes`.
#[must_use]
pub fn count_lines(bytes: &[u8]) -> u64 {
    memchr_iter(b'\n', bytes).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(log: &Log, range: Range<u64>) -> Vec<u8> {
        log.slices(range).flatten().copied().collect()
    }

    fn log(text: &str) -> Log {
        let mut log = Log::default();
        log.append(text.as_bytes());
        log
    }

    #[test]
    fn places_stay_while_segments_come_and_go() {
        let mut log = Log::default();
        let line = vec![b'x'; 999];
        let places: Vec<_> = (0..1000).map(|_| log.append_line(&[&line])).collect();
        assert_eq!((log.end(), log.lines()), (1_000_000, 1000));
        let middle = places[500].start;
        log.release(middle);
        assert!(log.end() - log.start() <= 500_000 + 2 * SEGMENT as u64);
        assert_eq!(log.next_line_start(middle), middle, "a line's start is known after a release");
        assert_eq!(log.next_line_start(middle + 1), places[501].start);
        assert_eq!(read(&log, places[999].clone()), [&line[..], b"\n"].concat());
        log.release(log.end());
        assert!(log.end() - log.start() <= SEGMENT as u64);
        log.append_line(&[b"again"]);
        assert_eq!(read(&log, log.end() - 6..log.end()), b"again\n");
    }

    #[test]
    fn memory_is_used_again() {
        let mut log = Log::default();
        for _ in 0..1000 {
            log.append_line(&[&[b'x'; SEGMENT / 2]]);
            log.release(log.end());
            assert!(log.segments.len() <= 2);
        }
    }

    #[test]
    fn a_line_is_found_from_any_place_in_it() {
        let mut log = log("one\ntwo\nthree");
        for (place, start, next) in [(0, 0, 0), (3, 0, 4), (4, 4, 4), (7, 4, 8), (8, 8, 8), (13, 8, 13)] {
            assert_eq!((log.line_start(place), log.next_line_start(place)), (start, next), "{place}");
        }
        let rest = format!("{}\nlast\n", "x".repeat(SEGMENT));
        log.append(rest.as_bytes());
        log.release(SEGMENT as u64 + 1);
        assert_eq!(log.line_start(9), log.end() - 5, "the line is released: the next whole one");
    }

    #[test]
    fn a_last_line_may_be_unfinished() {
        let mut log = Log::default();
        assert!(!log.is_unfinished());
        log.append(b"a");
        assert!(log.is_unfinished() && log.lines() == 0);
        log.release(1);
        assert!(log.is_unfinished());
        log.append(b"\n");
        assert!(!log.is_unfinished() && log.lines() == 1);
    }

    proptest! {
        #[test]
        fn what_is_held_and_counted_is_the_stream(
            text in "[ab\n]{0,400}",
            released in 0_u64..400,
            place in 0_u64..400,
            known in 0_u64..400,
            piece in 1_usize..90,
        ) {
            let bytes = text.as_bytes();
            let mut log = Log::default();
            for part in bytes.chunks(piece) {
                log.append(part);
            }
            let len = bytes.len() as u64;
            let before = |place: u64| &bytes[..usize::try_from(place.min(len)).unwrap()];
            log.release(released.min(len));
            prop_assert!(log.start() == 0 || log.start() < released);
            let place = place.clamp(log.start(), len);
            prop_assert_eq!(read(&log, place..len), &bytes[before(place).len()..]);
            prop_assert_eq!(log.lines(), count_lines(bytes));
            prop_assert_eq!(log.lines_before(place, (known, count_lines(before(known)))), count_lines(before(place)));
            let is_start = |place: &u64| *place == 0 || before(*place).last() == Some(&b'\n');
            let next = (place..len).find(is_start).unwrap_or(len);
            prop_assert_eq!(log.next_line_start(place), next);
            let line = (log.start()..=place).rev().find(is_start);
            prop_assert_eq!(log.line_start(place), line.unwrap_or_else(|| log.next_line_start(log.start())));
        }
    }
}
