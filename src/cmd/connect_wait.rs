//! `connect --wait`: tries until a connection stands; of the sockets, those of the try that works are told.

use super::Context;
use crate::cli::Connect;
use crate::event::Kind;
use crate::net::address::{Endpoint, reachable};
use crate::net::connect::{Dial, DialError};
use crate::net::resolve::{Lookup, ResolveLimits};
use crate::session::retry::{Answer, Waiting, deadline, next_try};
use crate::sys;
use crate::sys::socket::{Socket, SocketFactory};
use std::time::Instant;

/// Opens the connection, or gives the error of the last try with the kind `timeout`.
pub(super) fn open(args: &Connect, target: &Endpoint, context: &mut Context) -> Result<Socket, DialError> {
    let limit = [args.timeout.map(|t| Instant::now() + t), deadline(args.wait)].into_iter().flatten().min();
    let failed = |e| DialError::Failed(sys::Error::new("start thread", "waiting", e));
    let waiting = Waiting::start(&context.events, Answer::awaited(target), limit).map_err(failed)?;
    loop {
        let sockets = context.sockets.attempt();
        match attempt(args, target, &sockets, limit, context) {
            Ok(socket) => {
                drop(waiting);
                sockets.events().release();
                // What the peer says may go to the same terminal.
                context.events.flush();
                context.sockets = sockets;
                return Ok(socket);
            }
            Err(DialError::Failed(error)) if worth_another_try(&error) => {
                waiting.failed(Answer::failed(target, &error));
                let next = next_try(limit);
                if let Some(signal) = next.or(limit).and_then(|then| context.rest_until(then)) {
                    return Err(DialError::Stopped(signal));
                }
                if next.is_none() {
                    return Err(DialError::Failed(error.about(Kind::Timeout)));
                }
                waiting.again();
            }
            Err(error) => return Err(error),
        }
    }
}

fn attempt(
    args: &Connect,
    target: &Endpoint,
    sockets: &SocketFactory,
    limit: Option<Instant>,
    context: &Context,
) -> Result<Socket, DialError> {
    let options = args.client.socket.options();
    let dial = Dial { sockets, options: &options, source: args.client.source };
    let limits = ResolveLimits { deadline: limit, stop: &context.stop };
    let lookup = Lookup::from(&args.client.lookup);
    let found = limits.resolve(lookup, &target.host, target.port, sockets.events())?;
    let found = reachable(args.client.source, found);
    dial.first(target, &found, limit, &context.stop)
}

/// Whether waiting may change the answer; a refused option or a wrong source address stays wrong.
fn worth_another_try(error: &sys::Error) -> bool {
    matches!(error.kind(), Kind::Refused | Kind::Reset | Kind::Unreachable | Kind::Resolve)
}
