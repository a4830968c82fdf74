//! One direction of a tapped stream: what must be waited for, and what happens to the bytes that passed.

use super::dump::Dump;
use super::file::TapFile;
use super::throttle::Throttle;
use crate::sys::reactor::Timer;
use jiff::Timestamp;
use std::io::IoSlice;
use std::task::{Context, Poll, ready};
use std::time::Instant;

/// The most bytes that pass at once where they are copied into a file: a piece of the dump is five times as long.
const PIECE: usize = 64 << 10;

/// One direction.
pub(super) struct Direction {
    pub(super) copy: Option<TapFile>,
    pub(super) dump: Option<(TapFile, Dump)>,
    pub(super) throttle: Option<Throttle>,
    pub(super) timer: Timer,
}

impl Direction {
    fn files(&self) -> impl Iterator<Item = &TapFile> {
        self.copy.iter().chain(self.dump.iter().map(|(file, _)| file))
    }

    /// Whether bytes may pass now.
    pub(super) fn is_open(&self) -> bool {
        let now = Instant::now();
        self.files().all(TapFile::has_room) && self.throttle.as_ref().is_none_or(|t| t.holds(now).is_none())
    }

    /// Waits until bytes may pass.
    pub(super) fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        for file in self.files() {
            ready!(file.poll_room(cx));
        }
        while let Some(then) = self.throttle.as_ref().and_then(|t| t.holds(Instant::now())) {
            ready!(self.timer.poll_until(cx, then));
        }
        Poll::Ready(())
    }

    /// The most bytes that may pass at once.
    pub(super) fn limit(&self) -> usize {
        let most = if self.files().next().is_some() { PIECE } else { usize::MAX };
        self.throttle.as_ref().map_or(most, |throttle| throttle.limit().min(most))
    }

    /// The front of `parts` that may pass at once: not more than the limit, nor than a line where there is a pause after each.
    pub(super) fn clip<'a>(&self, parts: &'a [IoSlice<'_>]) -> Vec<IoSlice<'a>> {
        let by_line = self.throttle.as_ref().is_some_and(Throttle::by_line);
        let (mut left, mut clipped) = (self.limit(), Vec::with_capacity(parts.len().min(16)));
        for part in parts {
            let part = &part[..part.len().min(left)];
            let end = if by_line { memchr::memchr(b'\n', part) } else { None };
            let taken = end.map_or(part, |end| &part[..=end]);
            clipped.push(IoSlice::new(taken));
            left -= taken.len();
            if left == 0 || end.is_some() {
                break;
            }
        }
        clipped
    }

    /// Copies the first `len` bytes of `parts`, which passed, and counts them.
    pub(super) fn passed(&mut self, parts: &[IoSlice<'_>], len: usize) {
        if len == 0 {
            return;
        }
        let bytes = front(parts, len);
        if let Some(file) = &self.copy {
            file.put(|out| out.extend_from_slice(&bytes));
        }
        if let Some((file, dump)) = &mut self.dump {
            file.put(|out| dump.append(&bytes, Timestamp::now(), out));
        }
        if let Some(throttle) = &mut self.throttle {
            throttle.passed(len, bytes.last() == Some(&b'\n'), Instant::now());
        }
    }
}

/// The first `len` bytes of `parts` in one piece.
fn front<'a>(parts: &'a [IoSlice<'_>], len: usize) -> std::borrow::Cow<'a, [u8]> {
    match parts {
        [first, ..] if first.len() >= len => first[..len].into(),
        _ => parts.iter().flat_map(|part| part.iter().copied()).take(len).collect::<Vec<u8>>().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZero;
    use std::time::Duration;

    fn clipped(rate: Option<u64>, delay: Option<u64>, parts: &[&[u8]]) -> String {
        let (rate, delay) = (rate.and_then(NonZero::new), delay.map(Duration::from_secs));
        let throttle = Some(Throttle::new(rate, delay, Instant::now()));
        let direction = Direction { copy: None, dump: None, throttle, timer: Timer::default() };
        let parts: Vec<_> = parts.iter().map(|part| IoSlice::new(part)).collect();
        let clipped: Vec<_> = direction.clip(&parts).iter().map(|part| part.to_vec()).collect();
        String::from_utf8(clipped.join(&b'/')).unwrap()
    }

    #[test]
    fn what_may_pass_at_once_is_cut_at_the_limit_and_the_line() {
        assert_eq!(clipped(None, None, &[b"one\ntwo", b"three"]), "one\ntwo/three");
        assert_eq!(clipped(Some(250), None, &[b"one", b"two", b"three"]), "one/tw");
        assert_eq!(clipped(None, Some(1), &[b"one", b"two\nthree", b"four"]), "one/two\n");
        assert_eq!(clipped(Some(100), Some(1), &[b"one\n"]), "on");
        assert_eq!(clipped(None, Some(1), &[]), "");
    }
}
