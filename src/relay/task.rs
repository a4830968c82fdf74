//! The driver of one of many connections: a task of a runtime that sends a shared input while the caller receives.

use super::facts::Facts;
use super::policy::RelayPolicy;
use super::terms::{EndConfig, OutputReader, RelayEnd, Step};
use crate::event::Kind;
use crate::net::stream::ByteStream;
use crate::net::tls::StreamError;
use crate::sys::error::{Error, Result};
use crate::sys::reactor::sleep_until;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::task::Poll;
use tokio::sync::Notify;
use tokio::time::Instant;

/// When a connection is over.
#[derive(Clone, Copy)]
pub struct TaskConfig {
    /// As for a single connection.
    pub end: EndConfig,
    /// Whether the input is sent at all.
    pub has_input: bool,
    /// Whether a connection that waits for nothing but the input says so, once for all connections.
    pub says_waiting: bool,
    /// The input is a file.
    pub is_file: bool,
}

/// What is known of the reader of an output that connections share.
#[derive(Default)]
pub struct OutputWatch {
    reader: Cell<OutputReader>,
    changed: Notify,
}

impl OutputWatch {
    /// Reports it to every connection.
    pub fn report(&self, reader: OutputReader) {
        self.reader.set(reader);
        self.changed.notify_waiters();
    }

    /// What was reported last.
    pub fn reader(&self) -> OutputReader {
        self.reader.get()
    }

    /// Waits until bytes for the reader were lost.
    pub async fn missed(&self) {
        while self.reader() != OutputReader::Missed {
            self.changed.notified().await;
        }
    }

    /// Waits until the reader is gone.
    pub async fn left(&self) {
        while self.reader() == OutputReader::Present {
            self.changed.notified().await;
        }
    }
}

/// One connection's view of an input that many connections share.
pub trait InputSource {
    /// Waits until there is more to send, or will be no more.
    async fn next(&self) -> Next;

