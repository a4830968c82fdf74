//! One direction of two joined streams.
//!
//! Few bytes are copied through the buffer that all connections share; a direction that moves many is spliced, where both
//! streams are plain.

use super::reset;
use crate::event::Role;
use crate::net::stream::ByteStream;
use crate::sys::Error;
use crate::sys::splice::SplicePipe;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice};
use std::task::{Context, Poll};

/// Bytes that are copied before splicing is worth a pipe: short connections never take one.
const COPIED: u64 = 256 << 10;
/// Bytes after which a direction that got no pipe asks for one again.
const RETRY: u64 = 16 << 20;

/// The bytes from one stream to the other.
pub(super) struct Direction<'a> {
    pub(super) from: &'a ByteStream,
    pub(super) to: &'a ByteStream,
    buffer: &'a RefCell<Vec<u8>>,
    /// Bytes received so far, and from where on they are spliced.
    moved: Cell<u64>,
    splice_from: Cell<u64>,
    /// Bytes were received that are not sent yet.
    in_flight: Cell<bool>,
}

/// Why a direction cannot go on.
pub(super) enum Stop {
    /// The stream it reads from broke.
    Reading(io::Error),
    /// The stream it writes to broke.
    Writing(io::Error),
    /// A call on the stream it writes to failed, with its operation.
    Local(Error),
}

impl<'a> Direction<'a> {
    pub(super) fn new(from: &'a ByteStream, to: &'a ByteStream, buffer: &'a RefCell<Vec<u8>>) -> Self {
        let splice_from = if from.can_splice() && to.can_splice() { COPIED } else { u64::MAX };
        let (moved, splice_from) = (Cell::new(0), Cell::new(splice_from));
        Self { from, to, buffer, moved, splice_from, in_flight: Cell::new(false) }
    }

    /// Relays to the end of the stream, and passes that on.
    pub(super) async fn run(&self) -> Result<(), Stop> {
        loop {
            let received = if self.moved.get() < self.splice_from.get() {
                self.copy().await?
            } else {
                self.splice().await?
            };
            match received {
                Some(0) => return self.finish().await,
                Some(received) => self.moved.set(self.moved.get() + received as u64),
                None => {}
            }
        }
    }

    /// Receives once and sends what came. The shared buffer is free again before anything is waited for.
    async fn copy(&self) -> Result<Option<usize>, Stop> {
        let mut rest = Vec::new();
        let received = poll_fn(|cx| {
            let mut buffer = self.buffer.borrow_mut();
            match self.from.poll_read(cx, &mut buffer) {
                Poll::Pending => self.poll_broken(cx),
                Poll::Ready(Err(error)) => Poll::Ready(Err(Stop::Reading(error))),
                Poll::Ready(Ok(0)) => Poll::Ready(Ok(0)),
                Poll::Ready(Ok(received)) => {
                    let bytes = &buffer[..received];
                    let sent = match self.to.try_write(&[IoSlice::new(bytes)]) {
                        Err(error) if is_temporary(&error) => 0,
                        Err(error) => return Poll::Ready(Err(Stop::Writing(error))),
                        Ok(sent) => sent,
                    };
                    rest.extend_from_slice(&bytes[sent..]);
                    Poll::Ready(Ok(received))
                }
            }
        })
        .await?;
        self.send(rest).await?;
        Ok(Some(received))
    }

    async fn send(&self, bytes: Vec<u8>) -> Result<(), Stop> {
        let mut rest = &bytes[..];
        self.in_flight.set(true);
        while !rest.is_empty() {
            let some = poll_fn(|cx| self.to.poll_sending(cx, || self.to.try_write(&[IoSlice::new(rest)])));
            rest = &rest[some.await.map_err(Stop::Writing)?..];
        }
        poll_fn(|cx| self.to.poll_flush(cx)).await.map_err(Stop::Writing)?;
        self.in_flight.set(false);
        Ok(())
    }

    /// Moves what waits through a pipe, which is taken once something waits; `None` if it has to be copied.
    async fn splice(&self) -> Result<Option<usize>, Stop> {
        let mut pipe = None;
        let received = poll_fn(|cx| {
            let filled =
                self.from.poll_receiving(cx, |socket| match pipe.get_or_insert_with(SplicePipe::take) {
                    Some(pipe) => pipe.fill(socket).map(Some),
                    None => Ok(None),
                });
            match filled {
                Poll::Ready(Ok(received)) => Poll::Ready(Ok(received)),
                Poll::Ready(Err(error)) if SplicePipe::is_refused(&error) => Poll::Ready(Ok(None)),
                Poll::Ready(Err(error)) => Poll::Ready(Err(Stop::Reading(error))),
                Poll::Pending => {
                    pipe = None;
                    self.poll_broken(cx).map_ok(Some)
                }
            }
        })
        .await?;
        match (received, pipe.flatten()) {
            (Some(received), Some(pipe)) => self.drain(pipe).await.map(|()| Some(received)),
            (received @ Some(_), None) => Ok(received),
            (None, _) => {
                self.splice_from.set(self.moved.get() + RETRY);
                Ok(None)
            }
        }
    }

    /// Sends what a pipe holds.
    async fn drain(&self, mut pipe: SplicePipe) -> Result<(), Stop> {
        self.in_flight.set(pipe.held() > 0);
        while pipe.held() > 0 {
            match poll_fn(|cx| self.to.poll_sending(cx, || pipe.drain(self.to.socket_ref()))).await {
                Ok(_) => {}
                Err(error) if SplicePipe::is_refused(&error) => {
                    let held = pipe.read_all().map_err(Stop::Writing)?;
                    self.splice_from.set(u64::MAX);
                    return self.send(held).await;
                }
                Err(error) => return Err(Stop::Writing(error)),
            }
        }
        self.in_flight.set(false);
        // A pipe is many times the buffer of a copy: other connections are served too.
        drop(pipe);
        tokio::task::yield_now().await;
        Ok(())
    }

    /// Passes the end of the stream on.
    async fn finish(&self) -> Result<(), Stop> {
        // A server whose queues are full drops the first data, and would take FIN for the beginning.
        if self.to.socket_ref().subject().role == Role::Client {
            self.to.first_data_acked().await;
        }
        self.to.shutdown_write().await.map_err(Stop::Local)
    }

    /// Notices that the stream to write to broke while nothing is there to be written.
    fn poll_broken<T>(&self, cx: &mut Context<'_>) -> Poll<Result<T, Stop>> {
        self.to
            .poll_broken(cx)
            .map(|()| Err(Stop::Writing(self.to.socket_ref().broken_by().unwrap_or_else(reset))))
    }
}

impl Drop for Direction<'_> {
    /// A peer that did not get all of what was received must not take its end for the end of the stream.
    fn drop(&mut self) {
        if self.in_flight.get() {
            let _ = self.to.socket_ref().reset_on_close();
        }
    }
}

fn is_temporary(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
