//! One connection as a stream of bytes, in the runtime: many of them are served by one thread.
//!
//! Every call takes `&self`, so that the two directions of a connection run side by side in one task. A buffer is lent for
//! one poll at a time: a thousand silent connections share one.
//!
//! TLS becomes a [`Layer`]: a session behind a lock, which `try_read`, `try_write` and `poll_shutdown` run over the
//! socket; the facts of the kernel ([`ByteStream::socket_ref`]) stay those of the connection below. A tap (a dump, a
//! throttle) is called in the same three places and in `poll_discard`. The counters are no tap: the socket counts, so that
//! spliced bytes count as well. A stream with a layer or a tap is never spliced (`can_splice` in `relay::threads`).

#[cfg(test)]
mod memory;

use crate::sys::error::{Error, Result};
use crate::sys::reactor;
use crate::sys::socket::{Connecting, Socket};
use crate::sys::splice::discard_some;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The pause between two looks at what the peer acknowledged, at first and at most.
const FIRST_LOOK: Duration = Duration::from_millis(1);
const LONGEST_LOOK: Duration = Duration::from_millis(50);

/// A connection whose calls wait in the runtime. Dropping it closes the connection in order.
pub struct ByteStream {
    socket: AsyncFd<Socket>,
    layer: Layer,
}

/// What lies between the bytes of a stream and the socket.
enum Layer {
    /// Nothing.
    Plain,
    /// The bytes do not reach the socket, but another stream of this process.
    #[cfg(test)]
    Memory(memory::Memory),
}

/// Puts a socket into the reactor of the runtime this is called in.
pub(super) fn register(socket: Socket) -> Result<AsyncFd<Socket>> {
    let on = socket.on();
    reactor::register(socket).map_err(|e| Error::new("epoll_ctl", on, e))
}

impl ByteStream {
    /// Takes a connection into the runtime this is called in.
    pub fn new(socket: Socket) -> Result<Self> {
        Ok(Self { socket: register(socket)?, layer: Layer::Plain })
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
            let mut guard = ready!(self.socket.poll_write_ready(cx))
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
        self.socket.get_ref()
    }

    /// Receives into `buffer`; 0 at the peer's FIN.
    pub fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        match &self.layer {
            Layer::Plain => self.poll_receive(cx, buffer, Socket::recv),
            #[cfg(test)]
            Layer::Memory(memory) => memory.poll_read(cx, buffer),
        }
    }

    /// Throws away what has come, at most the length of `scratch`, bytes; 0 at the peer's FIN.
    pub fn poll_discard(&self, cx: &mut Context<'_>, scratch: &mut [u8]) -> Poll<io::Result<usize>> {
        match &self.layer {
            Layer::Plain => self.poll_receive(cx, scratch, discard_some),
            #[cfg(test)]
            Layer::Memory(memory) => memory.poll_read(cx, scratch),
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
            let mut guard = ready!(self.socket.poll_read_ready(cx))?;
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
            (Layer::Plain, [one]) => self.socket_ref().send(one),
            (Layer::Plain, many) => self.socket_ref().send_vectored(many),
            #[cfg(test)]
            (Layer::Memory(memory), parts) => memory.try_write(parts),
        }
    }

    /// Calls `write`, which writes by [`Self::try_write`], until it does not answer `WouldBlock`.
    pub fn poll_writing<R>(
        &self,
        cx: &mut Context<'_>,
        mut write: impl FnMut() -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        #[cfg(test)]
        if let Layer::Memory(memory) = &self.layer {
            return memory.poll_writing(cx, write);
        }
        loop {
            let mut guard = ready!(self.socket.poll_write_ready(cx))?;
            match write() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => guard.clear_ready(),
                answer => return Poll::Ready(answer),
            }
        }
    }

    /// Ends the sending direction: our FIN.
    pub async fn shutdown_write(&self) -> Result<()> {
        poll_fn(|cx| self.poll_shutdown(cx)).await
    }

    /// As [`Self::shutdown_write`], for a task that is polled by hand.
    pub fn poll_shutdown(&self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(match &self.layer {
            Layer::Plain => self.socket_ref().shutdown_write(),
            #[cfg(test)]
            Layer::Memory(memory) => {
                memory.shutdown();
                Ok(())
            }
        })
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

impl AsyncRead for &ByteStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let received = ready!(ByteStream::poll_read(&self, cx, buffer.initialize_unfilled()))?;
        buffer.advance(received);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for &ByteStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_writing(cx, || self.try_write(parts))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ByteStream::poll_shutdown(&self, cx).map_err(|error| error.source)
    }
}
