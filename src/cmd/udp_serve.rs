//! `soquete udp-serve`.

use super::{Context, Result, response};
use crate::cli::{AnswerArgs, UdpServe};
use crate::net::address::Endpoint;
use crate::session::Stdio;
use crate::session::udp_server::{self, Answer, Config, Membership};
use crate::sys;

/// Runs the subcommand.
pub fn run(args: &UdpServe, context: &mut Context) -> Result {
    udp_server::run(&config(args, context)?, context)
}

fn config(args: &UdpServe, context: &Context) -> anyhow::Result<Config> {
    let answer = answer(&args.answer, context)?;
    let answers = !matches!(answer, Answer::Nothing);
    let membership = |group: &crate::cli::Group| Membership::new(group.ip, group.interface.as_deref());
    let groups = args.join.iter().map(membership).collect::<anyhow::Result<Vec<_>>>()?;
    let endpoint = Endpoint::parse(&args.address)?;
    Ok(Config {
        bind: super::bind_target(endpoint.into(), &args.address, &args.server),
        access: super::access_rules(&args.server, context)?,
        groups,
        options: args.own.socket.options(),
        ready: super::ready(&args.own.ready),
        answer,
        input: (!answers && !args.recv_only).then(|| super::input_config(args.input)),
        to_all: args.to_all,
        ends_with_input: args.send_only,
        shows: (context.json || !answers) && !args.send_only,
        lines: args.lines,
        count: args.count,
        idle_timeout: args.idle_timeout,
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
