//! A tap between the bytes of a stream and what carries them.

use super::{ByteStream, Layer};
use crate::net::tap::{Tap, Taps};
use std::io::{self, IoSlice};
use std::task::{Context, Poll, ready};

/// A stream whose bytes are watched or slowed.
pub(super) struct Tapped {
    stream: ByteStream,
    tap: Tap,
}

impl ByteStream {
    /// The stream with a tap, where `taps` has any.
    #[must_use]
    pub fn tapped(self, taps: Option<&Taps>) -> Self {
        let Some(taps) = taps else { return self };
        let tap = taps.tap(self.socket_ref());
        Self { layer: Layer::Tapped(Box::new(Tapped { stream: self, tap })) }
    }

    /// Whether the last write waits for a tap, not for the peer.
    #[must_use]
    pub fn is_held(&self) -> bool {
        matches!(&self.layer, Layer::Tapped(tapped) if tapped.tap.is_held())
    }
}

impl Tapped {
    /// The stream without the tap.
    pub(super) const fn under(&self) -> &ByteStream {
        &self.stream
    }

    pub(super) fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.tap.poll_read(cx, buffer, |cx, buffer| self.stream.poll_read(cx, buffer))
    }

    pub(super) fn try_write(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.tap.try_write(parts, |parts| self.stream.try_write(parts))
    }

    /// As [`ByteStream::poll_writing`]; waits for the tap, and for the stream only where the tap lets bytes pass.
    pub(super) fn poll_writing(
        &self,
        cx: &mut Context<'_>,
        write: &mut dyn FnMut() -> io::Result<()>,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.tap.poll_writable(cx));
            let mut held = false;
            let done = self.stream.poll_writing(cx, || match write() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && self.tap.is_held() => {
                    held = true;
                    Ok(())
                }
                answer => answer,
            });
            ready!(done)?;
            if !held {
                return Poll::Ready(Ok(()));
            }
        }
    }
}
