//! Everything that was said, once, for all readers. Pure; the room appends, each member's outbox reads.
//!
//! The log grows at one end and is freed at the other. A place in it is a count of bytes since the beginning and
//! never moves. Every append ends with LF, so a place after an LF is a line's start.

use memchr::{memchr, memchr_iter};
use std::collections::VecDeque;
use std::ops::Range;

/// Bytes a segment: memory comes and goes in these, and a write of a busy tick is two or three of them.
const SEGMENT: usize = 64 << 10;

/// Framed lines in segments of equal size, so that a place is found by division.
#[derive(Debug, Default)]
pub struct Log {
    /// Place of the first byte still held; a multiple of [`SEGMENT`].
    base: u64,
    end: u64,
    segments: VecDeque<Vec<u8>>,
    /// One freed segment, for the next append.
    spare: Option<Vec<u8>>,
}

impl Log {
    /// The place after the last byte.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.end
    }

    /// Bytes held.
    #[cfg(test)]
    #[must_use]
    pub fn held(&self) -> u64 {
        self.end - self.base
    }

    /// Segments that were begun since the beginning: when this grows, old ones may be worth freeing.
    #[must_use]
    pub fn begun(&self) -> u64 {
        self.end.div_ceil(SEGMENT as u64)
    }

    /// Appends one line made of `parts` and its LF; where it stands.
    pub fn append(&mut self, parts: &[&[u8]]) -> Range<u64> {
        let start = self.end;
        for part in parts {
            self.push(part);
        }
        self.push(b"\n");
        start..self.end
    }

    fn push(&mut self, mut part: &[u8]) {
        self.end += part.len() as u64;
        while !part.is_empty() {
            if self.segments.back().is_none_or(|s| s.len() == SEGMENT) {
                self.segments.push_back(self.spare.take().unwrap_or_else(|| Vec::with_capacity(SEGMENT)));
            }
            let Some(segment) = self.segments.back_mut() else { return };
            let (now, later) = part.split_at(part.len().min(SEGMENT - segment.len()));
            segment.extend_from_slice(now);
            part = later;
        }
    }

    /// The bytes of `range`, one slice a segment. What was freed is left out.
    pub fn slices(&self, range: Range<u64>) -> impl Iterator<Item = &[u8]> {
        let mut at = range.start.max(self.base);
        std::iter::from_fn(move || {
            if at >= range.end {
                return None;
            }
            let offset = self.offset(at);
            let segment = self.segments.get(offset / SEGMENT)?;
            let wanted = usize::try_from(range.end - at).unwrap_or(usize::MAX);
            let from = offset % SEGMENT;
            let slice = segment.get(from..segment.len().min(from.saturating_add(wanted)))?;
            at += slice.len() as u64;
            (!slice.is_empty()).then_some(slice)
        })
    }

    /// The first start of a line at `place` or after it.
    #[must_use]
    pub fn line_start(&self, place: u64) -> u64 {
        if place <= self.base {
            return place;
        }
        let mut at = place - 1;
        for slice in self.slices(at..self.end) {
            if let Some(found) = memchr(b'\n', slice) {
                return at + found as u64 + 1;
            }
            at += slice.len() as u64;
        }
        self.end
    }

    /// Frees what no reader at `place` or after it needs, nor [`line_start`](Self::line_start) of such a place.
    pub fn release(&mut self, place: u64) {
        while self.base + (SEGMENT as u64) < place {
            let Some(mut freed) = self.segments.pop_front() else { return };
            freed.clear();
            self.spare = Some(freed);
            self.base += SEGMENT as u64;
        }
    }

    fn offset(&self, place: u64) -> usize {
        // Never more than is held in memory.
        usize::try_from(place - self.base).unwrap_or(usize::MAX)
    }
}

/// Lines that end in `bytes`.
#[must_use]
pub fn count_lines(bytes: &[u8]) -> usize {
    memchr_iter(b'\n', bytes).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(log: &Log, range: Range<u64>) -> Vec<u8> {
        log.slices(range).flatten().copied().collect()
    }

    #[test]
    fn places_stay_while_segments_come_and_go() {
        let mut log = Log::default();
        let line = vec![b'x'; 999];
        let places: Vec<_> = (0..1000).map(|_| log.append(&[&line])).collect();
        assert_eq!(log.end(), 1_000_000);
        assert_eq!(read(&log, places[500].clone()).len(), 1000);
        log.release(places[500].start);
        assert!(log.held() <= 500_000 + 2 * SEGMENT as u64);
        assert_eq!(
            log.line_start(places[500].start),
            places[500].start,
            "a line's start is known after a release"
        );
        assert_eq!(log.line_start(places[500].start + 1), places[501].start);
        assert_eq!(read(&log, places[999].clone()), [&line[..], b"\n"].concat());
        log.release(log.end());
        assert!(log.held() <= SEGMENT as u64 + 1);
        log.append(&[b"again"]);
        assert_eq!(read(&log, log.end() - 6..log.end()), b"again\n");
    }

    #[test]
    fn memory_is_used_again() {
        let mut log = Log::default();
        let line = vec![b'x'; 1000];
        for _ in 0..10_000 {
            log.append(&[&line]);
            log.release(log.end());
            assert!(log.segments.len() <= 2);
        }
    }

    #[test]
    fn the_beginning_is_a_start_of_a_line() {
        let mut log = Log::default();
        assert_eq!(log.line_start(0), 0);
        log.append(&[b"ab", b"c"]);
        assert_eq!((log.line_start(0), log.line_start(1), log.line_start(4)), (0, 4, 4));
    }
}
