//! `soquete multi-connect`.

use super::{Context, Result};
use crate::cli::MultiConnect;
use crate::session::clients;

/// Runs the subcommand.
pub fn run(args: &MultiConnect, context: &mut Context) -> Result {
    clients::run(args, context)
}
