//! Opening one connection: one attempt, or attempts until one succeeds, of which only the last emits its states.

use super::Context;
use super::opening::Opening;
use super::retry::{Answer, WaitReporter, deadline, next_attempt};
use super::tls;
use super::wait::stopped;
use crate::event::{Kind, Role};
use crate::net::address::Target;
use crate::net::connect::{ConnectError, timed_out};
use crate::net::resolve::ResolveLimits;
use crate::net::stream::ByteStream;
use crate::sys::passed::PassedSocket;
use crate::sys::reactor::{runtime, sleep_until};
use crate::sys::socket::{Passed, Socket, SocketFactory};
use crate::sys::{self, Error};
use std::io;
use std::time::{Duration, Instant};
use tokio::runtime::LocalRuntime;

/// The limit of an attempt that may be repeated, with the handshakes of what the connection passes through.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(10);

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
    /// Opens the connection of a stream that is plain, through a proxy too, or takes over the one that was passed on. The error
    /// of the last of several attempts has the kind `timeout`.
    pub fn open(&self, context: &mut Context) -> Result<Socket, ConnectError> {
        if let Some(passed) = context.passed.pop() {
            return Ok(self.adopt(passed, &context.sockets)?);
        }
        if self.opening.proxy.is_none() {
            return self
                .repeat(context, |sockets, deadline, context| self.attempt(sockets, deadline, context));
        }
        let runtime = runtime()?;
        let stream = self.open_stream(&runtime, context)?;
        let _reactor = runtime.enter();
        stream.into_plain().map_err(|stream| {
            let why = io::Error::other("the stream to it is not plain");
            Error::new("connect", stream.socket_ref().on(), why).into()
        })
    }

    /// As [`Self::open`], with everything that the stream passes through, in `runtime`. A connection that was passed on is one
    /// to the target.
    pub fn open_stream(
        &self,
        runtime: &LocalRuntime,
        context: &mut Context,
    ) -> Result<ByteStream, ConnectError> {
        let passed = context.passed.pop();
        if let Some(passed) = passed.map(|passed| self.adopt(passed, &context.sockets)).transpose()? {
            let deadline = self.timeout.map(|t| Instant::now() + t);
            return runtime.block_on(async {
                let stream = ByteStream::new(passed)?;
                tokio::select! {
                    biased;
                    signal = stopped(&context.stop) => Err(ConnectError::Stopped(signal?)),
                    stream = self.opening.pass_through(&self.target, stream, deadline) => Ok(stream?),
                }
            });
        }
        self.repeat(context, |sockets, deadline, context| {
            // A server that stalls is no reason not to try again.
            let again = self.wait.map(|_| Instant::now() + ATTEMPT_LIMIT);
            let deadline = [deadline, again].into_iter().flatten().min();
            runtime.block_on(async {
                tokio::select! {
                    biased;
                    signal = stopped(&context.stop) => Err(ConnectError::Stopped(signal?)),
                    stream = self.opening.open(&self.target, sockets, deadline) => Ok(stream?),
                    () = sleep_until(deadline) => Err(timed_out(&self.target, &[]).into()),
                }
            })
        })
    }

    /// Attempts once, or until one attempt succeeds.
    fn repeat<T>(
        &self,
        context: &mut Context,
        attempt: impl Fn(&SocketFactory, Option<Instant>, &Context) -> Result<T, ConnectError>,
    ) -> Result<T, ConnectError> {
        let timeout = self.timeout.map(|t| Instant::now() + t);
        if self.wait.is_none() {
            return attempt(&context.sockets, timeout, context);
        }
        let limit = [timeout, deadline(self.wait)].into_iter().flatten().min();
        let reporter = WaitReporter::start(&context.events, Answer::awaited(&self.target), limit)?;
        loop {
            let sockets = context.sockets.attempt();
            match attempt(&sockets, limit, context) {
                Ok(opened) => {
                    drop(reporter);
                    sockets.events().release();
                    // The peer's data may go to the same terminal.
                    context.events.flush();
                    context.sockets = sockets;
                    return Ok(opened);
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

    /// Takes over a connection that another program opened.
    fn adopt(&self, passed: PassedSocket, sockets: &SocketFactory) -> sys::Result<Socket> {
        passed.expect(&[Passed::Connection], "a connected socket")?;
        let socket = sockets.adopt(passed, Role::Client)?;
        self.opening.options.iter().try_for_each(|option| socket.set(option))?;
        socket.emit_options();
        Ok(socket)
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
fn is_temporary(error: &Error) -> bool {
    tls::is_temporary(error)
        || matches!(
            error.kind(),
            Kind::Refused | Kind::Reset | Kind::Unreachable | Kind::Resolve | Kind::Timeout
        )
}
