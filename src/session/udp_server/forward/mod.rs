//! Forwarding of datagrams: each peer has a connected socket of its own towards the target.
//!
//! One task receives what peers send and passes it on at once; a task for each peer opens its socket and returns the replies,
//! from the address the peer wrote to. Nothing waits for a slow socket but the task of its peer.

mod flow;
mod peers;

use super::Config;
use super::access::AccessFilter;
use super::loop_guard::{LoopGuard, Suspect};
use super::sender::WARNING_INTERVAL;
use super::server::is_transient;
use crate::event::{Address, AddressRef, Event, Events};
use crate::net::address::Target;
use crate::net::resolve::Lookup;
use crate::session::datagrams::DatagramOutput;
use crate::session::wait::stopped;
use crate::session::{Context, Outcome, Result};
use crate::sys::mmsg::{BatchReceiver, BatchSender};
use crate::sys::options::SocketOption;
use crate::sys::reactor::{register, runtime};
use crate::sys::socket::{Socket, SocketFactory};
use crate::sys::{self, Error, limits};
use flow::Flow;
use peers::Peers;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::io::unix::AsyncFd;
use tokio::sync::Semaphore;
use tokio::task::spawn_local;

/// The most peers at once, since sender addresses can be forged in any number.
const MOST_PEERS: u64 = 4096;
/// Descriptors that are not for peers.
const RESERVED: u64 = 64;
/// Look-ups of the target at once.
const LOOKUPS: usize = 16;
/// Batches received in a row before the other tasks run.
const ROUNDS: usize = 4;

/// Where datagrams are forwarded to.
pub struct Forward {
    /// The target of every peer.
    pub target: Target,
    /// How its name is looked up, for each peer anew.
    pub lookup: Lookup,
    /// A peer without datagrams and replies for this long is removed.
    pub idle: Duration,
}

/// What the tasks share.
struct Shared {
    listeners: Vec<AsyncFd<Socket>>,
    target: Target,
    lookup: Lookup,
    idle: Duration,
    options: Vec<SocketOption>,
    sockets: SocketFactory,
    peers: RefCell<Peers<Rc<Flow>>>,
    /// Look-ups at once: the system's resolver takes a thread for each.
    lookups: Semaphore,
    receiver: RefCell<BatchReceiver>,
    sender: RefCell<BatchSender>,
    /// The address of the target that answered last.
    answering: RefCell<Option<Address>>,
    /// The errno of the last warning, and when it was emitted.
    warned: Cell<Option<(Option<i32>, Instant)>>,
}

/// Forwards until a signal.
pub(super) fn run(config: &Config, forward: &Forward, sockets: Vec<Socket>, context: &mut Context) -> Result {
    let runtime = runtime()?;
    let outcome = runtime.block_on(serve(config, forward, sockets, context));
    runtime.shutdown_background();
    outcome
}

async fn serve(config: &Config, forward: &Forward, sockets: Vec<Socket>, context: &mut Context) -> Result {
    let guard = LoopGuard::new(&sockets);
    let register = |socket: Socket| {
        let on = socket.on();
        register(socket).map_err(|e| Error::new("epoll_ctl", on, e))
    };
    let room = limits::raise_descriptors().saturating_sub(RESERVED).clamp(1, MOST_PEERS);
    let shared = Rc::new(Shared {
        listeners: sockets.into_iter().map(register).collect::<sys::Result<_>>()?,
        target: forward.target.clone(),
        lookup: forward.lookup,
        idle: forward.idle,
        options: config.options.clone(),
        sockets: context.sockets.clone(),
        peers: RefCell::new(Peers::new(usize::try_from(room).unwrap_or(1))),
        lookups: Semaphore::new(LOOKUPS),
        receiver: RefCell::new(BatchReceiver::new()),
        sender: RefCell::new(BatchSender::new()),
        answering: RefCell::default(),
        warned: Cell::default(),
    });
    let (stop, events) = (context.stop.clone(), context.events.clone());
    let report = context.report.as_mut();
    let output = config
        .shows
        .then(|| DatagramOutput::open(&config.stdio, report, &stop, &events, config.lines))
        .transpose()?;
    let access = AccessFilter::new(&config.access);
    tokio::select! {
        biased;
        signal = stopped(&stop) => Ok(Outcome::stopped(signal?)),
        failed = Incoming { shared, access, guard, output, events: &events }.run() => Err(failed.into()),
    }
}

