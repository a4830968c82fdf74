//! `soquete chat-serve`.

use super::{Context, Result};
use crate::cli::ChatServe;
use crate::session::chat_server;

/// Runs the subcommand.
pub fn run(args: &ChatServe, context: &mut Context) -> Result {
    chat_server::run(args, context)
}
