//! A stream that passes through something, as TLS, piped with standard input and output, or with a console: tasks in a
//! runtime of this thread.

use super::connect::ConnectConfig;
use super::shared::{Framing, Piping, open_fanout_from};
use super::tls::warn_of_keylog;
use super::wait::stopped;
use super::{Context, Outcome, Result, stdout};
use crate::exit::Exit;
use crate::net::connect::ConnectError;
use crate::net::stream::ByteStream;
use crate::relay::task::TaskConfig;
use crate::relay::{EndConfig, Relay, RelayEnd};
use crate::sys::fd;
use crate::sys::reactor::runtime;
use crate::sys::splice::Filter;
use crate::sys::{self, Error};
use std::cell::RefCell;
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use tokio::io::AsyncWriteExt as _;
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

/// What the stream is piped with.
pub(super) struct Local {
    /// What is sent; none where nothing is.
    pub(super) input: Option<io::Result<OwnedFd>>,
    /// Changes it.
    pub(super) outgoing: Option<Filter>,
    /// Sent before it.
    pub(super) first: Vec<u8>,
    /// Where what is received goes.
    pub(super) output: (stdout::Output, stdout::Written),
    /// Makes what is received visible.
    pub(super) visible: fn() -> Option<Filter>,
    /// When it is over.
    pub(super) end: EndConfig,
}

/// Connects, and relays to the end of the connection.
pub fn run(config: &Config, context: &mut Context) -> Result {
    connect(&config.connect, context, |context| {
        Ok(Local {
            input: config.has_input.then(fd::take_input),
            outgoing: super::pipe::crlf(config.crlf),
            first: Vec::new(),
            output: stdout::open()?,
            visible: context.visible,
            end: config.end,
        })
    })
}

/// Connects, and relays to the end of the connection what `local` opens then.
pub(super) fn connect(
    connect: &ConnectConfig,
    context: &mut Context,
    local: impl FnOnce(&Context) -> sys::Result<Local>,
) -> Result {
    let runtime = runtime()?;
    let outcome = match connect.open_stream(&runtime, context) {
        Ok(stream) => {
            let local = local(context)?;
            LocalSet::new().block_on(&runtime, relay(stream, local, context))
        }
        Err(ConnectError::Stopped(signal)) => Ok(Outcome::stopped(signal)),
        Err(ConnectError::Failed(error)) => Err(error.into()),
    };
    runtime.shutdown_background();
    let failed = connect.opening.tls.as_ref().is_some_and(|tls| tls.connector.keylog_failed());
    warn_of_keylog(failed, context);
    outcome
}

async fn relay(stream: ByteStream, local: Local, context: &Context) -> Result {
    let (output, mut written) = local.output;
    let has_input = local.input.is_some();
    let fanout = open_fanout_from(local.input, Framing::Bytes, local.outgoing);
    let piping = Piping {
        output: output.clone(),
        fanout: Rc::clone(&fanout),
        relay: TaskConfig { end: local.end, has_input, says_waiting: true },
        prefix: false,
        visible: local.visible,
        events: context.events.clone(),
        alone: true,
        progress: (context.progress_every, fd::file_size(fd::input())),
    };
    let buffer = RefCell::new(vec![0; READ]);
    let outcome = tokio::select! {
        biased;
        signal = stopped(&context.stop) => Ok(Outcome::stopped(signal?)),
        end = stdout::failed(&mut written) => stdout::outcome(Err(end)),
        end = pipe(&piping, &local.first, &stream, &buffer) => {
            end.map(|end| Relay::Ended(end).into()).map_err(anyhow::Error::from)
        }
    };
    drop((piping, stream));
    let flushed = written.finish(&output).await;
    match (outcome?, fanout.failure(), flushed) {
        (outcome, ..) if outcome.exit != Exit::Done => Ok(outcome),
        (_, Some(error), _) => Err(Error::into(error)),
        (_, None, Err(error)) => stdout::outcome(Err(error)),
        (outcome, None, Ok(())) => Ok(outcome),
    }
}

async fn pipe(
    piping: &Piping,
    first: &[u8],
    mut stream: &ByteStream,
    buffer: &RefCell<Vec<u8>>,
) -> sys::Result<RelayEnd> {
    stream.write_all(first).await.map_err(|e| stream.failed("send", e))?;
    let end = piping.run(stream, buffer).await?;
    if end == RelayEnd::Done {
        stream.finish(buffer).await;
    }
    Ok(end)
}
