//! `soquete check`.

use super::{Context, Result};
use crate::cli::Connect;
use crate::session::check;

/// Runs the subcommand.
pub fn run(args: &Connect, context: &mut Context) -> Result {
    check::run(args, context)
}
