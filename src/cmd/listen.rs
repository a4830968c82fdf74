//! `listen`: a plain listener pipes its first client; every other service is served to many.

use super::connect::{input, output, relay_config};
use super::{Context, Outcome, Result, end_config, ready, serve};
use crate::cli::Listen;
use crate::event::{Event, Proto};
use crate::net::addr::Endpoint;
use crate::net::crlf;
use crate::net::listen::Recipe;
use crate::net::relay::{self, EndConfig};
use crate::net::setback::{REST, Setbacks, Then};
use crate::sys::signal::Signal;
use crate::sys::socket::Tracked;
use crate::sys::wait::{For, wait};
use crate::sys::{self, limits, stdio};
use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::time::Instant;

/// Runs `soquete listen`.
pub fn run(args: &Listen, context: &mut Context) -> Result {
    let endpoint = Endpoint::parse(&args.address)?;
    let place = super::place(endpoint, &args.address, &args.server);
    let service = serve::Service::of(args, context)?;
    limits::raise_descriptors();
    let recipe = Recipe {
        sockets: &context.sockets,
        proto: Proto::Tcp,
        options: &args.listener.socket.server_options(),
        defaults: &[],
        backlog: args.listener.backlog,
    };
    let listeners = recipe.open(&place.addresses(&context.stop)?)?;
    ready::announce(&args.listener.ready, &listeners, context)?;
    match service {
        serve::Service::Pipe if !args.keep_open => pipe_first(args, listeners, context),
        service => serve::run(args, service, listeners, context),
    }
}

fn pipe_first(args: &Listen, listeners: Vec<Tracked>, context: &Context) -> Result {
    let client = match first_client(args, &listeners, context)? {
        Arrival::Client(client) => client,
        Arrival::Nobody => return Ok(serve::nobody_came(args)),
        Arrival::Stopped(signal) => return Ok(Outcome::stopped(signal)),
    };
    // Who comes after the first is refused by the kernel, not left waiting for nothing.
    drop(listeners);
    client.tell_options();
    let end = end_config(&args.pipe.eof, args.idle_timeout, stdio::input());
    let end = EndConfig { send_only: args.send_only, ..end };
    let input = if args.recv_only { None } else { Some(input()?) };
    let output = if args.send_only { None } else { Some(output()?) };
    let mut config = relay_config(input, output, end, context);
    config.outgoing = args.crlf.then(crlf::filter);
    if args.prefix {
        config.incoming = Some(serve::tagging(&client, config.incoming.take()));
    }
    Ok(relay::run(client, config, &context.stop)?.into())
}

enum Arrival {
    Client(Tracked),
    Nobody,
    Stopped(Signal),
}

fn first_client(args: &Listen, listeners: &[Tracked], context: &Context) -> sys::Result<Arrival> {
    let deadline = args.accept_timeout.map(|t| Instant::now() + t);
    let mut setbacks = Setbacks::default();
    loop {
        let mut fds = vec![(context.stop.as_fd(), For::Reading)];
        fds.extend(listeners.iter().map(|l| (l.as_fd(), For::Reading)));
        let ready = wait(&fds, deadline).map_err(|e| sys::Error::new("poll", "", e))?;
        if let Some(signal) = context.stop.signal() {
            return Ok(Arrival::Stopped(signal));
        }
        for (listener, _) in listeners.iter().zip(&ready[1..]).filter(|(_, ready)| **ready) {
            match listener.accept() {
                Ok(client) => return Ok(Arrival::Client(client)),
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
                        let until = Instant::now() + REST;
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
