//! `soquete demo`: conversations on loopback within one process, for users who see sockets for the first time.

mod blocks;
mod chat;
mod many;
mod tcp;
mod udp;

use super::{Context, Outcome, Result};
use crate::net::connect::ConnectError;

/// Runs the subcommand.
pub fn run(context: &mut Context) -> Result {
    match tcp::echo(context)
        .and_then(|()| udp::udp_echo(context))
        .and_then(|()| chat::two_talk(context))
        .and_then(|()| many::three_servers(context))
    {
        Ok(()) => Ok(Outcome::done()),
        Err(ConnectError::Stopped(signal)) => Ok(Outcome::stopped(signal)),
        Err(ConnectError::Failed(error)) => Err(error.into()),
    }
}
