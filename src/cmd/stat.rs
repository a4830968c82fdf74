//! `soquete stat`.

use super::{Context, Result};
use crate::cli::Stat;
use crate::session::table;

/// Runs the subcommand.
pub fn run(args: &Stat, context: &mut Context) -> Result {
    table::run(args, context)
}
