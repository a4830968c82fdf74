//! `listen`: a plain listener pipes its first client; every other service is served to many.

use super::{Context, Outcome, Result, end_config};
use crate::cli::Listen;
use crate::event::{Event, Proto};
use crate::net::accept::admit;
use crate::net::acl::AccessRules;
use crate::net::address::Endpoint;
use crate::net::bind::ListenConfig;
use crate::net::crlf;
use crate::net::setback::{BACKOFF, Setbacks, Then};
use crate::relay::{self, EndConfig};
use crate::session::pipe::{input, output, relay_config};
use crate::session::{ready, tcp_server};
use crate::sys::poll::{Interest, wait};
use crate::sys::signal::Signal;
use crate::sys::socket::Socket;
use crate::sys::{self, fd, limits};
use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::time::Instant;

/// Runs `soquete listen`.
pub fn run(args: &Listen, context: &mut Context) -> Result {
    let endpoint = Endpoint::parse(&args.address)?;
    let bind_target = super::bind_target(endpoint, &args.address, &args.server);
    let service = tcp_server::Service::of(args, context)?;
    let access = super::access_rules(&args.server, context)?;
    limits::raise_descriptors();
    let listen_config = ListenConfig {
        sockets: &context.sockets,
        proto: Proto::Tcp,
        options: &args.listener.socket.server_options(),
        defaults: &[],
        backlog: args.listener.backlog,
    };
    let listeners = listen_config.open(&bind_target.addresses(&context.stop)?)?;
    ready::announce(&super::ready(&args.listener.ready), &listeners, context)?;
    match service {
        tcp_server::Service::Pipe if !args.keep_open => pipe_first(args, listeners, &access, context),
        service => tcp_server::run(args, service, listeners, access, context),
    }
}

fn pipe_first(args: &Listen, listeners: Vec<Socket>, access: &AccessRules, context: &Context) -> Result {
    let client = match first_client(args, &listeners, access, context)? {
        Arrival::Client(client) => client,
        Arrival::Nobody => return Ok(tcp_server::nobody_came(args)),
        Arrival::Stopped(signal) => return Ok(Outcome::stopped(signal)),
    };
    // Who comes after the first is refused by the kernel, not left waiting for nothing.
    drop(listeners);
    client.emit_options();
    let end = end_config(&args.pipe.eof, args.idle_timeout, fd::input());
    let end = EndConfig { send_only: args.send_only, ..end };
    let input = if args.recv_only { None } else { Some(input()?) };
    let output = if args.send_only { None } else { Some(output()?) };
    let mut config = relay_config(input, output, end, context);
    config.outgoing = args.crlf.then(crlf::filter);
    if args.prefix {
        config.incoming = Some(tcp_server::tagging(&client, config.incoming.take()));
    }
    Ok(relay::run(client, config, &context.stop)?.into())
}

enum Arrival {
    Client(Socket),
    Nobody,
    Stopped(Signal),
}

fn first_client(
    args: &Listen,
    listeners: &[Socket],
    access: &AccessRules,
    context: &Context,
) -> sys::Result<Arrival> {
    let deadline = args.accept_timeout.map(|t| Instant::now() + t);
    let mut setbacks = Setbacks::default();
    loop {
        let mut fds = vec![(context.stop.as_fd(), Interest::Reading)];
        fds.extend(listeners.iter().map(|l| (l.as_fd(), Interest::Reading)));
        let ready = wait(&fds, deadline).map_err(|e| sys::Error::new("poll", "", e))?;
        if let Some(signal) = context.stop.signal() {
            return Ok(Arrival::Stopped(signal));
        }
        for (listener, _) in listeners.iter().zip(&ready[1..]).filter(|(_, ready)| **ready) {
            match listener.accept() {
                Ok(client) => {
                    if let Some(client) = admit(client, access) {
                        return Ok(Arrival::Client(client));
                    }
                }
                Err(error) if matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE)) => {
                    let on = listener.local().map(|a| a.to_string()).unwrap_or_default();
                    return Err(sys::Error::new("accept", on, error));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => {
                    let on = listener.local().map(|a| a.to_string()).unwrap_or_default();
                    if let Then::Rest(told) = setbacks.add(error, &on) {
                        if let Some(fault) = told {
                            context.events.emit(Event::Warning { fault });
                        }
                        let until = Instant::now() + BACKOFF;
                        let _ = context.rest_until(deadline.map_or(until, |deadline| deadline.min(until)));
                    }
                }
            }
        }
        if deadline.is_some_and(|d| Instant::now() >= d) {
            return Ok(Arrival::Nobody);
        }
    }
}
