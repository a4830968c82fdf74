//! A command behind pipes, for connections whose bytes are not those of the socket.

use super::Children;
use super::connection::{Cause, close, refuse};
use crate::net::stream::ByteStream;
use crate::session::shared::{discard, idle};
use crate::sys::pipe::{CommandPipes, read_now, register_pipes};
use crate::sys::tty;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::pin::pin;
use std::process::ExitStatus;
use std::task::{Poll, ready};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::pipe::{Receiver, Sender};
use tokio::sync::Notify;

/// A peer that takes nothing of a command's last output for this long does not get it.
const STALL_LIMIT: Duration = Duration::from_mins(1);

impl Children {
    /// The connection's bytes pass through two pipes.
    pub(super) async fn pipe(
        &self,
        stream: ByteStream,
        named: Option<SocketAddr>,
        limit: Option<Duration>,
        scratch: &RefCell<Vec<u8>>,
    ) -> crate::sys::Result<ExitStatus> {
        let socket = stream.socket_ref();
        let start = async {
            let pipes = CommandPipes::new().map_err(|e| self.failed(e))?;
            let ours = register_pipes(pipes.input, pipes.output).map_err(|e| self.failed(e))?;
            Ok((self.start(socket, (named, stream.tls_subject()), pipes.theirs).await?, ours.0, ours.1))
        };
        let started = start.await;
        let (running, input, output) = match started {
            Ok(started) => started,
            Err(error) => return Err(refuse(socket, error)),
        };
        let exited = Exited::default();
        let mut up = Box::pin(send_input(&stream, input, scratch));
        let mut down = pin!(send_output(&stream, &output, scratch, &exited));
        let mut receives = true;
        let mut sends = true;
        let early = loop {
            tokio::select! {
                biased;
                end = &mut up, if receives => match end {
                    Ok(()) => receives = false,
                    Err((error, input)) => break Err((Cause::Broken(stream.failed("recv", error)), Some(input))),
                },
                end = &mut down, if sends => match end {
                    Ok(()) => sends = false,
                    Err(error) => break Err((Cause::Broken(stream.failed("send", error)), None)),
                },
                status = running.ended() => break Ok(status?),
                limit = idle(socket, limit) => break Err((Cause::Idle(limit), None)),
            }
        };
        let status = match early {
            Ok(status) => {
                exited.is_set.set(true);
                exited.changed.notify_one();
                tokio::select! {
                    // A failure is one of a connection that is over.
                    _ = &mut down, if sends => {}
                    _ = idle(socket, Some(limit.unwrap_or(STALL_LIMIT))), if sends => {}
                    else => {}
                }
                status
            }
            Err((cause, input)) => running.end_early(cause, socket, (up, input)).await?,
        };
        running.conclude(status, socket);
        if stream.is_tls() {
            stream.finish(scratch).await;
        } else {
            close(&stream, scratch).await;
        }
        Ok(status)
    }
}

/// Sends what the peer sends to the command, to the end of it. What a command does not take any more is thrown away. An
/// error comes with the command's input, which is still open.
async fn send_input(
    stream: &ByteStream,
    mut input: Sender,
    scratch: &RefCell<Vec<u8>>,
) -> Result<(), (io::Error, Sender)> {
    loop {
        let mut rest = Vec::new();
        let mut refused = false;
        let received = poll_fn(|cx| {
            let mut buffer = scratch.borrow_mut();
            let received = ready!(stream.poll_read(cx, &mut buffer))?;
            let sent = match input.try_write(&buffer[..received]) {
                Err(error) => {
                    refused = error.kind() != io::ErrorKind::WouldBlock;
                    0
                }
                Ok(sent) => sent,
            };
            rest.extend_from_slice(&buffer[sent..received]);
            Poll::Ready(Ok::<_, io::Error>(received))
        });
        match received.await {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) => return Err((error, input)),
        }
        if refused || input.write_all(&rest).await.is_err() {
            return discard(stream, scratch).await.map_err(|error| (error.source, input));
        }
    }
}

/// Sends what the command writes to the peer, to the end of it, or what is in the pipe once the command has exited: a
/// process that it left behind may go on writing.
async fn send_output(
    mut stream: &ByteStream,
    output: &Receiver,
    scratch: &RefCell<Vec<u8>>,
    exited: &Exited,
) -> io::Result<()> {
    // What is left in the pipe of a command that exited, bytes.
    let mut left = None;
    while left != Some(0) {
        if left.is_none() && exited.is_set.get() {
            left = Some(usize::try_from(tty::waiting(output.as_fd())).unwrap_or(usize::MAX));
        }
        let mut rest = Vec::new();
        let read = {
            let mut buffer = scratch.borrow_mut();
            let read = match left {
                // What the runtime knows of the pipe may be older than the exit.
                Some(left) => {
                    let length = left.min(buffer.len());
                    read_now(output.as_fd(), &mut buffer[..length])
                }
                None => output.try_read(&mut buffer),
            };
            read.and_then(|read| {
                let sent = match stream.try_write(&[IoSlice::new(&buffer[..read])]) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
                    answer => answer?,
                };
                rest.extend_from_slice(&buffer[sent..read]);
                Ok(read)
            })
        };
        match read {
            Ok(0) => break,
            Ok(read) => {
                left = left.map(|left| left - read);
                stream.write_all(&rest).await?;
                stream.flush().await?;
                // A fast command must not keep the other tasks waiting.
                tokio::task::consume_budget().await;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && left.is_none() => tokio::select! {
                ready = output.readable() => ready?,
                () = exited.changed.notified() => {}
            },
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    stream.shutdown_write().await.map_err(|error| error.source)
}

/// Whether a command has exited.
#[derive(Default)]
struct Exited {
    is_set: Cell<bool>,
    changed: Notify,
}
