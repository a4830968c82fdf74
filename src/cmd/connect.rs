//! `connect`: one connection piped with standard input and output.

use super::{Context, Outcome, Result, check};
use crate::cli::{Connect, EofArgs};
use crate::event::{Event, Events};
use crate::net::addr::{Endpoint, Host};
use crate::net::dial::{Dial, DialError};
use crate::net::relay::{self, Plan};
use crate::net::resolve::{Lookup, Patience};
use crate::sys::pump::Filter;
use crate::sys::socket::Tracked;
use crate::sys::{self, stdio};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// Between two attempts of `--wait`.
const RETRY: Duration = Duration::from_millis(100);
/// The last attempt comes this long before the deadline, so that it can be answered.
const LAST_TRY: Duration = Duration::from_millis(30);

/// Runs `soquete connect`.
pub fn run(args: &Connect, context: &mut Context) -> Result {
    if args.check || args.until_closed || !args.command.is_empty() {
        return check::run(args, context);
    }
    let target = Endpoint::parse(&args.target)?;
    let socket = match open(args, &target, context) {
        Ok(socket) => socket,
        Err(DialError::Stopped(signal)) => return Ok(Outcome::stopped(signal)),
        Err(DialError::Failed(error)) => return Err(error.into()),
    };
    let input = if args.recv_only { None } else { Some(input()?) };
    let output = if args.send_only { None } else { Some(output()?) };
    let mut plan = pipe_plan(&args.pipe.eof, args.idle_timeout, context);
    plan.ends_with_peer = input.as_ref().is_some_and(|i| stdio::is_terminal(i.as_fd()));
    plan.total = input.as_ref().and_then(|i| stdio::file_size(i.as_fd()));
    plan.outgoing = args.crlf.then(crlf);
    plan.send_only = args.send_only;
    (plan.input, plan.output) = (input, output);
    Ok(relay::run(socket, plan, &context.stop)?.into())
}

fn open(args: &Connect, target: &Endpoint, context: &Context) -> std::result::Result<Tracked, DialError> {
    let options = args.client.socket.options();
    let dial = Dial { sockets: &context.sockets, options: &options, source: args.client.source };
    let deadline = args.timeout.map(|t| Instant::now() + t);
    let patience = args.wait.map(|t| Instant::now() + t);
    let lookup = Lookup::from(&args.client.lookup);
    loop {
        let limit = [deadline, patience].into_iter().flatten().min();
        let attempt = addresses(context, lookup, &target.host, target.port, limit)
            .map_err(DialError::from)
            .and_then(|found| dial.first(target, &found, limit, &context.stop));
        match attempt {
            Err(DialError::Failed(error)) if worth_another_try(&error) && patience.is_some() => {
                let next = next_try(limit);
                if let Some(signal) = next.or(limit).and_then(|then| context.rest_until(then)) {
                    return Err(DialError::Stopped(signal));
                }
                if next.is_none() {
                    return Err(DialError::Failed(late(error)));
                }
            }
            answer => return answer,
        }
    }
}

/// When to try again before `deadline`; `None` once the last try was made.
pub(super) fn next_try(deadline: Option<Instant>) -> Option<Instant> {
    let (now, next) = (Instant::now(), Instant::now() + RETRY);
    let Some(last) = deadline.map(|d| d.checked_sub(LAST_TRY).unwrap_or(d)) else { return Some(next) };
    (now < last).then(|| next.min(last))
}

/// Whether waiting may change the answer; a refused option or a wrong source address stays wrong.
fn worth_another_try(error: &sys::Error) -> bool {
    use crate::event::Kind;
    matches!(error.kind(), Kind::Refused | Kind::Reset | Kind::Unreachable | Kind::Resolve)
}

fn late(error: sys::Error) -> sys::Error {
    error.about(crate::event::Kind::Timeout)
}

/// The addresses of a host, told under `-v`. Ctrl-C ends the look-up.
pub(super) fn addresses(
    context: &Context,
    lookup: Lookup,
    host: &Host,
    port: u16,
    deadline: Option<Instant>,
) -> sys::Result<Vec<SocketAddr>> {
    look_up(Patience { deadline, stop: &context.stop }, lookup, host, port, &context.events)
}

/// As [`addresses`], for a thread that has no context.
pub(super) fn look_up(
    patience: Patience<'_>,
    lookup: Lookup,
    host: &Host,
    port: u16,
    events: &Events,
) -> sys::Result<Vec<SocketAddr>> {
    let found = patience.addresses(lookup, host, port)?;
    if events.detailed() && matches!(host, Host::Name(_)) {
        for &address in &found {
            events.emit(Event::Resolve { host: host.to_string(), address });
        }
    }
    Ok(found)
}

/// A plan with what `listen` and `connect` have in common.
pub(super) fn pipe_plan(eof: &EofArgs, idle: Option<Duration>, context: &Context) -> Plan {
    Plan {
        input: None,
        output: None,
        outgoing: None,
        incoming: (context.visible)(),
        on_eof: eof.on_eof,
        eof_wait: eof.eof_wait,
        idle,
        send_only: false,
        ends_with_peer: false,
        progress_every: context.progress_every,
        total: None,
    }
}

/// Standard input for the relay's own use.
pub(super) fn input() -> sys::Result<std::os::fd::OwnedFd> {
    stdio::take_input()
        .map_err(|e| sys::Error::new("open", "standard input", e).about(crate::event::Kind::File))
}

/// Standard output for the relay's own use.
pub(super) fn output() -> sys::Result<std::os::fd::OwnedFd> {
    stdio::take_output()
        .map_err(|e| sys::Error::new("open", "standard output", e).about(crate::event::Kind::File))
}

/// Makes each line end CR LF; one that is so already stays.
fn crlf() -> Filter {
    let mut last = 0;
    Box::new(move |bytes, out| {
        for &byte in bytes {
            if byte == b'\n' && last != b'\r' {
                out.push(b'\r');
            }
            out.push(byte);
            last = byte;
        }
    })
}
