//! `soquete listen`.

use super::{
    Context, Result, access_rules, bind_target_or_passed, children, end_config, expect_output, expect_proxy,
    forward_to, input_is_passed, open_taps, proxy_service, response, tls_server,
};
use crate::cli::Listen;
use crate::net::address::Target;
use crate::net::bind::{BindTarget, ListenConfig};
use crate::relay::EndConfig;
use crate::session::ready;
use crate::session::taps::conclude;
use crate::session::tcp_server::{self, Config, Service};
use crate::sys::socket::SocketType;
use crate::sys::{fd, limits};

/// Runs the subcommand.
pub fn run(args: &Listen, context: &mut Context) -> Result {
    let target = bind_target_or_passed(&args.address, Target::parse, &args.server, &args.passed)?;
    let config = config(args, context)?;
    let ready = super::ready(&args.listener.ready, &args.user)?;
    let passed = std::mem::take(&mut context.passed);
    if !args.exec.is_any() {
        limits::raise_descriptors();
    }
    let listen_config = ListenConfig {
        sockets: &context.sockets,
        kind: SocketType::Stream,
        options: &args.listener.socket.server_options(),
        defaults: &[],
        backlog: args.listener.backlog,
        socket_mode: target.as_ref().map_or(0, BindTarget::mode),
    };
    let entry = listen_config.entry(target.as_ref(), passed, &context.stop)?;
    if let Some(tls) = &config.tls {
        tls.announce(entry.sockets());
    }
    ready::announce(&ready, entry.sockets(), context)?;
    let taps = config.taps.clone();
    conclude(tcp_server::run(config, entry, context), taps.as_deref(), context)
}

fn config(args: &Listen, context: &Context) -> anyhow::Result<Config> {
    let end = end_config(&args.pipe.eof, args.idle_timeout, fd::input());
    let service = service(args, context)?;
    let shows = args.show || matches!(service, Service::Pipe) && !args.send_only;
    expect_output(shows, "name a service such as --echo", context)?;
    Ok(Config {
        service,
        keep_open: args.keep_open,
        max_conns: args.max_conns,
        reject: args.reject,
        access: access_rules(&args.server, context)?,
        accept_timeout: args.accept_timeout,
        end: EndConfig { send_only: args.send_only, ..end },
        has_input: !args.recv_only && !input_is_passed(context),
        crlf: args.crlf,
        prefix: args.prefix,
        show: args.show,
        tls: tls_server(&args.tls)?,
        accept_header: args.forward.accept_proxy_header,
        taps: open_taps(&args.taps, context)?,
    })
}

fn service(args: &Listen, context: &Context) -> anyhow::Result<Service> {
    expect_proxy(args)?;
    let service = &args.service;
    if let Some(children) = children(&args.exec, &args.command)? {
        return Ok(Service::Command(children));
    }
    if let Some(target) = &service.forward {
        return Ok(Service::Forward(Box::new(forward_to(target, args, context)?)));
    }
    Ok(match (&service.respond, &service.send) {
        _ if service.echo => Service::Echo,
        _ if service.upper => Service::Upper,
        _ if service.discard => Service::Discard,
        (Some(answer), _) => Service::Respond(response(answer, context)?.into()),
        (None, Some(path)) => Service::send(path)?,
        (None, None) if service.proxy_server.is_some() => {
            Service::Proxy(Box::new(proxy_service(args, context)?))
        }
        (None, None) => Service::Pipe,
    })
}
