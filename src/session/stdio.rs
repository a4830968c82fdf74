//! The input and output of an engine: standard input and output, or descriptors in place of them.

use crate::event::Kind;
use crate::sys::fd::{self, Output};
use crate::sys::{Error, Result};
use std::io;
use std::os::fd::{AsFd, OwnedFd};

/// Where an engine reads what it sends, and writes what it received. The default is standard input and output.
#[derive(Debug, Default)]
pub struct Stdio {
    /// Read in place of standard input.
    pub input: Option<OwnedFd>,
    /// Written in place of standard output.
    pub output: Option<OwnedFd>,
}

impl Stdio {
    /// Whether a person at the terminal may be behind them.
    pub const fn is_standard(&self) -> bool {
        self.input.is_none() && self.output.is_none()
    }

    /// The input for the engine's own use; an error is one of fcntl(2).
    pub fn take_input(&self) -> io::Result<OwnedFd> {
        self.input.as_ref().map_or_else(fd::take_input, |input| fd::duplicate(input.as_fd()))
    }

    /// As [`Self::take_input`], with an error that names standard input.
    pub fn input(&self) -> Result<OwnedFd> {
        self.take_input().map_err(|e| Error::new("open", "standard input", e).about(Kind::File))
    }

    /// The output for the engine's own use.
    pub fn output(&self) -> Result<OwnedFd> {
        let own = self.output.as_ref();
        own.map_or_else(fd::take_output, |output| fd::duplicate(output.as_fd())).map_err(no_output)
    }

    /// The output once more if it is a pipe, to see whether its reader is there.
    pub fn output_pipe(&self) -> Option<OwnedFd> {
        let own = self.output.as_ref();
        own.map_or_else(|| fd::duplicate_pipe(fd::output()), |own| fd::duplicate_pipe(own.as_fd()))
    }

    /// The output for a relay, which takes standard output for good.
    pub fn relay_output(&self) -> Result<Output> {
        match self.output {
            Some(_) => self.output().map(Output::Owned),
            None => Output::standard().map_err(no_output),
        }
    }
}

/// Standard input for the relay's own use.
pub fn input() -> Result<OwnedFd> {
    Stdio::default().input()
}

/// Standard output for the relay's own use.
pub fn output() -> Result<Output> {
    Stdio::default().relay_output()
}

/// The error of a standard output that cannot be opened.
pub(super) fn no_output(error: io::Error) -> Error {
    Error::new("open", "standard output", error).about(Kind::File)
}
