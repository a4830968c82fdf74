//! One connection as a stream of bytes, in the runtime: many of them are served by one thread.
//!
//! Every call takes `&self`, so that the two directions of a connection run side by side in one task. A buffer is lent for
//! one poll at a time: a thousand silent connections share one.
//!
//! TLS is a [`Layer`]: a session over a plain stream; the facts of the kernel ([`ByteStream::socket_ref`]) stay those of
//! the connection below, and so do the counters: they count the records. A tap is a layer as well, over the others. The
//! counters are no tap: the socket counts, so that spliced bytes count as well. A stream that is not plain is never spliced
//! (`is_plain` in `session::opening`).

mod async_io;
mod joining;
#[cfg(test)]
mod memory;
mod tapped;
mod tls;

pub use tls::Under;

use super::tls as session;
use crate::event::Kind;
use crate::sys::error::{Error, Result};
use crate::sys::reactor;
use crate::sys::socket::{Connecting, Socket};
use crate::sys::splice::discard_some;
use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::unix::AsyncFd;

/// The pause between two looks at what the peer acknowledged, at first and at most.
const FIRST_LOOK: Duration = Duration::from_millis(1);
const LONGEST_LOOK: Duration = Duration::from_millis(50);
/// The longest wait for the peer's end before a close.
const FINISH_LIMIT: Duration = Duration::from_secs(1);

/// A connection whose calls wait in the runtime. Dropping it closes the connection in order.
pub struct ByteStream {
    layer: Layer,
}

/// What lies between the bytes of a stream and the socket.
enum Layer {
    /// Nothing.
    Plain(AsyncFd<Socket>),
    /// A session of TLS.
    Tls(Box<tls::Tls>),
    /// A tap, over the other layers.
    Tapped(Box<tapped::Tapped>),
    /// The bytes do not reach the socket, but another stream of this process.
    #[cfg(test)]
    Memory(AsyncFd<Socket>, memory::Memory),
}

/// Puts a socket into the reactor of the runtime this is called in.
pub(super) fn register(socket: Socket) -> Result<AsyncFd<Socket>> {
    let on = socket.on();
    reactor::register(socket).map_err(|e| Error::new("epoll_ctl", on, e))
}

impl ByteStream {
    /// Takes a connection into the runtime this is called in.
    pub fn new(socket: Socket) -> Result<Self> {
        Ok(Self { layer: Layer::Plain(register(socket)?) })
    }

    /// The stream through a session whose handshake is done, with a peer whose certificate has this subject; a FIN without
    /// `close_notify` is an error unless `allow_truncated`.
    #[must_use]
    pub fn through_tls(
        session: session::Stream<Under>,
        subject: Option<String>,
        allow_truncated: bool,
    ) -> Self {
        Self { layer: Layer::Tls(Box::new(tls::Tls::new(session, subject, allow_truncated))) }
    }

    /// The subject of the peer's certificate, where there is TLS and the peer has one.
    #[must_use]
    pub fn tls_subject(&self) -> Option<String> {
        match &self.layer {
            Layer::Tls(tls) => tls.subject().map(str::to_owned),
            Layer::Tapped(tapped) => tapped.under().tls_subject(),
            Layer::Plain(_) => None,
            #[cfg(test)]
            Layer::Memory(..) => None,
        }
    }

