//! The input and output of an engine: standard input and output, or descriptors in place of them.

use super::pipe;
use crate::sys::Result;
use crate::sys::fd::{self, Output};
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
        self.take_input().map_err(pipe::no_input)
    }

    /// The output for the engine's own use.
    pub fn output(&self) -> Result<OwnedFd> {
        let own = self.output.as_ref();
        own.map_or_else(fd::take_output, |output| fd::duplicate(output.as_fd())).map_err(pipe::no_output)
    }

    /// The output for a relay, which takes standard output for good.
    pub fn relay_output(&self) -> Result<Output> {
        if self.output.is_some() { self.output().map(Output::Owned) } else { pipe::output() }
    }
}
