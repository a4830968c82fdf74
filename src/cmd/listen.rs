//! `soquete listen`.

use super::{Context, Result, access_rules, bind_target, end_config, open_taps, response, tls_server};
use crate::cli::Listen;
use crate::net::address::Target;
use crate::net::bind::ListenConfig;
use crate::relay::EndConfig;
use crate::session::ready;
use crate::session::taps::conclude;
use crate::session::tcp_server::{self, Config, Service};
use crate::sys::socket::SocketType;
use crate::sys::{self, fd, limits};

/// Runs the subcommand.
pub fn run(args: &Listen, context: &mut Context) -> Result {
    let bind_target = bind_target(Target::parse(&args.address)?, &args.address, &args.server);
    let config = config(args, context)?;
    limits::raise_descriptors();
    let listen_config = ListenConfig {
        sockets: &context.sockets,
        kind: SocketType::Stream,
        options: &args.listener.socket.server_options(),
        defaults: &[],
        backlog: args.listener.backlog,
    };
    let listeners = listen_config.open_target(&bind_target, &context.stop)?;
    if let Some(tls) = &config.tls {
        tls.announce(&listeners);
    }
    ready::announce(&super::ready(&args.listener.ready), &listeners, context)?;
    let taps = config.taps.clone();
    conclude(tcp_server::run(config, listeners, context), taps.as_deref(), context)
}

fn config(args: &Listen, context: &Context) -> anyhow::Result<Config> {
    let end = end_config(&args.pipe.eof, args.idle_timeout, fd::input());
    Ok(Config {
        service: service(args, context)?,
        keep_open: args.keep_open,
        max_conns: args.max_conns,
        reject: args.reject,
        access: access_rules(&args.server, context)?,
        accept_timeout: args.accept_timeout,
        end: EndConfig { send_only: args.send_only, ..end },
        has_input: !args.recv_only,
        crlf: args.crlf,
        prefix: args.prefix,
        show: args.show,
        tls: tls_server(&args.tls)?,
        taps: open_taps(&args.taps, context)?,
    })
}

fn service(args: &Listen, context: &Context) -> sys::Result<Service> {
    let service = &args.service;
    Ok(match (&service.respond, &service.send) {
        _ if service.echo => Service::Echo,
        _ if service.upper => Service::Upper,
        _ if service.discard => Service::Discard,
        (Some(answer), _) => Service::Respond(response(answer, context)?.into()),
        (None, Some(path)) => Service::send(path)?,
        (None, None) => Service::Pipe,
    })
}
