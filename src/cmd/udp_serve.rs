//! `soquete udp-serve`.

use super::{Context, Result, command_line, response};
use crate::cli::{AnswerArgs, UdpServe};
use crate::net::address::Target;
use crate::net::resolve::Lookup;
use crate::session::Stdio;
use crate::session::udp_server::{self, Answer, Config, Forward, Membership, PeerCommands};
use crate::sys;
use std::time::Duration;

/// The most commands at once, unless said otherwise.
const MOST_COMMANDS: usize = 100;
/// The default silence after which a forwarded peer, or the command of one, is ended.
const PEER_IDLE: Duration = Duration::from_mins(1);

/// Runs the subcommand.
pub fn run(args: &UdpServe, context: &mut Context) -> Result {
    udp_server::run(&config(args, context)?, context)
}

fn config(args: &UdpServe, context: &Context) -> anyhow::Result<Config> {
    let answer = answer(&args.answer, context)?;
    let commands = command_line(&args.exec, &args.command).map(|line| PeerCommands {
        line,
        most: args.max_conns.map_or(MOST_COMMANDS, |most| most as usize),
        idle: args.idle_timeout.unwrap_or(PEER_IDLE),
    });
    let forward = args.answer.forward.as_ref().map(|target| Forward {
        target: target.0.clone(),
        lookup: Lookup { numeric: args.server.lookup.numeric, ..Lookup::default() },
        idle: args.idle_timeout.unwrap_or(PEER_IDLE),
    });
    let answers = !matches!(answer, Answer::Nothing) || forward.is_some() || commands.is_some();
    let membership = |group: &crate::cli::Group| Membership::new(group.ip, group.interface.as_deref());
    let groups = args.join.iter().map(membership).collect::<anyhow::Result<Vec<_>>>()?;
    super::expect_output(!answers && !args.send_only, "name a service such as --echo", context)?;
    let has_output = context.passed.iter().all(|socket| !socket.was_output);
    Ok(Config {
        bind: super::bind_target_or_passed(&args.address, Target::parse, &args.server, &args.passed)?,
        access: super::access_rules(&args.server, context)?,
        groups,
        options: args.own.socket.options(),
        ready: super::ready(&args.own.ready, &args.user)?,
        answer,
        idle_timeout: args.idle_timeout.filter(|_| commands.is_none()),
        commands,
        forward,
        input: (!answers && !args.recv_only && !super::input_is_passed(context))
            .then(|| super::input_config(args.input)),
        to_all: args.to_all,
        ends_with_input: args.send_only,
        shows: (context.json || !answers) && !args.send_only && has_output,
        lines: args.lines,
        count: args.count,
        stdio: Stdio::default(),
    })
}

/// The answer asked for. A file is read now rather than at the first datagram.
fn answer(args: &AnswerArgs, context: &Context) -> sys::Result<Answer> {
    Ok(match &args.respond {
        _ if args.echo => Answer::Echo,
        _ if args.upper => Answer::Upper,
        Some(answer) => Answer::Respond(response(answer, context)?),
        None => Answer::Nothing,
    })
}
