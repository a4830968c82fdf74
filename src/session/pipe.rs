//! Standard input and output over one connection.

use super::Context;
use crate::event::Kind;
use crate::relay::{EndConfig, RelayConfig};
use crate::sys;
use crate::sys::fd::{self, Output};
use crate::sys::splice::Filter;
use crate::text::crlf::Crlf;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

/// A relay of standard input and output, for `connect` and `listen`.
pub fn relay_config(
    input: Option<OwnedFd>,
    output: Option<Output>,
    end: EndConfig,
    context: &Context,
) -> RelayConfig {
    RelayConfig {
        total: input.as_ref().and_then(|i| fd::file_size(i.as_fd())),
        input,
        output,
        outgoing: None,
        incoming: (context.visible)(),
        end,
        progress_every: context.progress_every,
    }
}

/// The filter of `--crlf`, if it is `wanted`.
pub fn crlf(wanted: bool) -> Option<Filter> {
    let mut crlf = Crlf::default();
    wanted.then(|| Box::new(move |bytes: &[u8], out: &mut Vec<u8>| crlf.push(bytes, out)) as Filter)
}

/// Standard input for the relay's own use.
pub fn input() -> sys::Result<OwnedFd> {
    fd::take_input().map_err(no_input)
}

/// Standard output for the relay's own use.
pub fn output() -> sys::Result<Output> {
    Output::standard().map_err(no_output)
}

pub(super) fn no_input(error: io::Error) -> sys::Error {
    sys::Error::new("open", "standard input", error).about(Kind::File)
}

pub(super) fn no_output(error: io::Error) -> sys::Error {
    sys::Error::new("open", "standard output", error).about(Kind::File)
}
