//! `chat-join`: takes part in a chat.

use super::{Context, Result, connect_config, end_config};
use crate::cli::ChatJoin;
use crate::net::address::Endpoint;
use crate::session::Stdio;
use crate::session::chat_client::{self, Config};
use crate::session::chat_server::PORT;
use crate::sys::fd;

/// Runs `soquete chat-join`.
pub fn run(args: &ChatJoin, context: &mut Context) -> Result {
    let room = Endpoint::parse_or(&args.address, Some(PORT))?.into_target()?;
    let config = Config {
        connect: connect_config(room, &args.client, args.timeout),
        nick: args.nick.clone(),
        end: end_config(&args.eof, args.idle_timeout, fd::input()),
        prompt: "> ",
        stdio: Stdio::default(),
    };
    chat_client::run(&config, context)
}
