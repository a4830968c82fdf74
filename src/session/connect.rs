//! Opening one connection: one attempt, or attempts until one succeeds, of which only the last emits its states.

use super::Context;
use super::opening::Opening;
use super::retry::{Answer, WaitReporter, deadline, next_attempt};
use crate::event::Kind;
use crate::net::address::Target;
use crate::net::connect::ConnectError;
use crate::net::resolve::ResolveLimits;
use crate::sys;
use crate::sys::socket::{Socket, SocketFactory};
use std::time::{Duration, Instant};

/// Where to connect to, and how.
pub struct ConnectConfig {
    /// The peer.
    pub target: Target,
    /// How it is opened.
    pub opening: Opening,
    /// How long it may take, look-up and all addresses together.
    pub timeout: Option<Duration>,
    /// How long attempts are repeated; `None` for one attempt.
    pub wait: Option<Duration>,
}

impl ConnectConfig {
    /// Opens the connection, without what it passes through ([`Opening::pass_through`]). The error of the last of several attempts has the kind `timeout`.
    pub fn open(&self, context: &mut Context) -> Result<Socket, ConnectError> {
        let timeout = self.timeout.map(|t| Instant::now() + t);
        if self.wait.is_none() {
            return self.attempt(&context.sockets, timeout, context);
        }
        let limit = [timeout, deadline(self.wait)].into_iter().flatten().min();
        let reporter = WaitReporter::start(&context.events, Answer::awaited(&self.target), limit)?;
        loop {
            let sockets = context.sockets.attempt();
            match self.attempt(&sockets, limit, context) {
                Ok(socket) => {
                    drop(reporter);
                    sockets.events().release();
                    // The peer's data may go to the same terminal.
                    context.events.flush();
                    context.sockets = sockets;
                    return Ok(socket);
                }
                Err(ConnectError::Failed(error)) if is_temporary(&error) => {
                    reporter.failed(Answer::failed(&self.target, &error));
                    let next = next_attempt(Instant::now(), limit);
                    if let Some(signal) = next.or(limit).and_then(|then| context.rest_until(then)) {
                        return Err(ConnectError::Stopped(signal));
                    }
                    if next.is_none() {
                        return Err(ConnectError::Failed(error.about(Kind::Timeout)));
                    }
                    reporter.again();
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn attempt(
        &self,
        sockets: &SocketFactory,
        deadline: Option<Instant>,
        context: &Context,
    ) -> Result<Socket, ConnectError> {
        let limits = ResolveLimits { deadline, stop: &context.stop };
        let addresses = self.opening.addresses(&self.target, limits, sockets)?;
        let connector = self.opening.connector(sockets);
        connector.connect_blocking(&self.target, &addresses, deadline, &context.stop)
    }
}

/// Whether another attempt may succeed; a refused option or a wrong source address stays wrong.
fn is_temporary(error: &sys::Error) -> bool {
    matches!(error.kind(), Kind::Refused | Kind::Reset | Kind::Unreachable | Kind::Resolve)
}
