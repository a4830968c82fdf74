//! Standard input, or the messages of a command line, as datagrams.

use super::source::{DatagramSource, DatagramSplit, TooLong};
use crate::event::Kind;
use crate::session::Stdio;
use crate::sys::blocking;
use crate::sys::poll::Interest;
use crate::sys::{Error, Result, fd, tty};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Bytes of one read: more than any datagram holds, so that a read that is too long for one is seen to be.
const READ: usize = 256 << 10;

/// How standard input becomes datagrams.
#[derive(Clone, Copy, Debug)]
pub struct InputConfig {
    /// What is one datagram.
    pub split: DatagramSplit,
    /// Line ends become CR LF.
    pub crlf: bool,
}

/// The datagrams to send, and the descriptor they are read from.
pub struct DatagramInput {
    /// The datagrams read and not yet sent.
    pub source: DatagramSource,
    /// Absent at the end of input, and for messages.
    from: Option<OwnedFd>,
    /// What an error names.
    name: String,
    buffer: Vec<u8>,
}

impl DatagramInput {
    /// The input of `stdio`, as datagrams of at most `limit` bytes, each to be sent `times` times. An input too long for one
    /// is reported as an error of `name`.
    pub fn open(
        config: InputConfig,
        stdio: &Stdio,
        limit: usize,
        times: u64,
        name: &impl ToString,
    ) -> Result<Self> {
        let source = DatagramSource::new(config.split, limit, times).with_crlf(config.crlf);
        let (from, buffer) = (Some(stdio.input()?), vec![0; READ]);
        Ok(Self { source, from, name: name.to_string(), buffer })
    }

    /// These messages and no more.
    pub fn messages(messages: &[Vec<u8>], limit: usize, times: u64, name: &impl ToString) -> Result<Self> {
        let source = DatagramSource::of(messages.iter().map(Vec::as_slice), limit, times)
            .map_err(|e| too_long(&e, &name.to_string()))?;
        Ok(Self { source, from: None, name: name.to_string(), buffer: Vec::new() })
    }

    /// The descriptor to wait for, if it is to be read now.
    pub fn interest(&self) -> Option<(BorrowedFd<'_>, Interest)> {
        let from = self.from.as_ref().filter(|_| self.source.is_hungry())?;
        Some((from.as_fd(), Interest::Reading))
    }

    /// Whether the end of input was read.
    pub const fn is_over(&self) -> bool {
        self.from.is_none()
    }

    /// Reads once; returns how many bytes. A failure to read is of kind `File`, a datagram that is too long of kind `Data`.
    pub fn read(&mut self) -> Result<usize> {
        let Some(from) = &self.from else { return Ok(0) };
        let count = blocking::read(from.as_fd(), &mut self.buffer)
            .map_err(|e| Error::new("read", "standard input", e).about(Kind::File))?;
        if count == 0 {
            return self.end().map(|()| 0);
        }
        self.source.push(&self.buffer[..count]).map_err(|e| too_long(&e, &self.name))?;
        Ok(count)
    }

    /// Ends the input: what is left of it is the last datagram.
    pub fn end(&mut self) -> Result<()> {
        match self.from.take() {
            Some(_) => self.source.finish().map_err(|e| too_long(&e, &self.name)),
            None => Ok(()),
        }
    }

    /// How many bytes can be read now; `None` at the end of input, and for a terminal, which is not waited for.
    pub fn available(&self) -> Option<u64> {
        let from = self.from.as_ref().filter(|from| !fd::is_terminal(from.as_fd()))?;
        Some(tty::waiting(from.as_fd()))
    }
}

/// The error of an input that does not fit into one datagram.
fn too_long(why: &TooLong, name: &str) -> Error {
    Error::new("send", name, io::Error::other(why.to_string())).about(Kind::Data)
}
