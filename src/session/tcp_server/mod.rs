//! A listener for many clients, each a task of one runtime thread.

mod handler;
mod response;
mod service;

pub use response::response;
pub use service::{Service, tagging};

use super::shared::{Framing, InputFanout, RelayTerms, open_fanout};
use super::{Context, Outcome, Result, stdout};
use crate::cli::Listen;
use crate::event::{Event, Events, Kind};
use crate::exit::Exit;
use crate::net::accept::{Accepted, Acceptor};
use crate::net::acl::AccessRules;
use crate::net::stream::{Stream, Waiting};
use crate::relay::{EndConfig, Relay, RelayEnd};
use crate::sys::reactor::runtime;
use crate::sys::signal::{Signal, Stop};
use crate::sys::socket::Socket;
use crate::sys::{self, fd};
use handler::ConnectionHandler;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::LocalSet;

/// Bytes one read takes; the buffer is shared by all clients, so a client that is silent costs none.
const READ: usize = 64 << 10;

/// What the tasks of one server share.
pub struct Server {
    acceptor: Acceptor,
    events: Events,
    handler: ConnectionHandler,
    reject: bool,
    limit: Option<u32>,
    /// Clients now connected, and a bell for when that changes.
    present: Cell<usize>,
    changed: Notify,
    /// The only client of a server without `--keep-open` is there: every door closes.
    taken: Cell<bool>,
    /// How it ended.
    first_end: RefCell<Option<sys::Result<Option<Duration>>>>,
}

/// Serves until a signal, a deadline, or the end of the only client.
pub fn run(
    args: &Listen,
    service: Service,
    listeners: Vec<Socket>,
    access: AccessRules,
    context: &Context,
) -> Result {
    let runtime = runtime()?;
    let outcome = LocalSet::new().block_on(&runtime, serve(args, service, listeners, access, context));
    runtime.shutdown_background();
    outcome
}

async fn serve(
    args: &Listen,
    service: Service,
    listeners: Vec<Socket>,
    access: AccessRules,
    context: &Context,
) -> Result {
    let pipe = matches!(service, Service::Pipe);
    let (output, mut written) =
        if pipe { stdout::open().map(|(o, w)| (Some(o), Some(w)))? } else { (None, None) };
    let crlf = args.crlf.then(crate::net::crlf::filter);
    let fanout = pipe.then(|| open_fanout(Framing::Bytes, crlf, !args.recv_only));
    if let Some(fanout) = &fanout {
        tokio::task::spawn_local(tell_failure(Rc::clone(fanout), context.events.clone()));
    }
    let server = Rc::new(Server {
        acceptor: Acceptor::new(args.max_conns, access, context.events.clone()),
        events: context.events.clone(),
        handler: ConnectionHandler {
            service,
            output,
            fanout,
            terms: RelayTerms {
                end: EndConfig {
                    send_only: args.send_only,
                    ..crate::cmd::end_config(&args.pipe.eof, args.idle_timeout, fd::input())
                },
                has_input: !args.recv_only,
                says_waiting: false,
            },
            send_only: args.send_only,
            prefix: args.prefix,
            idle: args.idle_timeout,
            visible: context.visible,
            events: context.events.clone(),
            buffer: RefCell::new(vec![0; READ]),
        },
        reject: args.reject,
        limit: args.max_conns,
        present: Cell::new(0),
        changed: Notify::new(),
        taken: Cell::new(false),
        first_end: RefCell::default(),
    });
    let listeners = listeners.into_iter().map(Waiting::new).collect::<sys::Result<Vec<_>>>()?;
    let listeners: Vec<_> = listeners
        .into_iter()
        .map(|listener| tokio::task::spawn_local(receive(listener, Rc::clone(&server), args.keep_open)))
        .collect();
    let outcome = tokio::select! {
        signal = stopped(&context.stop) => Ok(Outcome::stopped(signal?)),
        () = nobody(&server, args.accept_timeout) => Ok(nobody_came(args)),
        end = output_failed(&mut written) => match end {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                Ok(Outcome::of(Exit::Done, "the reader of standard output went away"))
            }
            Err(error) => Err(stdout::failure(error).into()),
            Ok(()) => Ok(Outcome::done()),
        },
        end = only_client(&server), if !args.keep_open => end,
    };
    for listener in &listeners {
        listener.abort();
    }
    server.handler.close(written).await;
    outcome
}

/// Tells why standard input could not be read to its end.
async fn tell_failure(fanout: Rc<InputFanout>, events: Events) {
    if let Some(error) = fanout.ended().await {
        events.emit(Event::Warning { fault: error.fault() });
    }
}