    /// Gives `write` the bytes that wait, or the front of them, and moves on by the number that it wrote.
    fn take(&self, write: impl FnOnce(&[IoSlice<'_>]) -> io::Result<usize>) -> io::Result<usize>;

    /// Notes whether the connection takes nothing because it is slowed on our side.
    fn excuse(&self, held: bool);

    /// Waits until this connection is evicted because it holds up the others.
    async fn evicted(&self);

    /// Whether there is input that was not sent yet.
    fn has_input(&self) -> bool;

    /// Whether this is the first connection to say that it waits for nothing but the input.
    fn says_waiting(&self) -> bool;
}

/// The next event of an input.
pub enum Next {
    /// There are bytes: [`InputSource::take`] them.
    Bytes,
    /// The input ended.
    End,
    /// The others waited for this connection too long.
    Evicted,
}

/// The policy of one connection and the events of its two directions.
struct Relaying<'a, I> {
    stream: &'a ByteStream,
    input: &'a I,
    output: &'a OutputWatch,
    config: &'a TaskConfig,
    policy: RefCell<RelayPolicy>,
    changed: Notify,
    /// No more of the input is to be sent.
    input_stopped: Notify,
    send_error: RefCell<Option<Error>>,
    /// The peer ended TLS without `close_notify`: the rest of the input is sent all the same, and that is the end's error.
    truncated: RefCell<Option<Error>>,
    received: Cell<bool>,
}

/// Sends `input` while `receiving` runs, until the policy ends the connection.
///
/// An error of sending is returned once the last bytes of the peer are received. The futures are pinned where they are
/// made: moved, each would take its space several times over, for each of a thousand connections.
pub async fn run(
    stream: &ByteStream,
    input: &impl InputSource,
    output: &OutputWatch,
    config: &TaskConfig,
    receiving: Pin<&mut impl Future<Output = Result<()>>>,
) -> Result<RelayEnd> {
    let relaying = Relaying {
        stream,
        input,
        output,
        config,
        policy: RefCell::new(RelayPolicy::new(config.end, config.has_input, now()).of_file(config.is_file)),
        changed: Notify::new(),
        input_stopped: Notify::new(),
        send_error: RefCell::default(),
        truncated: RefCell::default(),
        received: Cell::new(false),
    };
    let send = pin!(relaying.send());
    let receive = pin!(async {
        match receiving.await {
            Err(error) if StreamError::of(&error.source) == Some(&StreamError::Truncated) => {
                relaying.truncated.replace(Some(error));
            }
            received => received?,
        }
        relaying.received.set(true);
        relaying.policy.borrow_mut().peer_ended(now());
        relaying.changed.notify_one();
        Ok::<_, Error>(())
    });
    let both = async {
        tokio::try_join!(send, receive)?;
        // The policy decides what the end of both directions means.
        std::future::pending().await
    };
    let end = tokio::select! {
        biased;
        end = both => end,
        end = relaying.decide() => end,
    };
    // The last bytes of the peer are received by now.
    let error = relaying.send_error.take().or_else(|| relaying.truncated.take().filter(|_| end.is_ok()));
    error.map_or(end, Err)
}

impl<I: InputSource> Relaying<'_, I> {
    async fn send(&self) -> Result<()> {
        if !self.config.has_input {
            return Ok(());
        }
        let sent = tokio::select! {
            biased;
            sent = send_all(self.stream, self.input) => sent,
            () = self.input_stopped.notified() => return Ok(()),
        };
        match sent {
            Err(error) if error.kind() == Kind::Data => return Err(error),
            Err(error) => {
                self.send_error.replace(Some(error));
                self.policy.borrow_mut().sending_failed(now());
            }
            Ok(()) => self.policy.borrow_mut().input_ended(now()),
        }
        self.changed.notify_one();
        Ok(())
    }

    /// Performs the steps of the policy until the last one.
    async fn decide(&self) -> Result<RelayEnd> {
        let socket = self.stream.socket_ref();
        let facts = Facts { socket, has_input: || self.input.has_input(), is_tls: self.stream.is_tls() };
        // TLS has `close_notify` to send before FIN, which the socket may have no room for yet.
        let mut closing = false;
        // A peer that closed both its directions answers `close_notify` by RST, by which nothing of ours is lost.
        let mut excused = false;
        let broken = |op| socket.broken_by().map(|error| failed(op, self.stream, error));
        loop {
            if self.received.get()
                && let Some(error) = self.send_error.take()
            {
                return Err(error);
            }
            self.policy.borrow_mut().output_read_by(self.output.reader.get());
            let step = self.policy.borrow_mut().step(now(), &facts);
            match step {
                // It fails only when the connection ended meanwhile, which the receiving side reports.
                Step::SendFin => {
                    excused = self.stream.is_tls()
                        && self.received.get()
                        && socket.unacked() == 0
                        && socket.broken_by().is_none();
                    closing = poll_fn(|cx| Poll::Ready(self.stream.poll_shutdown(cx).is_pending())).await;
                }
                Step::StopInput => self.input_stopped.notify_one(),
                Step::ProbePeer => socket.probe_peer(),
                Step::SayWaiting if self.config.says_waiting && self.input.says_waiting() => {
                    super::warn_waiting(socket);
                }
                Step::SayWaiting => {}
                Step::End(end @ RelayEnd::Done) if excused => return Ok(end),
                Step::End(end @ (RelayEnd::Done | RelayEnd::OutputClosed)) => {
                    return broken("close").map_or(Ok(end), Err);
                }
                Step::Gone => return Ok(RelayEnd::Done),
                Step::End(end) => return Ok(end),
                Step::Broken => {
                    let reset = || io::Error::from_raw_os_error(libc::ECONNRESET);
                    return Err(broken("send").unwrap_or_else(|| failed("send", self.stream, reset())));
                }
                Step::Unacked(bytes) => return Err(super::unacked(&socket.on(), bytes)),
                Step::Wait(until) => {
                    tokio::select! {
                        () = self.changed.notified() => {}
                        () = self.output.changed.notified() => {}
                        () = sleep_until(until) => {}
                        _ = self.stream.shutdown_write(), if closing => closing = false,
                    }
                }
            }
        }
    }
}

/// Sends the input to its end. The first bytes are sent alone until they are acknowledged: many connections at once are
/// what fills the queues of a server ([`crate::sys::socket::Socket::first_data_unacked`]).
async fn send_all(stream: &ByteStream, input: &impl InputSource) -> Result<()> {
    let (mut began, mut acked) = (false, false);
    loop {
        let next = input.next().await;
        if began && !acked && matches!(next, Next::Bytes) {
            tokio::select! {
                biased;
                () = stream.first_data_acked() => acked = true,
                () = input.evicted() => return Err(evict(stream)),
            }
        }
        match next {
            Next::Bytes => {
                let write = || input.take(|slices| stream.try_write(slices));
                let flushed = async {
                    let sent = poll_fn(|cx| {
                        let sent = stream.poll_writing(cx, write);
                        input.excuse(sent.is_pending() && stream.is_held());
                        sent
                    });
                    let sent = sent.await?;
                    poll_fn(|cx| stream.poll_flush(cx)).await?;
                    Ok(sent)
                };
                tokio::select! {
                    sent = flushed => began = sent.map_err(|e| failed("send", stream, e))? > 0,
                    () = input.evicted() => return Err(evict(stream)),
                }
            }
            Next::End => return Ok(()),
            Next::Evicted => return Err(evict(stream)),
        }
    }
}

/// Closes the connection with a reset: the peer must not take the truncated input for all of it.
fn evict(stream: &ByteStream) -> Error {
    // If it fails the connection is over already.
    let _ = stream.socket_ref().reset_on_close();
    failed("send", stream, io::Error::other("reads too slowly and delayed the others; disconnected"))
        .about(Kind::Data)
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}

fn failed(op: &'static str, stream: &ByteStream, error: io::Error) -> Error {
    stream.failed(op, error)
}

#[cfg(test)]
#[path = "task_test.rs"]
mod tests;
