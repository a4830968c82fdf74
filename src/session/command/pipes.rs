//! A command behind pipes, for connections whose bytes are not those of the socket.

use super::Children;
use super::connection::{Cause, close, refuse};
use crate::net::stream::ByteStream;
use crate::session::shared::{discard, idle};
use crate::sys::pipe::{PipeReader, PipeWriter, command_pipes};
use crate::sys::Result;
use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::pin;
use std::process::ExitStatus;
use std::task::{Poll, ready};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;

/// A peer that takes nothing of a command's last output for so long does not get it.
const STALL_LIMIT: Duration = Duration::from_mins(1);

impl Children {
    /// The connection's bytes pass through two pipes.
    pub(super) async fn pipe(
        &self,
        stream: ByteStream,
        limit: Option<Duration>,
        scratch: &RefCell<Vec<u8>>,
    ) -> Result<ExitStatus> {
        let socket = stream.socket_ref();
        let pipes = command_pipes().map_err(|e| self.failed(e));
        let started = pipes.and_then(|pipes| {
            Ok((self.start(socket, stream.tls_subject(), pipes.theirs)?, pipes.input, pipes.output))
        });
        let (running, input, output) = match started {
            Ok(started) => started,
            Err(error) => return Err(refuse(socket, error)),
        };
        let exited = Notify::new();
        let mut up = pin!(send_input(&stream, input, scratch));
        let mut down = pin!(send_output(&stream, &output, scratch, &exited));
        let mut receives = true;
        let mut sends = true;
        let early = loop {
            tokio::select! {
                biased;
                end = &mut up, if receives => match end {
                    Ok(()) => receives = false,
                    Err(error) => break Err(Cause::Broken(error)),
                },
                end = &mut down, if sends => match end {
                    Ok(()) => sends = false,
                    Err(error) => break Err(Cause::Broken(error)),
                },
                status = running.ended() => break Ok(status?),
                limit = idle(socket, limit) => break Err(Cause::Idle(limit)),
            }
        };
        let status = match early {
            Ok(status) => {
                exited.notify_one();
                tokio::select! {
                    // A failure is one of a connection that is over.
                    _ = &mut down, if sends => {}
                    _ = idle(socket, Some(limit.unwrap_or(STALL_LIMIT))), if sends => {}
                    else => {}
                }
                status
            }
            Err(cause) => running.end_early(cause, socket).await?,
        };
        running.conclude(status, socket);
        if stream.is_tls() { stream.finish(scratch).await } else { close(stream, scratch).await }
        Ok(status)
    }
}

/// Sends what the peer sends to the command, to the end of it. What a command does not take any more is thrown away.
async fn send_input(stream: &ByteStream, input: PipeWriter, scratch: &RefCell<Vec<u8>>) -> io::Result<()> {
    loop {
        let mut rest = Vec::new();
        let received = poll_fn(|cx| {
            let mut buffer = scratch.borrow_mut();
            let received = ready!(stream.poll_read(cx, &mut buffer))?;
            let sent = match input.try_write(&buffer[..received]) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
                answer => answer?,
            };
            rest.extend_from_slice(&buffer[sent..received]);
            Poll::Ready(Ok::<_, io::Error>(received))
        });
        let taken = async {
            let received = received.await?;
            input.write_all(&rest).await?;
            Ok(received)
        };
    }
}
