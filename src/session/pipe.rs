//! Standard input and output over one connection.

use super::Context;
use crate::event::Kind;
use crate::relay::{EndConfig, RelayConfig};
use crate::sys;
use crate::sys::fd::{self, Output};
use std::os::fd::{AsFd, OwnedFd};

/// A relay of standard input and output.
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

/// Standard input for the relay's own use.
pub fn input() -> sys::Result<OwnedFd> {
    fd::take_input().map_err(|e| sys::Error::new("open", "standard input", e).about(Kind::File))
}

/// Standard output for the relay's own use.
pub fn output() -> sys::Result<Output> {
    Output::standard().map_err(|e| sys::Error::new("open", "standard output", e).about(Kind::File))
}
