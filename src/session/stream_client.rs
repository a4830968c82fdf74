//! Standard input and output, or a console, over one stream that the kernel cannot move by itself (TLS, a tap): a task in a
//! runtime of this thread.

use super::connect::ConnectConfig;
use super::console::{self, Console};
use super::pipe::crlf;
use super::shared::{Framing, Piping, open_fanout};
use super::tls::warn_of_keylog;
use super::wait::stopped;
use super::{Context, Outcome, Result, Stdio, output_reader, stdout};
use crate::exit::Exit;
use crate::net::connect::ConnectError;
use crate::net::stream::ByteStream;
use crate::relay::task::TaskConfig;
use crate::relay::{EndConfig, Relay, RelayEnd};
use crate::sys;
use crate::sys::fd;
use crate::sys::reactor::runtime;
use crate::sys::splice::Filter;
use std::cell::RefCell;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use tokio::io::AsyncWriteExt;

/// Bytes of one read.
const READ: usize = 256 << 10;

/// The connection, and what passes over it.
pub struct Config {
    /// Where to connect to; its timeout covers the handshakes.
    pub connect: ConnectConfig,
    /// When it is over.
    pub end: EndConfig,
    /// Whether the input is sent.
    pub has_input: bool,
    /// Sends line ends as CR LF.
    pub crlf: bool,
    /// Sent before the input.
    pub greeting: String,
    /// The prompt of a console, where input and output are a terminal.
    pub prompt: Option<&'static str>,
    /// What is sent, and where what is received goes.
    pub stdio: Stdio,
}

/// What the stream is piped with.
struct Ends {
    console: Option<Console>,
    input: Option<io::Result<OwnedFd>>,
    output: stdout::Output,
    written: stdout::Written,
    /// Of the output, if it is one.
    pipe: Option<OwnedFd>,
    visible: fn() -> Option<Filter>,
}

/// Connects, and relays to the end of the connection.
pub fn run(config: &Config, context: &mut Context) -> Result {
    let runtime = runtime()?;
    let stream = match config.connect.open_stream(&runtime, context) {
        Ok(stream) => stream,
        Err(ConnectError::Stopped(signal)) => return Ok(Outcome::stopped(signal)),
        Err(ConnectError::Failed(error)) => return Err(error.into()),
    };
    let outcome = runtime.block_on(talk(config, stream, context));
    runtime.shutdown_background();
    let failed = config.connect.opening.tls.as_ref().is_some_and(|tls| tls.connector.keylog_failed());
    warn_of_keylog(failed, context);
    outcome
}

async fn talk(config: &Config, stream: ByteStream, context: &Context) -> Result {
    tokio::select! {
        biased;
        signal = stopped(&context.stop) => return Ok(Outcome::stopped(signal?)),
        greeted = greet(&stream, &config.greeting) => greeted?,
    }
    let mut ends = open_ends(config, context)?;
    let console = ends.console.take();
    let outcome = relay(config, stream, ends, context).await;
    match (console, &outcome) {
        // It is no error, and the person reads why the prompt went away even with -q.
        (Some(console), Ok(outcome)) if outcome.exit == Exit::Done && console.is_open() => {
            console.close("the server closed the connection");
        }
        (console, _) => drop(console),
    }
    outcome
}

async fn greet(mut stream: &ByteStream, greeting: &str) -> sys::Result<()> {
    let sent = async {
        stream.write_all(greeting.as_bytes()).await?;
        stream.flush().await
    };
    sent.await.map_err(|e| stream.failed("send", e))
}

fn open_ends(config: &Config, context: &Context) -> sys::Result<Ends> {
    let shows_stderr = config.connect.opening.taps.as_ref().is_some_and(|taps| taps.uses_stderr());
    let stdio = &config.stdio;
    let open =
        |prompt| console::open(&console::Config { prompt, shows_stderr, stamps: true }, stdio, context);
    let console = config.prompt.map(open).transpose()?;
    if let Some((console, pipes)) = console.flatten() {
        let (output, written) = stdout::open_to(pipes.show, None)?;
        // The console makes text safe itself, line by line.
        let visible = || None;
        return Ok(Ends {
            console: Some(console),
            input: Some(Ok(pipes.typed)),
            output,
            written,
            pipe: None,
            visible,
        });
    }
    let input = config.has_input.then(|| stdio.take_input());
    let pipe = stdio.output_pipe().filter(|_| !config.end.send_only);
    let (output, written) = if config.end.send_only {
        stdout::discard()?
    } else {
        stdout::open_to(stdio.relay_output()?, Some(&context.events))?
    };
    Ok(Ends { console: None, input, output, written, pipe, visible: context.visible })
}

/// Relays to the end of the stream, which is closed on return.
async fn relay(config: &Config, stream: ByteStream, ends: Ends, context: &Context) -> Result {
    let Ends { input, output, mut written, pipe: reader, visible, .. } = ends;
    let total = input.as_ref().and_then(|input| fd::file_size(input.as_ref().ok()?.as_fd()));
    let fanout = open_fanout(Framing::Bytes, crlf(config.crlf), input);
    let piping = Piping {
        output: output.clone(),
        watch: Rc::default(),
        fanout: Rc::clone(&fanout),
        relay: TaskConfig {
            end: config.end,
            has_input: config.has_input,
            says_waiting: true,
            is_file: total.is_some(),
        },
        prefix: false,
        visible,
        events: context.events.clone(),
        alone: true,
        progress: (context.progress_every, total),
    };
    let buffer = RefCell::new(vec![0; READ]);
    let outcome = tokio::select! {
        biased;
        signal = stopped(&context.stop) => Ok(Outcome::stopped(signal?)),
        end = output_reader::watch(&mut written, reader, &piping.watch) => stdout::outcome(Err(end)),
        end = pipe(&piping, &stream, &buffer) => end.map(|end| Relay::Ended(end).into()).map_err(anyhow::Error::from),
    };
    drop((piping, stream));
    let flushed = written.finish(&output).await;
    match (outcome?, fanout.failure(), flushed) {
        (outcome, ..) if outcome.exit != Exit::Done => Ok(outcome),
        (_, Some(error), _) => Err(error.into()),
        (_, None, Err(error)) => stdout::outcome(Err(error)),
        (outcome, None, Ok(())) => Ok(outcome),
    }
}

async fn pipe(piping: &Piping, stream: &ByteStream, buffer: &RefCell<Vec<u8>>) -> sys::Result<RelayEnd> {
    let end = piping.run(stream, None, buffer).await?;
    if end == RelayEnd::Done {
        stream.finish(buffer).await;
    }
    Ok(end)
}
