//! Standard input and output over one connection through TLS: a task in a runtime of this thread.

use super::connect::ConnectConfig;
use super::shared::{Framing, Piping, open_fanout};
use super::tls::warn_of_keylog;
use super::wait::stopped;
use super::{Context, Outcome, Result, stdout};
use crate::net::connect::ConnectError;
use crate::net::stream::ByteStream;
use crate::relay::task::TaskConfig;
use crate::relay::{EndConfig, Relay, RelayEnd};
use crate::sys;
use crate::sys::fd;
use crate::sys::reactor::runtime;
use crate::sys::socket::Socket;
use std::cell::RefCell;
use std::time::Instant;
use tokio::task::LocalSet;

/// Bytes of one read.
const READ: usize = 64 << 10;

/// The connection, and what passes over it.
pub struct Config {
    /// Where to connect to; its timeout covers the handshake.
    pub connect: ConnectConfig,
    /// When it is over.
    pub end: EndConfig,
    /// Whether standard input is sent.
    pub has_input: bool,
    /// Sends line ends as CR LF.
    pub crlf: bool,
}

/// Connects, and relays to the end of the connection.
pub fn run(config: &Config, context: &mut Context) -> Result {
    let deadline = config.connect.timeout.and_then(|limit| Instant::now().checked_add(limit));
    let socket = match config.connect.open(context) {
        Ok(socket) => socket,
        Err(ConnectError::Stopped(signal)) => return Ok(Outcome::stopped(signal)),
        Err(ConnectError::Failed(error)) => return Err(error.into()),
    };
    let runtime = runtime()?;
    let outcome = LocalSet::new().block_on(&runtime, relay(config, socket, deadline, context));
    runtime.shutdown_background();
    let failed = config.connect.opening.tls.as_ref().is_some_and(|tls| tls.connector.keylog_failed());
    warn_of_keylog(failed, context);
    outcome
}

async fn relay(config: &Config, socket: Socket, deadline: Option<Instant>, context: &Context) -> Result {
    let plain = ByteStream::new(socket)?;
    let stream = tokio::select! {
        biased;
        signal = stopped(&context.stop) => return Ok(Outcome::stopped(signal?)),
        stream = config.connect.opening.pass_through(&config.connect.target, plain, deadline) => stream?,
    };
    let (output, mut written) = stdout::open()?;
    let total = fd::file_size(fd::input());
    let fanout = open_fanout(Framing::Bytes, super::pipe::crlf(config.crlf), config.has_input);
    let piping = Piping {
        output: output.clone(),
        fanout: std::rc::Rc::clone(&fanout),
        relay: TaskConfig { end: config.end, has_input: config.has_input, says_waiting: true },
        prefix: false,
        visible: context.visible,
        events: context.events.clone(),
        alone: true,
        progress: (context.progress_every, total),
    };
    let buffer = RefCell::new(vec![0; READ]);
    let outcome = tokio::select! {
        biased;
        signal = stopped(&context.stop) => Ok(Outcome::stopped(signal?)),
        end = stdout::failed(&mut written) => stdout::outcome(Err(end)),
        end = pipe(&piping, &stream, &buffer) => end.map(|end| Relay::Ended(end).into()).map_err(anyhow::Error::from),
    };
    drop((piping, stream));
    let flushed = written.finish(&output).await;
    match (outcome?, fanout.failure(), flushed) {
        (outcome, ..) if outcome.exit != crate::exit::Exit::Done => Ok(outcome),
        (_, Some(error), _) => Err(sys::Error::into(error)),
        (_, None, Err(error)) => stdout::outcome(Err(error)),
        (outcome, None, Ok(())) => Ok(outcome),
    }
}

async fn pipe(piping: &Piping, stream: &ByteStream, buffer: &RefCell<Vec<u8>>) -> sys::Result<RelayEnd> {
    let end = piping.run(stream, buffer).await?;
    if end == RelayEnd::Done {
        stream.finish(buffer).await;
    }
    Ok(end)
}
