//! `soquete demo`.

use super::{Context, Result};
use crate::session::demo;

/// Runs the subcommand.
pub fn run(context: &mut Context) -> Result {
    demo::run(context)
}
