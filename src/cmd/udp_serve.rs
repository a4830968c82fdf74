//! `soquete udp-serve`.

use super::{Context, Result};
use crate::cli::UdpServe;
use crate::session::udp_server;

/// Runs the subcommand.
pub fn run(args: &UdpServe, context: &mut Context) -> Result {
    udp_server::run(args, context)
}
