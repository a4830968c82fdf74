//! A stream through TLS.

use super::explain;
use super::wire::Wire;
use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncBufRead as _, AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsStream;

/// A stream through TLS over the stream `S`, whose handshake is done.
///
/// Reading ends with 0 at the peer's `close_notify` alone; a FIN without one is the error [`StreamError::Truncated`].
/// Writing may leave up to a buffer unsent: flush before waiting for an answer. Shutting down sends `close_notify`, then
/// FIN; reading goes on.
pub struct Stream<S> {
    tls: TlsStream<Wire<S>>,
    /// The socket did not take all of the last write: the writer waits for it.
    unsent: bool,
}

/// What ended a stream against the rules of TLS; the inner error of an [`io::Error`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamError {
    /// The peer's FIN arrived without `close_notify`: what it sent may be incomplete.
    Truncated,
    /// The peer sent this fatal alert: its name, and a line that says what it means.
    Alert(String, String),
    /// Bytes that are not TLS, or that were modified in transit.
    Protocol(String),
}

impl<S> Stream<S> {
    pub(crate) fn new(stream: impl Into<TlsStream<Wire<S>>>) -> Self {
        Self { tls: stream.into(), unsent: false }
    }

    /// The stream below.
    #[must_use]
    pub fn get_ref(&self) -> &S {
        self.tls.get_ref().0.stream()
    }

    /// The stream below. What is read from it or written to it breaks TLS; a reset does not.
    #[must_use]
    pub fn get_mut(&mut self) -> &mut S {
        self.tls.get_mut().0.stream_mut()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream<S> {
    /// Sends what reading gave rise to, as the refusal of a renegotiation. Where the writer waits, it is the writer that
    /// sends it: its task stays the one that is woken.
    fn answer(&mut self, cx: &mut Context<'_>) {
        if !self.unsent && self.tls.get_ref().1.wants_write() {
            _ = Pin::new(&mut self.tls).poll_flush(cx); // an error is the next write's
        }
    }

    /// Notes whether all was sent; an alert that came before a connection broke says why.
    fn written<R>(&mut self, cx: &mut Context<'_>, outcome: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        self.unsent = self.tls.get_ref().1.wants_write();
        let error = match ready!(outcome) {
            Ok(done) => return Poll::Ready(Ok(done)),
            Err(error) => error,
        };
        let broke = matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset);
        let cause = match Pin::new(&mut self.tls).poll_fill_buf(cx) {
            Poll::Ready(Err(cause)) if broke && cause.kind() == io::ErrorKind::InvalidData => cause,
            _ => error,
        };
        Poll::Ready(Err(explained(cause)))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.tls).poll_read(cx, out);
        self.answer(cx);
        outcome.map_err(explained)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.tls).poll_write(cx, data);
        self.written(cx, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.tls).poll_write_vectored(cx, parts);
        self.written(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.tls).poll_flush(cx);
        self.written(cx, outcome)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.tls).poll_shutdown(cx);
        self.written(cx, outcome)
    }
}

/// A [`Stream`] whose calls take `&self`, for one task that reads and writes.
pub struct SharedStream<S>(Mutex<Stream<S>>);

impl<S: AsyncRead + AsyncWrite + Unpin> SharedStream<S> {
    /// Shares a stream within its task.
    pub fn new(stream: Stream<S>) -> Self {
        Self(Mutex::new(stream))
    }

    fn lock(&self) -> MutexGuard<'_, Stream<S>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Receives into `buffer`, as many records as are there; 0 at the peer's `close_notify`.
    pub fn poll_receive(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut out = ReadBuf::new(buffer);
        ready!(Pin::new(&mut *self.lock()).poll_read(cx, &mut out))?;
        Poll::Ready(Ok(out.filled().len()))
    }

    /// Takes `parts` or their start to send, in as few records as hold them; [`Self::poll_flush`] sends what the socket did
    /// not take.
    pub fn poll_send(&self, cx: &mut Context<'_>, parts: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.lock()).poll_write_vectored(cx, parts)
    }

    /// Sends what was taken.
    pub fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.lock()).poll_flush(cx)
    }

    /// The socket did not take all that was taken.
    pub fn has_unsent(&self) -> bool {
        self.lock().unsent
    }

    /// Sends what was taken, `close_notify` and FIN.
    pub fn poll_shutdown(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.lock()).poll_shutdown(cx)
    }
}

impl StreamError {
    /// The TLS error inside an error of a [`Stream`]; None where the connection itself broke.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }
}

/// Gives an error of rustls its words; leaves those of the connection.
fn explained(error: io::Error) -> io::Error {
    let meaning = match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(tls @ rustls::Error::AlertReceived(alert)) => {
            StreamError::Alert(explain::alert_name(*alert), explain::error(tls))
        }
        Some(tls) => StreamError::Protocol(explain::error(tls)),
        None if error.kind() == io::ErrorKind::UnexpectedEof => StreamError::Truncated,
        None => return error,
    };
    io::Error::new(error.kind(), meaning)
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("truncated: the peer closed the connection without close_notify"),
            Self::Alert(_, meaning) | Self::Protocol(meaning) => f.write_str(meaning),
        }
    }
}

impl std::error::Error for StreamError {}

impl<S> fmt::Debug for Stream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tls::Stream")
    }
}
