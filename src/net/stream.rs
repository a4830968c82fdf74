//! A tracked TCP socket in the runtime: many of them are served by one thread.

use crate::sys::error::{Error, Result};
use crate::sys::reactor;
use crate::sys::socket::{Connecting, Socket};
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Between two looks whether the peer acknowledged something, at first and at most.
const FIRST_LOOK: Duration = Duration::from_millis(1);
const LONGEST_LOOK: Duration = Duration::from_millis(50);

/// A connection whose calls wait in the runtime. Dropping it closes the connection in order.
pub struct Stream(AsyncFd<Socket>);

/// A listener, or any socket that is only waited for.
pub struct Waiting(AsyncFd<Socket>);

fn register(socket: Socket) -> Result<AsyncFd<Socket>> {
    let on = socket.peer().or(socket.local()).map(|a| a.to_string()).unwrap_or_default();
    reactor::register(socket).map_err(|e| Error::new("epoll_ctl", on, e))
}

impl Stream {
    /// Takes a connection into the runtime this is called in.
    pub fn new(socket: Socket) -> Result<Self> {
        register(socket).map(Self)
    }

    /// Waits for the answer to a connect that does not block.
    pub async fn connected(socket: Socket, progress: Connecting) -> Result<Self> {
        let stream = Self::new(socket)?;
        if progress == Connecting::InProgress {
            poll_fn(|cx| stream.poll_connected(cx)).await?;
        }
        Ok(stream)
    }

    /// As [`Self::connected`] for whoever waits for several at once; not to be asked again after the answer.
    pub fn poll_connected(&self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        loop {
            let on = || self.socket_ref().peer().map(|a| a.to_string()).unwrap_or_default();
            let mut guard =
                ready!(self.0.poll_write_ready(cx)).map_err(|e| Error::new("connect", on(), e))?;
            if self.socket_ref().finish_connect()?.is_some() {
                return Poll::Ready(Ok(()));
            }
            guard.clear_ready();
        }
    }

    /// The socket itself.
    #[must_use]
    pub fn socket_ref(&self) -> &Socket {
        self.0.get_ref()
    }

    /// Waits until `receive` does not answer `WouldBlock`: data, FIN or an error is there.
    ///
    /// The call gets the socket so that its buffer need not be held while waiting: a thousand idle connections share one.
    pub async fn receive<R>(&self, receive: impl FnMut(&Socket) -> io::Result<R>) -> io::Result<R> {
        self.0.async_io(Interest::READABLE, receive).await
    }

    /// Receives into `buffer` in a task that is polled by hand; 0 at the peer's FIN.
    ///
    /// A buffer that is not filled was all there was: the call that would only answer `WouldBlock` is saved.
    pub fn poll_receive(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            let mut guard = ready!(self.0.poll_read_ready(cx))?;
            match self.socket_ref().recv(buffer) {
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

    /// Calls `send` in a task that is polled by hand, until it does not answer `WouldBlock`.
    pub fn poll_send<R>(
        &self,
        cx: &mut Context<'_>,
        mut send: impl FnMut(&Socket) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        loop {
            let mut guard = ready!(self.0.poll_write_ready(cx))?;
            match send(self.socket_ref()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => guard.clear_ready(),
                answer => return Poll::Ready(answer),
            }
        }
    }

    /// Receives into `buffer`; 0 at the peer's FIN.
    pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.receive(|socket| socket.recv(buffer)).await
    }

    /// Waits until `send` does not answer `WouldBlock`.
    pub async fn send<R>(&self, send: impl FnMut(&Socket) -> io::Result<R>) -> io::Result<R> {
        self.0.async_io(Interest::WRITABLE, send).await
    }

    /// Waits until the peer acknowledged the first of what was sent ([`Socket::first_data_unacked`]), or the connection broke.
    pub async fn first_data_acked(&self) {
        let mut pause = FIRST_LOOK;
        while self.socket_ref().first_data_unacked() {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_LOOK);
        }
    }

    /// Sends all of `data`.
    pub async fn write_all(&self, mut data: &[u8]) -> io::Result<()> {
        while !data.is_empty() {
            let sent = self.send(|socket| socket.send(data)).await?;
            data = &data[sent..];
        }
        Ok(())
    }
}

impl Waiting {
    /// Takes a socket into the runtime this is called in.
    pub fn new(socket: Socket) -> Result<Self> {
        register(socket).map(Self)
    }

    /// The socket itself.
    #[must_use]
    pub fn socket_ref(&self) -> &Socket {
        self.0.get_ref()
    }

    /// Waits until a client may be there to be accepted.
    pub async fn client_waits(&self) -> io::Result<()> {
        self.0.readable().await?.retain_ready();
        Ok(())
    }

    /// The next client, if one is there.
    pub fn try_accept(&self) -> io::Result<Option<Socket>> {
        match self.0.try_io(Interest::READABLE, Socket::accept) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            answer => answer.map(Some),
        }
    }
}
