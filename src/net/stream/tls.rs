//! TLS between the bytes of a stream and its socket.

use super::ByteStream;
use crate::event::{Event, TlsFields, TlsStep};
use crate::net::tls::{SharedStream, Stream, StreamError};
use crate::sys::signal::end_requested;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A session over a plain stream.
pub(super) struct Tls {
    session: SharedStream<Under>,
    under: Arc<ByteStream>,
    /// A FIN without `close_notify` counts as an end.
    allow_truncated: bool,
    /// The subject of the peer's certificate.
    subject: Option<String>,
    /// The peer's end was reported.
    ended: AtomicBool,
    /// `close_notify` and FIN were sent.
    shut_down: AtomicBool,
}

/// The plain stream that a session reads and writes.
pub struct Under(Arc<ByteStream>);

impl Under {
    /// A plain stream for a handshake over it.
    #[must_use]
    pub fn new(plain: ByteStream) -> Self {
        Self(Arc::new(plain))
    }

    /// The plain stream.
    #[must_use]
    pub fn stream(&self) -> &Arc<ByteStream> {
        &self.0
    }
}

impl Tls {
    pub(super) fn new(session: Stream<Under>, subject: Option<String>, allow_truncated: bool) -> Self {
        let under = Arc::clone(&session.get_ref().0);
        Self {
            session: SharedStream::new(session),
            under,
            allow_truncated,
            subject,
            ended: AtomicBool::new(false),
            shut_down: AtomicBool::new(false),
        }
    }

    pub(super) fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    pub(super) fn under(&self) -> &ByteStream {
        &self.under
    }

    pub(super) fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(match ready!(self.session.poll_receive(cx, buffer)) {
            Ok(0) => {
                self.report(TlsStep::CloseNotify, None);
                Ok(0)
            }
            Err(error) => match StreamError::of(&error) {
                Some(StreamError::Truncated) => {
                    self.report(TlsStep::Truncated, None);
                    if self.allow_truncated { Ok(0) } else { Err(error) }
                }
                Some(StreamError::Alert(name, _)) => {
                    self.report(TlsStep::Alert, Some(name.clone()));
                    Err(error)
                }
                Some(StreamError::Protocol(_)) | None => Err(error),
            },
            received => received,
        })
    }

    /// Takes what the session has room for. Whether the socket takes it as well is for [`Self::poll_flush`] to wait for.
    pub(super) fn try_write(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        // The task that waits registers itself by `poll_flush`.
        match self.session.poll_send(&mut Context::from_waker(Waker::noop()), parts) {
            Poll::Ready(sent) => sent,
            Poll::Pending => Err(ErrorKind::WouldBlock.into()),
        }
    }

    pub(super) fn poll_writing<R>(
        &self,
        cx: &mut Context<'_>,
        mut write: impl FnMut() -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        loop {
            match write() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => ready!(self.poll_flush(cx))?,
                answer => return Poll::Ready(answer),
            }
        }
    }

    pub(super) fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.session.poll_flush(cx)
    }

    pub(super) fn has_unsent(&self) -> bool {
        self.session.has_unsent()
    }

    /// Sends `close_notify`, then FIN.
    pub(super) fn poll_shutdown(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = self.session.poll_shutdown(cx);
        self.shut_down.store(done.is_ready(), Ordering::Relaxed);
        done
    }

    pub(super) fn is_shut_down(&self) -> bool {
        self.shut_down.load(Ordering::Relaxed)
    }

    /// Emits the peer's end, once.
    fn report(&self, what: TlsStep, reason: Option<String>) {
        if !self.ended.swap(true, Ordering::Relaxed) {
            let tls = Box::new(TlsFields { reason, ..TlsFields::default() });
            self.under.socket_ref().emit(|socket| Event::Tls { socket, what, tls });
        }
    }
}

impl Drop for Tls {
    /// A signal that ends the program is no failure of the stream: `close_notify` and FIN, as far as they need no wait. Where
    /// something was still to be sent, the peer is to see that it is truncated.
    fn drop(&mut self) {
        let is_whole = !self.is_shut_down() && !self.has_unsent();
        if end_requested() && is_whole && !self.under.socket_ref().resets_on_close() {
            // An error is one of a connection that is over.
            let _ = self.poll_shutdown(&mut Context::from_waker(Waker::noop()));
        }
    }
}

impl AsyncRead for Under {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self.0).poll_read(cx, out)
    }
}

impl AsyncWrite for Under {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self.0).poll_write(cx, data)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self.0).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // What is below may be TLS as well, to a proxy.
        self.0.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self.0).poll_shutdown(cx)
    }
}
