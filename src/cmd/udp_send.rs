//! `soquete udp-send`.

use super::{Context, Result};
use crate::cli::UdpSend;
use crate::session::udp_client;

/// Runs the subcommand.
pub fn run(args: &UdpSend, context: &mut Context) -> Result {
    udp_client::run(args, context)
}