/// Waits for SIGINT or SIGTERM.
pub async fn stopped(stop: &Stop) -> sys::Result<Signal> {
    let failed = |e: std::io::Error| sys::Error::new("epoll_ctl", "signals", e);
    let readable = sys::reactor::register_stop(stop.clone()).map_err(failed)?;
    loop {
        if let Some(signal) = stop.signal() {
            return Ok(signal);
        }
        readable.readable().await.map_err(failed)?.clear_ready();
    }
}

async fn output_failed(written: &mut Option<stdout::Written>) -> std::io::Result<()> {
    match written {
        Some(written) => written.over().await,
        None => std::future::pending().await,
    }
}

/// Resolves once no client was there for `limit`.
async fn nobody(server: &Server, limit: Option<Duration>) {
    let Some(limit) = limit else { return std::future::pending().await };
    loop {
        let changed = server.changed.notified();
        if server.present.get() > 0 {
            changed.await;
        } else if tokio::time::timeout(limit, changed).await.is_err() {
            return;
        }
    }
}

pub fn nobody_came(args: &Listen) -> Outcome {
    let limit = args.accept_timeout.unwrap_or_default();
    Outcome::deadline(format!("accept timeout: no client for {limit:?}"))
}

async fn only_client(server: &Server) -> Result {
    loop {
        let changed = server.changed.notified();
        if let Some(end) = server.first_end.take() {
            return match end? {
                None => Ok(Outcome::done()),
                Some(idle) => Ok(Relay::Ended(RelayEnd::Idle(idle)).into()),
            };
        }
        changed.await;
    }
}

/// Lets clients in at one door.
async fn receive(listener: Waiting, server: Rc<Server>, keep_open: bool) {
    loop {
        let accepted = if keep_open {
            Some(accept(&listener, &server).await)
        } else {
            only_guest(&listener, &server).await
        };
        let Some(Accepted { socket, place }) = accepted else { return };
        if place.is_none() {
            turn_away(&server, &socket);
            continue;
        }
        server.enter(1);
        let serving = serve_one(socket, Rc::clone(&server));
        if !keep_open {
            // One client is all there is: the doors close behind it.
            server.taken.set(true);
            server.changed.notify_waiters();
            drop(listener);
            let end = serving.await;
            drop(place);
            server.first_end.replace(Some(end));
            server.enter(-1);
            return;
        }
        let server = Rc::clone(&server);
        tokio::task::spawn_local(async move {
            let end = serving.await;
            drop(place);
            server.enter(-1);
            drop((end, server));
        });
    }
}

/// The next client at this door.
async fn accept(listener: &Waiting, server: &Server) -> Accepted {
    if server.reject {
        server.acceptor.accept_any(listener).await
    } else {
        server.acceptor.accept(listener).await
    }
}

/// The only client of all, if it comes at this door.
async fn only_guest(listener: &Waiting, server: &Server) -> Option<Accepted> {
    let taken = async {
        while !server.taken.get() {
            server.changed.notified().await;
        }
    };
    tokio::select! {
        biased;
        () = taken => None,
        accepted = accept(listener, server) => Some(accepted),
    }
}

/// Resets a client there is no place for, so that its side does not take this for an ending.
fn turn_away(server: &Server, socket: &Socket) {
    let limit = server.limit.unwrap_or_default();
    socket.emit(|socket| Event::Refuse {
        socket,
        reason: format!("the limit is {limit} at once (--max-conns, --reject)"),
    });
    // If it fails the client sees an orderly ending instead, and the event still says what happened.
    let _ = socket.reset_on_close();
}

async fn serve_one(socket: Socket, server: Rc<Server>) -> sys::Result<Option<Duration>> {
    socket.emit_options();
    let subject = socket.subject();
    let stream = Stream::new(socket)?;
    let end = server.handler.serve(&stream).await;
    let told = match &end {
        Ok(None) => None,
        Ok(Some(idle)) => {
            let peer = subject.peer.map(|a| a.to_string()).unwrap_or_default();
            let mut fault = sys::Error::new("idle timeout", peer, std::io::ErrorKind::TimedOut).fault();
            fault.kind = Kind::Timeout;
            fault.text = format!("idle timeout: nothing moved for {idle:?}");
            Some(fault)
        }
        Err(error) => Some(error.fault()),
    };
    if let Some(fault) = told {
        server.events.emit(Event::Warning { fault: stream.socket_ref().blame(fault) });
    }
    end
}

impl Server {
    fn enter(&self, change: isize) {
        self.present.set(self.present.get().saturating_add_signed(change));
        self.changed.notify_waiters();
        self.changed.notify_one();
    }
}
