//! A command with a client's connection as its standard input and output (`connect --exec`).

use super::Children;
use crate::net::connect::ConnectError;
use crate::net::stream::ByteStream;
use crate::session::connect::ConnectConfig;
use crate::session::tls::warn_of_keylog;
use crate::session::wait::stopped;
use crate::session::{Context, Outcome, Result};
use crate::sys::reactor::runtime;
use crate::sys::socket::Socket;
use std::cell::RefCell;
use std::time::{Duration, Instant};

/// Bytes of one read, where the bytes pass through pipes.
const READ: usize = 64 << 10;

/// The connection, and the command.
pub struct Config {
    /// Where to connect to; its timeout covers the handshakes.
    pub connect: ConnectConfig,
    /// What is run.
    pub children: Children,
    /// Ends a connection on which nothing moves.
    pub idle: Option<Duration>,
}

/// Connects, and runs the command to its end; its status is ours.
pub fn run(config: &Config, context: &mut Context) -> Result {
    let deadline = config.connect.timeout.and_then(|limit| Instant::now().checked_add(limit));
    let socket = match config.connect.open(context) {
        Ok(socket) => socket,
        Err(ConnectError::Stopped(signal)) => return Ok(Outcome::stopped(signal)),
        Err(ConnectError::Failed(error)) => return Err(error.into()),
    };
    let runtime = runtime()?;
    let outcome = runtime.block_on(serve(config, socket, deadline, context));
    runtime.shutdown_background();
    let failed = config.connect.opening.tls.as_ref().is_some_and(|tls| tls.connector.keylog_failed());
    warn_of_keylog(failed, context);
    outcome
}

async fn serve(config: &Config, socket: Socket, deadline: Option<Instant>, context: &Context) -> Result {
    let Config { connect, children, idle } = config;
    let scratch = RefCell::new(vec![0; READ]);
    let plain = ByteStream::new(socket)?;
    let stream = tokio::select! {
        biased;
        signal = stopped(&context.stop) => return Ok(Outcome::stopped(signal?)),
        stream = connect.opening.pass_through(&connect.target, plain, deadline) => stream?,
    };
    let mut served = std::pin::pin!(children.serve(stream, None, *idle, &scratch));
    let signal = tokio::select! {
        biased;
        signal = stopped(&context.stop) => signal?,
        end = &mut served => {
            children.end().await;
            return end.map(|_| children.outcome()).map_err(Into::into);
        }
    };
    // The command's end is taken by the future that serves.
    tokio::join!(children.end(), async { tokio::time::timeout(super::GRACE * 2, served).await.ok() });
    Ok(Outcome::stopped(signal))
}