/// The datagrams of peers.
struct Incoming<'a> {
    shared: Rc<Shared>,
    access: AccessFilter<'a>,
    guard: LoopGuard,
    output: Option<DatagramOutput<'a>>,
    events: &'a Events,
}

impl Incoming<'_> {
    /// Receives and forwards until an error that ends the server.
    async fn run(mut self) -> Error {
        let shared = Rc::clone(&self.shared);
        loop {
            let number = poll_fn(|cx| {
                let ready = |listener: &AsyncFd<Socket>| listener.poll_read_ready(cx).is_ready();
                shared.listeners.iter().position(ready).map_or(Poll::Pending, Poll::Ready)
            });
            let number = number.await;
            for _ in 0..ROUNDS {
                let received = shared.listeners[number]
                    .try_io(tokio::io::Interest::READABLE, |socket| self.receive(number, socket));
                match received {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => return error,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) if is_transient(&error) => {
                        shared.warn(shared.listeners[number].get_ref(), "recv", error);
                    }
                    Err(error) => return Error::new("recv", shared.listeners[number].get_ref().on(), error),
                }
            }
            tokio::task::yield_now().await;
        }
    }

    /// Receives one batch and forwards it, each peer's datagrams together.
    fn receive(&mut self, number: usize, socket: &Socket) -> io::Result<sys::Result<()>> {
        let shared = &self.shared;
        let mut receiver = shared.receiver.borrow_mut();
        self.access.receive(&mut receiver, socket, usize::MAX)?;
        if let Some(output) = &mut self.output
            && let Err(error) = output.write(&receiver, socket)
        {
            return Ok(Err(error));
        }
        let mut datagrams = receiver.datagrams().peekable();
        while let Some(first) = datagrams.next() {
            let mut payloads = vec![first.payload];
            while let Some(next) =
                datagrams.next_if(|next| next.peer == first.peer && next.origin == first.origin)
            {
                payloads.push(next.payload);
            }
            let suspect = match first.peer {
                Some(peer) => self.guard.suspect(peer),
                None => Some(Suspect::Unnamed),
            };
            if let Some(why) = suspect {
                self.guard.warn(first.peer.map(AddressRef::to_address), why, socket, self.events);
            }
            let (Some(peer), None) = (first.peer, suspect) else { continue };
            let flow = shared.flow(number, &peer.to_address());
            flow.origin.set(first.origin);
            flow.forward(&payloads, shared);
        }
        Ok(Ok(()))
    }
}

impl Shared {
    /// The flow of a peer; a new one begins to open its socket, and where there are too many takes the place of the one that
    /// was silent longest.
    fn flow(self: &Rc<Self>, number: usize, peer: &Address) -> Rc<Flow> {
        let now = Instant::now();
        let mut peers = self.peers.borrow_mut();
        let key = (number, peer.clone());
        if let Some(flow) = peers.get(&key) {
            flow.active.set(now);
            return Rc::clone(flow);
        }
        let flow = Rc::new(Flow::new(number, peer.clone(), now));
        if let Some(silent) = peers.insert(key.clone(), Rc::clone(&flow), now, |flow| flow.active.get()) {
            silent.dismissed.notify_one();
        }
        let (task, shared) = (Rc::clone(&flow), Rc::clone(self));
        spawn_local(async move {
            task.run(&shared).await;
            shared.peers.borrow_mut().remove(&key, |other| Rc::ptr_eq(other, &task));
        });
        flow
    }

    /// Warns of an error that concerns one peer, or a socket for a while.
    fn warn(&self, socket: &Socket, op: &'static str, error: io::Error) {
        self.warn_of(&Error::new(op, socket.on(), error), Some(socket));
    }

    /// As [`Self::warn`]; once a second for each errno, since peers can cause any number.
    fn warn_of(&self, error: &Error, socket: Option<&Socket>) {
        let (now, errno) = (Instant::now(), error.errno());
        if self.warned.get().is_some_and(|(last, at)| last == errno && now < at + WARNING_INTERVAL) {
            return;
        }
        self.warned.set(Some((errno, now)));
        let mut fault = error.fault();
        if let Some(socket) = socket {
            fault = socket.blame(fault);
        }
        self.sockets.events().emit(Event::Warning { fault });
    }
}
