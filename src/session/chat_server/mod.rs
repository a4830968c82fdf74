//! The chat server: the room of `chat` over TCP, one task a client, all on one thread.

mod backpressure;
mod bus;
mod bus_room;
mod connection;
mod events;
mod now;
mod operator;
mod receive;
mod server;
mod transcript;

pub use crate::chat::bus::is_room_name;
pub use bus::Config as BusConfig;

use super::ready::{self, Ready};
use super::wait::stopped;
use super::{Context, Outcome, Result, Stdio, console, stdout};
use crate::chat::Rules;
use crate::event::Subject;
use crate::exit::Exit;
use crate::net::accept::Acceptor;
use crate::net::accept::Listener;
use crate::net::acl::AccessRules;
use crate::net::bind::{BindTarget, ListenConfig};
use crate::net::tap::Taps;
use crate::session::tls::{TlsServer, warn_of_keylog};
use crate::sys::fd::{self, Nature};
use crate::sys::options::SocketOption;
use crate::sys::reactor::runtime;
use crate::sys::socket::Socket;
use crate::sys::socket::SocketType;
use crate::sys::{self, limits};
use server::{ChatServer, Shared};
use std::cell::RefCell;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::timeout;
use transcript::Transcript;

/// The default port of a room.
pub const PORT: u16 = 4333;
/// Unsent bytes the kernel may hold for a member (`TCP_NOTSENT_LOWAT`, tcp(7)). Without it a member that was blocked gets
/// more only once a third of its send buffer is free, which is megabytes; and each stalled one costs as much.
const UNSENT: u32 = 256 << 10;
/// How long the end of the program waits for the last lines of the transcript.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// How the server runs.
pub struct Config {
    /// Where it listens; absent where its listeners were passed on.
    pub target: Option<BindTarget>,
    /// The clients it accepts.
    pub access: AccessRules,
    /// Options of its listeners, which its connections inherit (tcp(7)).
    pub options: Vec<SocketOption>,
    /// Length of the accept queue.
    pub backlog: u32,
    /// How it reports that it is ready.
    pub ready: Ready,
    /// How the room is run.
    pub rules: Rules,
    /// The bus by which other machines share the room.
    pub bus: Option<BusConfig>,
    /// Speaks TLS.
    pub tls: Option<Rc<TlsServer>>,
    /// Watches or slows the connections.
    pub taps: Option<Rc<Taps>>,
    /// The operator's prompt on a terminal.
    pub prompt: &'static str,
    /// Where the transcript goes; an operator types at a terminal, a program writes lines to a pipe.
    pub stdio: Stdio,
}

/// Runs the server until a signal, or the end of standard output.
pub fn run(config: &Config, context: &mut Context) -> Result {
    limits::raise_descriptors();
    let passed = std::mem::take(&mut context.passed);
    let mut defaults = vec![SocketOption::UnsentLow(UNSENT)];
    // What waits goes out in one write anyway; with Nagle's algorithm a second line would wait for the first one's delayed ACK.
    if !config.options.iter().any(|option| matches!(option, SocketOption::NoDelay(_))) {
        defaults.push(SocketOption::NoDelay(true));
    }
    let listen_config = ListenConfig {
        sockets: &context.sockets,
        kind: SocketType::Stream,
        options: &config.options,
        defaults: &defaults,
        backlog: config.backlog,
        socket_mode: config.target.as_ref().map_or(0, BindTarget::mode),
    };
    let listeners = listen_config.open_or_adopt(config.target.as_ref(), passed, &context.stop)?;
    if let Some(tls) = &config.tls {
        tls.announce(&listeners);
    }
    let runtime = runtime()?;
    let outcome = runtime.block_on(serve(config, listeners, context));
    runtime.shutdown_background();
    outcome
}

