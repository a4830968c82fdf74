//! What a relay between two streams needs beside reading and writing: splice(2), and to notice that a stream broke while
//! nothing is written to it.

use super::{ByteStream, Layer};
use crate::event::Proto;
use crate::sys::socket::Socket;
use std::io::{self, ErrorKind};
use std::task::{Context, Poll, ready};

impl ByteStream {
    /// Whether the bytes are those of the socket, so that the kernel may move them.
    #[must_use]
    pub fn can_splice(&self) -> bool {
        matches!(self.layer, Layer::Plain(_))
    }

    /// Calls `receive` on the socket once something waits there, until it does not answer `WouldBlock`. Only for a stream that
    /// [can splice](Self::can_splice).
    pub fn poll_receiving<R>(
        &self,
        cx: &mut Context<'_>,
        mut receive: impl FnMut(&Socket) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        loop {
            let mut guard = ready!(self.carrier().poll_read_ready(cx))?;
            match receive(self.socket_ref()) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => guard.clear_ready(),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                answer => return Poll::Ready(answer),
            }
        }
    }

    /// Looks at what the peer sent, more than the `known` bytes of the look before, and leaves it there; returns no more than
    /// `known` at the peer's end. Only for a stream without a layer.
    pub fn poll_peek(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
        known: usize,
    ) -> Poll<io::Result<usize>> {
        loop {
            let mut guard = ready!(self.carrier().poll_read_ready(cx))?;
            match self.socket_ref().peek(buffer) {
                Ok(seen) if seen > known || seen == 0 || guard.ready().is_read_closed() => {
                    return Poll::Ready(Ok(seen));
                }
                Ok(_) => guard.clear_ready(),
                Err(error) if error.kind() == ErrorKind::WouldBlock => guard.clear_ready(),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// As [`ByteStream::poll_writing`], for a task that also calls [`Self::poll_broken`]: tries before it asks whether the
    /// socket is writable.
    pub fn poll_sending<R>(
        &self,
        cx: &mut Context<'_>,
        mut send: impl FnMut() -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        let Layer::Plain(socket) = &self.layer else { return self.poll_writing(cx, send) };
        loop {
            match send() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    ready!(socket.poll_write_ready(cx))?.clear_ready();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                answer => return Poll::Ready(answer),
            }
        }
    }

    /// Ready once the connection is broken: the peer reset it, or it is given up. For a task that waits for something else
    /// than this stream. Never ready through TLS, whose next write finds out, nor on a UNIX socket, which shows a peer that
    /// closed and has sent all as it shows a broken one.
    pub fn poll_broken(&self, cx: &mut Context<'_>) -> Poll<()> {
        let Layer::Plain(socket) = &self.layer else { return Poll::Pending };
        if socket.get_ref().proto() != Proto::Tcp {
            return Poll::Pending;
        }
        loop {
            let Poll::Ready(Ok(mut guard)) = socket.poll_write_ready(cx) else { return Poll::Pending };
            if guard.ready().is_write_closed() {
                return Poll::Ready(());
            }
            guard.clear_ready();
        }
    }
}
