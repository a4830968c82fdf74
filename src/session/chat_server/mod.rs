//! `chat-serve`: the room of `chat` over tracked sockets, a task a client on one thread.

mod connection;
mod events;
mod operator;
mod server;
mod transcript;
mod turn;

use super::tcp_server::stopped;
use super::{Context, Outcome, Result, console, pipe, ready, stdout};
use crate::cli::ChatServe;
use crate::event::Proto;
use crate::exit::Exit;
use crate::net::accept::Acceptor;
use crate::net::acl::AccessRules;
use crate::net::address::Endpoint;
use crate::net::bind::ListenConfig;
use crate::net::stream::Waiting;
use crate::sys::options::SocketOption;
use crate::sys::reactor::runtime;
use crate::sys::socket::Socket;
use crate::sys::splice::Filter;
use crate::sys::{self, fd, limits};
use server::{ChatServer, Shared};
use std::cell::RefCell;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;
use tokio::task::{LocalSet, spawn_local};

/// The room's usual port.
pub const PORT: u16 = 4333;
/// Unsent bytes the kernel may hold for a member (`TCP_NOTSENT_LOWAT`, tcp(7)). Without it a member that was blocked gets
/// more only once a third of its send buffer is free, which is megabytes; and each stalled one costs as much.
const UNSENT: u32 = 256 << 10;
/// How long the end of the program waits for the last lines of the transcript.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// Runs `soquete chat-serve`.
pub fn run(args: &ChatServe, context: &mut Context) -> Result {
    let endpoint = Endpoint::parse_or(&args.address, Some(PORT))?;
    let bind_target = crate::cmd::bind_target(endpoint, &args.address, &args.server);
    let access = crate::cmd::access_rules(&args.server, context)?;
    limits::raise_descriptors();
    let options = args.listener.socket.server_options();
    // Clients inherit what their listener has (tcp(7)).
    let mut defaults = vec![SocketOption::UnsentLow(UNSENT)];
    // What waits goes out in one write anyway; without this a second line would wait for the first one's delayed ACK.
    if args.listener.socket.nodelay.is_none() {
        defaults.push(SocketOption::NoDelay(true));
    }
    let (sockets, backlog) = (&context.sockets, args.listener.backlog);
    let listen_config =
        ListenConfig { sockets, proto: Proto::Tcp, options: &options, defaults: &defaults, backlog };
    let listeners = listen_config.open(&bind_target.addresses(&context.stop)?)?;
    ready::announce(&crate::cmd::ready(&args.listener.ready), &listeners, context)?;
    let runtime = runtime()?;
    let tasks = LocalSet::new();
    let outcome = tasks.block_on(&runtime, serve(args, listeners, access, context));
    drop(tasks);
    runtime.shutdown_background();
    outcome
}

async fn serve(args: &ChatServe, listeners: Vec<Socket>, access: AccessRules, context: &Context) -> Result {
    let server: Shared = Rc::new(RefCell::new(ChatServer::new(args.room.rules(), context.events.clone())));
    let front = listeners.first().map(Socket::subject);
    let (console, (output, mut written)) = if let Some((console, ends)) = console::open("> ", context)? {
        operator::connection(&server, front, ends.typed, false)?;
        (Some(console), stdout::open_to(ends.show)?)
    } else if console::somebody_types() {
        let typed = pipe::input()?;
        operator::connection(&server, front, typed, !fd::is_terminal(fd::output()))?;
        (None, stdout::open()?)
    } else {
        server.borrow_mut().listen_in(front);
        (None, stdout::open()?)
    };
    // The console has its own filter.
    let visible = if console.is_some() { None } else { (context.visible)() };
    let mut transcript = Transcript { server: Rc::clone(&server), visible, output: output.clone() };
    let flush_task = Rc::clone(&server);
    spawn_local(poll_fn(move |cx| {
        flush_task.borrow_mut().courier_turn(cx);
        Poll::<()>::Pending
    }));
    spawn_local(review(Rc::clone(&server)));
    let acceptor = Acceptor::new(None, access, context.events.clone());
    let listeners = listeners.into_iter().map(Waiting::new).collect::<sys::Result<Vec<_>>>()?;
    let listeners: Vec<_> = listeners
        .into_iter()
        .map(|listener| spawn_local(receive(listener, acceptor.clone(), Rc::clone(&server))))
        .collect();
    let outcome = tokio::select! {
        () = transcript.write_down() => Ok(Outcome::done()),
        signal = stopped(&context.stop) => Ok(Outcome::stopped(signal?)),
        end = written.over() => match end {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(stdout::failure(error).into()),
            _ => Ok(Outcome::of(Exit::Done, "the reader of standard output went away")),
        },
    };
    listeners.iter().for_each(tokio::task::JoinHandle::abort);
    server.borrow_mut().say_last();
    // A reader that takes nothing does not hold the end up.
    let _ = tokio::time::timeout(FLUSH_TIMEOUT, transcript.put_all()).await;
    let _ = written.finish(&output).await;
    drop(console);
    outcome
}

/// Lets clients in at one door.
async fn receive(listener: Waiting, acceptor: Acceptor, server: Shared) {
    loop {
        let accepted = acceptor.accept(&listener).await;
        let attended = connection::attend(accepted.socket, Rc::clone(&server));
        spawn_local(async move {
            // Only the runtime can fail here, for want of memory; the client's connection is closed with it.
            let _ = attended.await;
            drop(accepted.place);
        });
    }
}

/// Measures how fast readers are that are far behind.
async fn review(server: Shared) {
    let pressed = server.borrow().pressed();
    loop {
        let (next, is_pressed) = (server.borrow().review_in(), server.borrow().is_pressed());
        match next {
            None => pressed.notified().await,
            Some(next) if is_pressed => tokio::time::sleep(next).await,
            // One that is far behind from now on is not to wait for its turn.
            Some(next) => drop(tokio::time::timeout(next, pressed.notified()).await),
        }
        server.borrow_mut().review();
    }
}

/// What goes to standard output.
struct Transcript {
    server: Shared,
    /// Makes it safe for a terminal, where it goes to one.
    visible: Option<Filter>,
    output: stdout::Output,
}

impl Transcript {
    /// Writes down what is said as the room goes on; never ends.
    async fn write_down(&mut self) {
        let said = self.server.borrow().said();
        loop {
            self.put_all().await;
            said.notified().await;
        }
    }

    async fn put_all(&mut self) {
        loop {
            let mut chunk = self.server.borrow_mut().transcript();
            if chunk.is_empty() {
                return;
            }
            if let Some(visible) = &mut self.visible {
                visible(&std::mem::take(&mut chunk), &mut chunk);
            }
            self.output.put(chunk).await;
        }
    }
}
