//! The stream below TLS, with its reads gathered and its first bytes kept.
//!
//! rustls reads 4 to 18 KiB a call; a buffer in front of it makes one system call of many. It is small until reads fill it,
//! so that an idle connection costs little.

use super::{BUFFER, sniff};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The size of the read buffer at first; a handshake needs no more.
const SMALL: usize = 4096;

#[derive(Debug)]
pub(crate) struct Wire<S> {
    stream: S,
    buffer: Vec<u8>,
    /// The part of `buffer` that is received and not yet read.
    filled: std::ops::Range<usize>,
    first: [u8; sniff::KEPT],
    first_len: usize,
}

impl<S> Wire<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, buffer: vec![0; SMALL], filled: 0..0, first: [0; sniff::KEPT], first_len: 0 }
    }

    pub(crate) fn stream(&self) -> &S {
        &self.stream
    }

    pub(crate) fn stream_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// The first bytes that the peer sent.
    pub(crate) fn first(&self) -> &[u8] {
        &self.first[..self.first_len]
    }

    fn keep_first(&mut self) {
        let received = &self.buffer[self.filled.clone()];
        let len = received.len().min(self.first.len() - self.first_len);
        self.first[self.first_len..][..len].copy_from_slice(&received[..len]);
        self.first_len += len;
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.filled.is_empty() {
            let mut buffer = ReadBuf::new(&mut this.buffer);
            ready!(Pin::new(&mut this.stream).poll_read(cx, &mut buffer))?;
            this.filled = 0..buffer.filled().len();
            if this.first_len < this.first.len() {
                this.keep_first();
            }
        }
        let len = this.filled.len().min(out.remaining());
        out.put_slice(&this.buffer[this.filled.start..][..len]);
        this.filled.start += len;
        if this.filled.is_empty() && this.filled.end == this.buffer.len() && this.buffer.len() < BUFFER {
            this.buffer = vec![0; (this.buffer.len() * 4).min(BUFFER)];
            this.filled = 0..0;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, data)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, data)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
