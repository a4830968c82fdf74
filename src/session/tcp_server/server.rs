//! A server for many clients, each a task of one runtime thread.

mod client;

use super::handler::{ConnectionHandler, READ};
use super::handshake::Handshakes;
use super::piping::piping;
use super::show::Show;
use super::{Config, Service};
use crate::event::{Event, Events, Kind};
use crate::net::accept::{Accepted, Acceptor, Listener};
use crate::net::passed::Entry;
use crate::net::proxy_header::Addresses;
use crate::net::stream::ByteStream;
use crate::relay::{Relay, RelayEnd};
use crate::session::stdout::Output;
use crate::session::tls::warn_of_keylog;
use crate::session::wait::stopped;
use crate::session::{Context, Outcome, Result, output_reader, stdout};
use crate::sys::reactor::runtime;
use crate::sys::socket::Socket;
use crate::sys::{self, fd, limits};
use std::cell::{Cell, RefCell};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::{JoinHandle, spawn_local, yield_now};

/// Descriptors that are not for clients of a forwarding server: listeners, the runtime, the pipes of `sys::splice`.
const RESERVED: u64 = 256;

/// What the tasks of one server share.
struct Server {
    acceptor: Acceptor,
    events: Events,
    handler: ConnectionHandler,
    handshakes: Handshakes,
    keep_open: bool,
    reject: bool,
    limit: Option<u32>,
    /// Connected clients, and a notification for each change of them.
    present: Cell<usize>,
    changed: Notify,
    /// The only client of a server without `--keep-open` is connected: every listener closes.
    taken: Cell<bool>,
    /// How its connection ended.
    only_end: RefCell<Option<sys::Result<RelayEnd>>>,
}

/// Serves until a signal, a deadline, or the end of the only client.
pub(super) fn run(config: Config, entry: Entry, context: &Context) -> Result {
    let runtime = runtime()?;
    let outcome = runtime.block_on(serve(config, entry, context));
    runtime.shutdown_background();
    outcome
}

async fn serve(mut config: Config, entry: Entry, context: &Context) -> Result {
    let service = std::mem::replace(&mut config.service, Service::Pipe);
    let prints = config.show || matches!(service, Service::Pipe);
    let (output, mut written) = prints.then(|| stdout::open(&context.events)).transpose()?.unzip();
    let (piping, show) = match (&service, output.clone()) {
        (Service::Pipe, Some(output)) => (Some(piping(&config, output, context)), None),
        (_, output) => (None, output.map(|output| show(&config, output, context))),
    };
    let buffer = RefCell::new(vec![0; READ]);
    let server = Rc::new(Server {
        acceptor: Acceptor::new(slots(&config, &service), config.access.clone(), context.events.clone()),
        events: context.events.clone(),
        handler: ConnectionHandler { service, piping, show, idle: config.end.idle, buffer },
        handshakes: Handshakes {
            tls: config.tls.take(),
            headers: config.accept_header.then(|| config.access.clone()),
            taps: config.taps.take(),
            events: context.events.clone(),
        },
        keep_open: config.keep_open,
        reject: config.reject,
        limit: config.max_conns,
        present: Cell::new(0),
        changed: Notify::new(),
        taken: Cell::new(false),
        only_end: RefCell::default(),
    });
    let accepting: Vec<_> = match entry {
        Entry::Listeners(listeners) => {
            let listeners = listeners.into_iter().map(Listener::new).collect::<sys::Result<Vec<_>>>()?;
            let accept = |listener| spawn_local(accept_all(listener, Rc::clone(&server)));
            listeners.into_iter().map(accept).collect()
        }
        Entry::Connection(client) => match server.acceptor.admit(client) {
            Some(client) => vec![spawn_local(serve_passed(client, Rc::clone(&server)))],
            None => return Ok(super::refused()),
        },
    };
    let reader = fd::duplicate_pipe(fd::output()).filter(|_| server.handler.piping.is_some());
    let outcome = tokio::select! {
        signal = stopped(&context.stop) => Ok(Outcome::stopped(signal?)),
        () = server.empty_for(config.accept_timeout) => Ok(config.nobody_came()),
        end = output_failed(&mut written, reader, &server) => stdout::outcome(Err(end)),
        () = server.unread(&accepting), if config.keep_open => Ok(Outcome::output_closed()),
        end = server.only_client(), if !config.keep_open => end,
    };
    accepting.iter().for_each(JoinHandle::abort);
    if let Service::Command(children) = &server.handler.service {
        children.end().await;
    }
    if let (Some(output), Some(written)) = (output, written) {
        // A failure was reported when it came.
        let _ = written.finish(&output).await;
    }
    warn_of_keylog(server.handshakes.tls.as_ref().is_some_and(|tls| tls.acceptor.keylog_failed()), context);
    outcome
}

/// The most clients at once. Where each needs a second descriptor, for its target, no more are accepted than have one.
fn slots(config: &Config, service: &Service) -> Option<u32> {
    if !matches!(service, Service::Forward(_) | Service::Proxy(_)) {
        return config.max_conns;
    }
    let pairs = limits::raise_descriptors().saturating_sub(RESERVED) / 2;
    let pairs = u32::try_from(pairs).unwrap_or(u32::MAX).max(1);
    Some(config.max_conns.map_or(pairs, |most| most.min(pairs)))
}

/// Standard output for what clients send to another service.
fn show(config: &Config, output: Output, context: &Context) -> Show {
    Show { output, visible: context.visible, prefix: config.prefix }
}

