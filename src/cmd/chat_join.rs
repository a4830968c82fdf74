//! `chat-join`: takes part in a chat.

use super::{Context, Result, end_config, opening};
use crate::cli::ChatJoin;
use crate::net::address::Target;
use crate::session::Stdio;
use crate::session::chat_client::{self, Config};
use crate::session::chat_server::PORT;
use crate::session::connect::ConnectConfig;
use crate::sys::fd;

/// Runs `soquete chat-join`.
pub fn run(args: &ChatJoin, context: &mut Context) -> Result {
    let room = Target::parse_or(&args.address, Some(PORT))?.into_target()?;
    let config = Config {
        connect: ConnectConfig {
            target: room,
            opening: opening(&args.client, None),
            timeout: args.timeout,
            wait: None,
        },
        nick: args.nick.clone(),
        end: end_config(&args.eof, args.idle_timeout, fd::input()),
        prompt: "> ",
        stdio: Stdio::default(),
    };
    chat_client::run(&config, context)
}