    /// Whether the bytes pass through TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        match &self.layer {
            Layer::Tapped(tapped) => tapped.under().is_tls(),
            layer => matches!(layer, Layer::Tls(_)),
        }
    }

    /// The socket, where nothing stands between it and the bytes; else the stream as it was.
    #[allow(clippy::result_large_err)] // the error is the stream, moved once a connection
    pub fn into_plain(self) -> std::result::Result<Socket, Self> {
        if let Layer::Plain(socket) = self.layer {
            return Ok(socket.into_inner());
        }
        Err(self)
    }

    /// Waits for the answer to a connect that does not block.
    pub async fn connected(socket: Socket, progress: Connecting) -> Result<Self> {
        let stream = Self::new(socket)?;
        if progress == Connecting::InProgress {
            poll_fn(|cx| stream.poll_connected(cx)).await?;
        }
        Ok(stream)
    }

    /// As [`Self::connected`], for a task that waits for several at once; not to be polled again after the answer.
    pub fn poll_connected(&self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        loop {
            let mut guard = ready!(self.carrier().poll_write_ready(cx))
                .map_err(|e| Error::new("connect", self.socket_ref().on(), e))?;
            if self.socket_ref().finish_connect()?.is_some() {
                return Poll::Ready(Ok(()));
            }
            guard.clear_ready();
        }
    }

    /// The socket below: the facts of the kernel, and calls that move no payload.
    #[must_use]
    pub fn socket_ref(&self) -> &Socket {
        self.carrier().get_ref()
    }

    fn carrier(&self) -> &AsyncFd<Socket> {
        match &self.layer {
            Layer::Plain(socket) => socket,
            Layer::Tls(tls) => tls.under().carrier(),
            Layer::Tapped(tapped) => tapped.under().carrier(),
            #[cfg(test)]
            Layer::Memory(socket, _) => socket,
        }
    }

    /// The failure of `op`, which names the peer.
    #[must_use]
    pub fn failed(&self, op: &'static str, error: io::Error) -> Error {
        let is_tls = session::StreamError::of(&error).is_some();
        let error = Error::new(op, self.socket_ref().on(), error);
        if is_tls { error.about(Kind::Tls) } else { error }
    }

    /// Receives into `buffer`; 0 at the peer's FIN.
    pub fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        match &self.layer {
            Layer::Plain(_) => self.poll_receive(cx, buffer, Socket::recv),
            Layer::Tls(tls) => tls.poll_read(cx, buffer),
            Layer::Tapped(tapped) => tapped.poll_read(cx, buffer),
            #[cfg(test)]
            Layer::Memory(_, memory) => memory.poll_read(cx, buffer),
        }
    }

    /// Throws away what has come, at most the length of `scratch`, bytes; 0 at the peer's FIN.
    pub fn poll_discard(&self, cx: &mut Context<'_>, scratch: &mut [u8]) -> Poll<io::Result<usize>> {
        match &self.layer {
            Layer::Plain(_) => self.poll_receive(cx, scratch, discard_some),
            Layer::Tls(tls) => tls.poll_read(cx, scratch),
            Layer::Tapped(tapped) => tapped.poll_read(cx, scratch),
            #[cfg(test)]
            Layer::Memory(_, memory) => memory.poll_read(cx, scratch),
        }
    }

    /// Calls `receive` until it does not answer `WouldBlock`.
    ///
    /// A buffer that is not filled was all there was: the call that would only answer `WouldBlock` is saved.
    fn poll_receive(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
        receive: impl Fn(&Socket, &mut [u8]) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            let mut guard = ready!(self.carrier().poll_read_ready(cx))?;
            match receive(self.socket_ref(), buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => guard.clear_ready(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(len) if len > 0 && len < buffer.len() => {
                    guard.clear_ready();
                    return Poll::Ready(Ok(len));
                }
                answer => return Poll::Ready(answer),
            }
        }
    }

    /// Sends what fits now, or answers `WouldBlock`.
    pub fn try_write(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        match (&self.layer, parts) {
            (Layer::Plain(socket), [one]) => socket.get_ref().send(one),
            (Layer::Plain(socket), many) => socket.get_ref().send_vectored(many),
            (Layer::Tls(tls), parts) => tls.try_write(parts),
            (Layer::Tapped(tapped), parts) => tapped.try_write(parts),
            #[cfg(test)]
            (Layer::Memory(_, memory), parts) => memory.try_write(parts),
        }
    }

    /// Calls `write`, which writes by [`Self::try_write`], until it does not answer `WouldBlock`.
    pub fn poll_writing<R>(
        &self,
        cx: &mut Context<'_>,
        mut write: impl FnMut() -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        match &self.layer {
            Layer::Plain(_) => {}
            Layer::Tls(tls) => return tls.poll_writing(cx, write),
            Layer::Tapped(tapped) => {
                let mut answer = Err(io::ErrorKind::WouldBlock.into());
                ready!(tapped.poll_writing(cx, &mut || write().map(|wrote| answer = Ok(wrote))))?;
                return Poll::Ready(answer);
            }
            #[cfg(test)]
            Layer::Memory(_, memory) => return memory.poll_writing(cx, write),
        }
        loop {
            let mut guard = ready!(self.carrier().poll_write_ready(cx))?;
            match write() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => guard.clear_ready(),
                answer => return Poll::Ready(answer),
            }
        }
    }

    /// Waits until the socket has all that was written: TLS takes more than the socket does. Ready at once without TLS.
    pub fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &self.layer {
            Layer::Tls(tls) => tls.poll_flush(cx),
            Layer::Tapped(tapped) => tapped.under().poll_flush(cx),
            Layer::Plain(_) => Poll::Ready(Ok(())),
            #[cfg(test)]
            Layer::Memory(..) => Poll::Ready(Ok(())),
        }
    }

    /// TLS took something that its socket did not: [`Self::poll_flush`] waits for it.
    #[must_use]
    pub fn has_unsent(&self) -> bool {
        match &self.layer {
            Layer::Tls(tls) => tls.has_unsent(),
            Layer::Tapped(tapped) => tapped.under().has_unsent(),
            Layer::Plain(_) => false,
            #[cfg(test)]
            Layer::Memory(..) => false,
        }
    }

    /// Ends the sending direction: our FIN, after `close_notify` where there is TLS.
    pub async fn shutdown_write(&self) -> Result<()> {
        poll_fn(|cx| self.poll_shutdown(cx)).await
    }

    /// As [`Self::shutdown_write`], for a task that is polled by hand.
    pub fn poll_shutdown(&self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        match &self.layer {
            Layer::Plain(socket) => Poll::Ready(socket.get_ref().shutdown_write()),
            Layer::Tls(tls) => tls.poll_shutdown(cx).map_err(|e| self.failed("shutdown", e)),
            Layer::Tapped(tapped) => tapped.under().poll_shutdown(cx),
            #[cfg(test)]
            Layer::Memory(_, memory) => {
                memory.shutdown();
                Poll::Ready(Ok(()))
            }
        }
    }

    /// Before the close of a stream whose work is done: with TLS sends `close_notify` if it was not sent yet, then reads
    /// and discards what the peer still sends, to its FIN and at most for [`FINISH_LIMIT`]. A close with bytes unread is a
    /// reset, which would discard what the peer has not read yet; TLS peers send tickets unasked.
    pub async fn finish(&self, scratch: &RefCell<Vec<u8>>) {
        let tls = match &self.layer {
            Layer::Tls(tls) => tls,
            Layer::Tapped(tapped) => return Box::pin(tapped.under().finish(scratch)).await,
            Layer::Plain(_) => return,
            #[cfg(test)]
            Layer::Memory(..) => return,
        };
        let last = async {
            if !tls.is_shut_down() && self.shutdown_write().await.is_err() {
                return;
            }
            while matches!(poll_fn(|cx| self.poll_read(cx, &mut scratch.borrow_mut())).await, Ok(1..)) {}
            // The FIN may come after `close_notify`.
            let under = tls.under();
            while matches!(poll_fn(|cx| under.poll_read(cx, &mut scratch.borrow_mut())).await, Ok(1..)) {}
        };
        // A peer that goes on sending is cut off.
        let _ = tokio::time::timeout(FINISH_LIMIT, last).await;
    }

    /// Waits until the peer acknowledged the first of what was sent ([`Socket::first_data_unacked`]), or the connection
    /// broke.
    pub async fn first_data_acked(&self) {
        let mut pause = FIRST_LOOK;
        while self.socket_ref().first_data_unacked() {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_LOOK);
        }
    }
}