async fn serve(config: &Config, listeners: Vec<Socket>, context: &mut Context) -> Result {
    let server: Shared =
        Rc::new(RefCell::new(ChatServer::new(config.rules, context.events.clone(), config.taps.clone())));
    let port =
        listeners.first().and_then(Socket::local).and_then(|local| local.inet()).map(|inet| inet.port());
    let bus = match &config.bus {
        Some(bus) => Some(bus::connect(bus, port, &server, context).await?),
        None => None,
    };
    ready::announce(&config.ready, &listeners, context)?;
    let context = &*context;
    let (console, (output, mut written)) =
        open_output(&server, listeners.first().map(Socket::subject), config, context)?;
    // The console has its own filter.
    let visible = if console.is_some() { None } else { (context.visible)() };
    let mut transcript = Transcript { server: Rc::clone(&server), visible, output: output.clone() };
    let flushed = Rc::clone(&server);
    spawn_local(poll_fn(move |cx| {
        flushed.borrow_mut().poll_flush(cx);
        Poll::<()>::Pending
    }));
    spawn_local(backpressure::measure_lag(Rc::clone(&server)));
    if let Some(bus) = &bus {
        bus.start(&server);
    }
    let acceptor = Acceptor::new(None, config.access.clone(), context.events.clone());
    let listeners = listeners.into_iter().map(Listener::new).collect::<sys::Result<Vec<_>>>()?;
    let accepting =
        |listener| spawn_local(accept(listener, acceptor.clone(), config.tls.clone(), Rc::clone(&server)));
    let accepting: Vec<_> = listeners.into_iter().map(accepting).collect();
    let outcome = tokio::select! {
        () = transcript.run() => Ok(Outcome::done()),
        signal = stopped(&context.stop) => Ok(Outcome::stopped(signal?)),
        end = written.over() => match end {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(stdout::failure(error).into()),
            _ => Ok(Outcome::of(Exit::Done, "the reader of standard output closed it")),
        },
    };
    accepting.iter().for_each(JoinHandle::abort);
    server.borrow_mut().flush_all();
    if let Some(bus) = &bus {
        bus.leave(&server).await;
    }
    // A reader that takes nothing does not delay the end.
    let _ = timeout(FLUSH_TIMEOUT, transcript.put_all()).await;
    let _ = written.finish(&output).await;
    drop(console);
    warn_of_keylog(config.tls.as_ref().is_some_and(|tls| tls.acceptor.keylog_failed()), context);
    outcome
}

/// Opens the console, or standard input and output, and adds the operator, the lines of a pipe or the transcript alone to
/// the room.
fn open_output(
    server: &Shared,
    listener: Option<Subject>,
    config: &Config,
    context: &Context,
) -> sys::Result<(Option<console::Console>, (stdout::Output, stdout::Written))> {
    let stdio = &config.stdio;
    let shows_stderr = config.taps.as_ref().is_some_and(|taps| taps.uses_stderr());
    let console = console::Config { prompt: config.prompt, shows_stderr, stamps: false };
    if let Some((console, ends)) = console::open(&console, stdio, context)? {
        operator::join(server, listener, ends.typed, false)?;
        return Ok((Some(console), stdout::open_to(ends.show, None)?));
    }
    if console::is_interactive(stdio) {
        operator::join(server, listener, stdio.input()?, !fd::is_terminal(fd::output()))?;
    } else if stdio.is_standard() && fd::nature(fd::input()).is_ok_and(|nature| nature == Nature::Pipe) {
        operator::join_program(server, listener, stdio.input()?)?;
    } else {
        server.borrow_mut().join_transcript(listener);
    }
    Ok((None, stdout::open_to(stdio.relay_output()?, Some(&context.events))?))
}

/// Accepts clients at one listener.
async fn accept(listener: Listener, acceptor: Acceptor, tls: Option<Rc<TlsServer>>, server: Shared) {
    loop {
        let accepted = acceptor.accept(&listener).await;
        let client = connection::run(accepted.socket, tls.clone(), Rc::clone(&server));
        spawn_local(async move {
            // A handshake that failed was reported. Besides it only the runtime can fail, for want of memory.
            let _ = client.await;
            drop(accepted.place);
        });
    }
}
