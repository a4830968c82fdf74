//! The command of one connection: from its start to the close of the connection.

use super::Children;
use super::children::Running;
use crate::event::{Event, Kind};
use crate::net::stream::ByteStream;
use crate::session::shared::{discard, idle};
use crate::sys::reactor::register_hang_up;
use crate::sys::socket::Socket;
use crate::sys::{Error, Result};
use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::process::ExitStatus;
use std::time::Duration;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// How long a connection whose command has ended is read on, so that a close with unread bytes does not throw away what the
/// peer has not read yet.
const LINGER: Duration = Duration::from_secs(1);

/// Why a command is to end before it does by itself.
pub(super) enum Cause {
    /// The connection broke.
    Broken(Error),
    /// Nothing moved for this long.
    Idle(Duration),
}

impl Children {
    /// Runs the command for a connection, of the client `named` where a proxy speaks for one; then ends the connection, with a
    /// FIN before the close.
    ///
    /// A command that cannot be started is an error, and the connection is reset. Its warnings are emitted here.
    pub(in crate::session) async fn serve(
        &self,
        stream: ByteStream,
        named: Option<SocketAddr>,
        limit: Option<Duration>,
        scratch: &RefCell<Vec<u8>>,
    ) -> Result<ExitStatus> {
        match stream.into_plain() {
            Ok(socket) => self.hand_over(socket, named, limit, scratch).await,
            Err(stream) => self.pipe(stream, named, limit, scratch).await,
        }
    }

    /// The socket itself is the command's standard input and output.
    async fn hand_over(
        &self,
        socket: Socket,
        named: Option<SocketAddr>,
        limit: Option<Duration>,
        scratch: &RefCell<Vec<u8>>,
    ) -> Result<ExitStatus> {
        let started = match socket.lend() {
            Ok(lent) => self.start(&socket, (named, None), lent).await,
            Err(error) => Err(self.failed(error)),
        };
        let running = match started {
            Ok(running) => running,
            Err(error) => return Err(refuse(&socket, error)),
        };
        let socket = register_hang_up(socket).map_err(|e| self.failed(e))?;
        let early = tokio::select! {
            biased;
            status = running.ended() => Ok(status?),
            () = broken(&socket) => Err(Cause::Broken(reset(socket.get_ref()))),
            limit = idle(socket.get_ref(), limit) => Err(Cause::Idle(limit)),
        };
        let socket = socket.into_inner();
        let status = match early {
            Ok(status) => status,
            Err(cause) => running.end_early(cause, &socket, ()).await?,
        };
        running.conclude(status, &socket);
        socket.take_back().map_err(|e| self.failed(e))?;
        close(&ByteStream::new(socket)?, scratch).await;
        Ok(status)
    }
}

impl Running<'_> {
    /// Warns, and ends the command or signals to it that its connection is gone; waits for its end. `input` is dropped after the
    /// signal, so that a broken connection does not look like the end of its data.
    pub(super) async fn end_early<I>(&self, cause: Cause, socket: &Socket, input: I) -> Result<ExitStatus> {
        let warn = |error: Error| socket.emit(|_| Event::Warning { fault: socket.blame(error.fault()) });
        match cause {
            Cause::Broken(error) => {
                warn(error);
                self.hang_up();
                drop(input);
                self.ended().await
            }
            Cause::Idle(limit) => {
                self.is_idle(limit);
                let text = io::Error::other(format!("no data for {limit:?}"));
                warn(Error::new("idle timeout", socket.on(), text).about(Kind::Timeout));
                self.terminate().await
            }
        }
    }
}

/// Warns that no command can be started for a connection, and has its close reset it.
pub(super) fn refuse(socket: &Socket, error: Error) -> Error {
    socket.emit(|_| Event::Warning { fault: socket.blame(error.fault()) });
    // If it fails the client sees an orderly ending instead, and the warning still says what happened.
    let _ = socket.reset_on_close();
    error
}

/// What ended a broken connection; the command learns it from its own calls.
fn reset(socket: &Socket) -> Error {
    Error::new("recv", socket.on(), io::Error::from_raw_os_error(libc::ECONNRESET))
}

/// Resolves once the connection broke; never where both ends close it.
async fn broken(socket: &AsyncFd<Socket>) {
    // Nothing but the end of both directions is an event here.
    if socket.ready(Interest::PRIORITY).await.is_err() || !socket.get_ref().is_broken() {
        std::future::pending::<()>().await;
    }
}

/// Ends a connection whose command has ended: FIN, then what the peer still sends, to its end and at most for [`LINGER`].
pub(super) async fn close(stream: &ByteStream, scratch: &RefCell<Vec<u8>>) {
    let last = async {
        stream.first_data_acked().await;
        if stream.shutdown_write().await.is_ok() {
            let _ = discard(stream, scratch).await;
        }
    };
    // A peer that goes on sending is cut off.
    let _ = tokio::time::timeout(LINGER, last).await;
}
