//! One connection for a client with a thread of its own: looked up, connected, and with a wait tried again until it works.

use super::Context;
use super::resolve::look_up;
use super::retry::{Answer, Waiting, deadline, next_try};
use crate::event::Kind;
use crate::net::address::{Endpoint, Source, reachable};
use crate::net::connect::{ConnectError, Connector};
use crate::net::resolve::{Lookup, ResolveLimits};
use crate::sys;
use crate::sys::options::SocketOption;
use crate::sys::socket::{Socket, SocketFactory};
use std::time::{Duration, Instant};

/// The target, and how to reach it.
pub struct ConnectConfig {
    /// As the user named it.
    pub target: Endpoint,
    /// Families and DNS.
    pub lookup: Lookup,
    /// Set on each socket before it connects.
    pub options: Vec<SocketOption>,
    /// The local end.
    pub source: Option<Source>,
    /// Gives up after so long, look-up and all addresses together.
    pub timeout: Option<Duration>,
    /// Tries again for so long.
    pub wait: Option<Duration>,
}

impl ConnectConfig {
    /// Opens the connection.
    pub fn open(&self, context: &mut Context) -> Result<Socket, ConnectError> {
        let limit = self.timeout.map(|t| Instant::now() + t);
        if self.wait.is_none() {
            return self.attempt(&context.sockets, limit, context);
        }
        self.open_waiting([limit, deadline(self.wait)].into_iter().flatten().min(), context)
    }

    /// Tries until a connection stands, or gives the error of the last try with the kind `timeout`. Of all sockets, those
    /// of the try that works are shown.
    fn open_waiting(&self, limit: Option<Instant>, context: &mut Context) -> Result<Socket, ConnectError> {
        let failed = |e| ConnectError::Failed(sys::Error::new("start thread", "waiting", e));
        let waiting =
            Waiting::start(&context.events, Answer::awaited(&self.target), limit).map_err(failed)?;
        loop {
            let sockets = context.sockets.attempt();
            match self.attempt(&sockets, limit, context) {
                Ok(socket) => {
                    drop(waiting);
                    sockets.events().release();
                    // The bytes of the peer may go to the same terminal.
                    context.events.flush();
                    context.sockets = sockets;
                    return Ok(socket);
                }
                Err(ConnectError::Failed(error)) if worth_another_try(&error) => {
                    waiting.failed(Answer::failed(&self.target, &error));
                    let next = next_try(limit);
                    if let Some(signal) = next.or(limit).and_then(|then| context.rest_until(then)) {
                        return Err(ConnectError::Stopped(signal));
                    }
                    if next.is_none() {
                        return Err(ConnectError::Failed(error.about(Kind::Timeout)));
                    }
                    waiting.again();
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn attempt(
        &self,
        sockets: &SocketFactory,
        limit: Option<Instant>,
        context: &Context,
    ) -> Result<Socket, ConnectError> {
        let connector = Connector { sockets, options: &self.options, source: self.source };
        let limits = ResolveLimits { deadline: limit, stop: &context.stop };
        let (host, port) = (&self.target.host, self.target.port);
        let found = look_up(limits, self.lookup, host, port, sockets.events())?;
        connector.connect_blocking(&self.target, &reachable(self.source, found), limit, &context.stop)
    }
}

/// Whether waiting may change the answer; a refused option or a wrong source address stays wrong.
fn worth_another_try(error: &sys::Error) -> bool {
    matches!(error.kind(), Kind::Refused | Kind::Reset | Kind::Unreachable | Kind::Resolve)
}