async fn output_failed(
    written: &mut Option<stdout::Written>,
    pipe: Option<OwnedFd>,
    server: &Server,
) -> std::io::Error {
    match (written, &server.handler.piping) {
        (Some(written), Some(piping)) => output_reader::watch(written, pipe, &piping.watch).await,
        (Some(written), None) => stdout::failed(written).await,
        (None, _) => std::future::pending().await,
    }
}

/// Accepts and serves the clients of one listener.
async fn accept_all(listener: Listener, server: Rc<Server>) {
    loop {
        let accepted = tokio::select! {
            biased;
            () = server.is_taken() => return,
            accepted = server.accept(&listener) => accepted,
        };
        let Accepted { socket, place } = accepted;
        if place.is_none() {
            server.refuse(&socket);
            continue;
        }
        server.count(1);
        spawn_local(client::run_client(Rc::clone(&server), socket, place));
        if !server.keep_open {
            // Without a handshake the client is served before another is accepted.
            yield_now().await;
        }
    }
}

/// Serves a client that another program accepted, and no other.
async fn serve_passed(client: Socket, server: Rc<Server>) {
    server.count(1);
    let opened = server.handshakes.open(client).await;
    server.serve_only(opened).await;
}

impl Server {
    /// Serves the only client to its end.
    async fn serve_only(&self, opened: sys::Result<(ByteStream, Option<Addresses>)>) {
        self.taken.set(true);
        self.changed.notify_waiters();
        let end = match opened {
            Ok((stream, named)) => self.serve(stream, named).await,
            Err(error) => Err(error),
        };
        self.only_end.replace(Some(end));
        self.count(-1);
    }

    async fn serve(&self, stream: ByteStream, named: Option<Addresses>) -> sys::Result<RelayEnd> {
        if let Service::Command(children) = &self.handler.service {
            let named = named.map(|named| named.source);
            let served = children.serve(stream, named, self.handler.idle, &self.handler.buffer).await;
            return served.map(|_| RelayEnd::Done);
        }
        if let Service::Forward(forward) = &self.handler.service {
            // Boxed, so that the clients of other services stay small.
            return Box::pin(forward.serve(stream, named, &self.handler.buffer)).await;
        }
        if let Service::Proxy(proxy) = &self.handler.service {
            return proxy.serve(stream, &self.handler.buffer).await;
        }
        let end = self.handler.serve(&stream, named.map(|named| named.source)).await;
        let fault = match &end {
            Ok(RelayEnd::Idle(idle)) => {
                let on = stream.socket_ref().on();
                let mut fault = sys::Error::new("idle timeout", on, std::io::ErrorKind::TimedOut).fault();
                fault.kind = Kind::Timeout;
                fault.text = format!("idle timeout: no data for {idle:?}");
                fault
            }
            Ok(RelayEnd::Done | RelayEnd::OutputClosed | RelayEnd::EofWait(_)) => {
                stream.finish(&self.handler.buffer).await;
                return end;
            }
            Err(error) => error.fault(),
        };
        self.events.emit(Event::Warning { fault: stream.socket_ref().blame(fault) });
        end
    }

    async fn accept(&self, listener: &Listener) -> Accepted {
        if self.reject {
            self.acceptor.accept_any(listener).await
        } else {
            self.acceptor.accept(listener).await
        }
    }

    /// Resets a client there is no slot for, so that its side does not take this for an ending.
    fn refuse(&self, socket: &Socket) {
        let limit = self.limit.unwrap_or_default();
        socket.emit(|socket| Event::Refuse {
            socket,
            reason: format!("the limit of {limit} connections is reached (--max-conns, --reject)"),
        });
        // If it fails the client sees an orderly ending instead, and the event still says what happened.
        let _ = socket.reset_on_close();
    }

    fn count(&self, change: isize) {
        self.present.set(self.present.get().saturating_add_signed(change));
        self.changed.notify_waiters();
        self.changed.notify_one();
    }

    /// Resolves once no client was connected for `limit`.
    async fn empty_for(&self, limit: Option<Duration>) {
        let Some(limit) = limit else { return std::future::pending().await };
        loop {
            let changed = self.changed.notified();
            if self.present.get() > 0 {
                changed.await;
            } else if tokio::time::timeout(limit, changed).await.is_err() {
                return;
            }
        }
    }

    /// Resolves once nobody reads what clients send and they have the input, as far as it goes. No more are accepted then.
    async fn unread(&self, accepting: &[JoinHandle<()>]) {
        let Some(piping) = &self.handler.piping else { return std::future::pending().await };
        piping.watch.left().await;
        tokio::select! {
            () = piping.watch.missed() => {}
            () = piping.input_ended() => {}
        }
        accepting.iter().for_each(JoinHandle::abort);
        while self.present.get() > 0 {
            self.changed.notified().await;
        }
    }

    /// Resolves once the only client is connected; never where clients are accepted for ever.
    async fn is_taken(&self) {
        if self.keep_open {
            return std::future::pending().await;
        }
        while !self.taken.get() {
            self.changed.notified().await;
        }
    }

    /// The end of the only client.
    async fn only_client(&self) -> Result {
        loop {
            let changed = self.changed.notified();
            if let Some(end) = self.only_end.take() {
                return match &self.handler.service {
                    Service::Command(children) => end.map(|_| children.outcome()).map_err(Into::into),
                    _ => Ok(Relay::Ended(end?).into()),
                };
            }
            changed.await;
        }
    }
}
