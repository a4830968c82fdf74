//! `chat-serve`: runs a chat for any TCP client.

use super::{Context, Result, access_rules, bind_target_or_passed, bus, open_taps, ready, tls_server};
use crate::chat::Rules;
use crate::cli::{ChatServe, RoomArgs};
use crate::net::address::Target;
use crate::session::Stdio;
use crate::session::chat_server::{self, Config, PORT};
use crate::session::taps::conclude;
use std::rc::Rc;

/// Runs `soquete chat-serve`.
pub fn run(args: &ChatServe, context: &mut Context) -> Result {
    let parse = |words: &[String]| Target::parse_or(words, Some(PORT));
    let config = Config {
        target: bind_target_or_passed(&args.address, parse, &args.server, &args.passed)?,
        access: access_rules(&args.server, context)?,
        options: args.listener.socket.server_options(),
        backlog: args.listener.backlog,
        ready: ready(&args.listener.ready, &args.user)?,
        rules: rules(&args.room),
        bus: bus(&args.bus, args.room.max_line)?,
        tls: tls_server(&args.tls)?.map(Rc::new),
        taps: open_taps(&args.taps, context)?,
        prompt: "> ",
        stdio: Stdio::default(),
    };
    conclude(chat_server::run(&config, context), config.taps.as_deref(), context)
}

fn rules(args: &RoomArgs) -> Rules {
    Rules {
        raw: args.raw,
        announce: args.announce,
        history: args.history,
        max_clients: args.max_clients.map_or(usize::MAX, |n| n as usize),
        max_line: args.max_line,
        slow: args.slow,
        slow_limit: args.slow_limit as u64,
    }
}
