//! The bytes of a client up to the end of its request. What came behind that is kept.

use super::{Rejected, Stop};
use crate::net::proxy::{Malformed, Parsed};
use crate::net::stream::ByteStream;
use crate::sys::Result;
use std::cell::RefCell;
use std::future::poll_fn;

/// A stream with what was received of it. No parser keeps more than the longest message it knows.
pub(super) struct Incoming<'a> {
    stream: &'a ByteStream,
    /// Takes one read at a time; shared by all clients.
    buffer: &'a RefCell<Vec<u8>>,
    bytes: Vec<u8>,
}

impl<'a> Incoming<'a> {
    pub(super) fn new(stream: &'a ByteStream, buffer: &'a RefCell<Vec<u8>>) -> Self {
        Self { stream, buffer, bytes: Vec::new() }
    }

    pub(super) fn stream(&self) -> &'a ByteStream {
        self.stream
    }

    pub(super) fn buffer(&self) -> &'a RefCell<Vec<u8>> {
        self.buffer
    }

    /// The first byte, without taking it; `None` at the end of the stream.
    pub(super) async fn first(&mut self) -> Result<Option<u8>> {
        if self.bytes.is_empty() {
            self.receive().await?;
        }
        Ok(self.bytes.first().copied())
    }

    /// Whether what came so far may be HTTP.
    pub(super) fn is_http(&self) -> bool {
        self.bytes.first().is_some_and(u8::is_ascii_uppercase)
    }

    /// Takes the next message. `reject` makes the answer to one that is malformed, or whose end never comes.
    pub(super) async fn message<T>(
        &mut self,
        parse: impl Fn(&[u8]) -> std::result::Result<Parsed<T>, Malformed>,
        reject: impl Fn(Malformed) -> Rejected,
    ) -> std::result::Result<T, Stop> {
        loop {
            match parse(&self.bytes).map_err(&reject)? {
                Parsed::Whole(message, length) => {
                    self.bytes.drain(..length);
                    return Ok(message);
                }
                Parsed::Missing(_) => {
                    if self.receive().await? == 0 {
                        return Err(reject(Malformed(
                            "the client closed the connection before the end of its request",
                        ))
                        .into());
                    }
                }
            }
        }
    }

    /// Receives once; 0 is the end of the stream.
    async fn receive(&mut self) -> Result<usize> {
        let received = poll_fn(|cx| {
            let mut buffer = self.buffer.borrow_mut();
            self.stream.poll_read(cx, &mut buffer).map_ok(|count| {
                self.bytes.extend_from_slice(&buffer[..count]);
                count
            })
        });
        let received = received.await;
        received.map_err(|e| self.stream.failed("recv", e))
    }

    /// What was received and not taken.
    pub(super) fn rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }
}
