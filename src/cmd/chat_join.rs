//! `chat-join`: takes part in a chat.

use super::{Context, Result, end_config, open_taps, opening, tls_client};
use crate::cli::ChatJoin;
use crate::net::address::Target;
use crate::session::Stdio;
use crate::session::chat_client::{self, Config};
use crate::session::chat_server::PORT;
use crate::session::connect::ConnectConfig;
use crate::session::opening::Opening;
use crate::session::taps::conclude;
use crate::sys::fd;

/// Runs `soquete chat-join`.
pub fn run(args: &ChatJoin, context: &mut Context) -> Result {
    let room = Target::parse_or(&args.address, Some(PORT))?.into_target()?;
    let tls = tls_client(&args.tls, std::slice::from_ref(&room), context)?;
    let taps = open_taps(&args.taps, context)?;
    let config = Config {
        connect: ConnectConfig {
            target: room,
            opening: Opening { taps: taps.clone(), ..opening(&args.client, &args.tls, tls)? },
            timeout: args.timeout,
            wait: None,
        },
        nick: args.nick.clone(),
        end: end_config(&args.eof, args.idle_timeout, fd::input()),
        prompt: "> ",
        stdio: Stdio::default(),
    };
    conclude(chat_client::run(config, context), taps.as_deref(), context)
}
