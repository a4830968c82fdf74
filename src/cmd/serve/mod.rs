//! A listener for many clients, each a task of one runtime thread.

mod client;
mod response;
mod service;

pub(super) use response::response;
pub(super) use service::{Service, tagging};

use super::many::{Feed, Framing, Terms, open_feed};
use super::{Context, Outcome, Result, end_config, stdout};
use crate::cli::Listen;
use crate::event::{Event, Events, Kind};
use crate::exit::Exit;
use crate::net::gate::{Gate, Guest};
use crate::net::relay::{EndConfig, Relay, RelayEnd};
use crate::net::stream::{Stream, Waiting};
use crate::sys::reactor::runtime;
use crate::sys::signal::{Signal, Stop};
use crate::sys::socket::Tracked;
use crate::sys::{self, stdio};
use client::Desk;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::LocalSet;

/// Bytes one read takes; the buffer is shared by all clients, so a client that is silent costs none.
const READ: usize = 64 << 10;

/// What the tasks of one server share.
pub(super) struct House {
    gate: Gate,
    events: Events,
    desk: Desk,
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
pub(super) fn run(args: &Listen, service: Service, listeners: Vec<Tracked>, context: &Context) -> Result {
    let runtime = runtime()?;
    let outcome = LocalSet::new().block_on(&runtime, serve(args, service, listeners, context));
    runtime.shutdown_background();
    outcome
}

async fn serve(args: &Listen, service: Service, listeners: Vec<Tracked>, context: &Context) -> Result {
    let pipe = matches!(service, Service::Pipe);
    let (output, mut written) =
        if pipe { stdout::open().map(|(o, w)| (Some(o), Some(w)))? } else { (None, None) };
    let crlf = args.crlf.then(crate::net::crlf::filter);
    let feed = pipe.then(|| open_feed(Framing::Bytes, crlf, !args.recv_only));
    if let Some(feed) = &feed {
        tokio::task::spawn_local(tell_failure(Rc::clone(feed), context.events.clone()));
    }
    let house = Rc::new(House {
        gate: Gate::new(args.max_conns, context.events.clone()),
        events: context.events.clone(),
        desk: Desk {
            service,
            output,
            feed,
            terms: Terms {
                end: EndConfig {
                    send_only: args.send_only,
                    ..end_config(&args.pipe.eof, args.idle_timeout, stdio::input())
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
    let doors = listeners.into_iter().map(Waiting::new).collect::<sys::Result<Vec<_>>>()?;
    let doors: Vec<_> = doors
        .into_iter()
        .map(|door| tokio::task::spawn_local(receive(door, Rc::clone(&house), args.keep_open)))
        .collect();
    let outcome = tokio::select! {
        signal = stopped(&context.stop) => Ok(Outcome::stopped(signal?)),
        () = nobody(&house, args.accept_timeout) => Ok(nobody_came(args)),
        end = output_failed(&mut written) => match end {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                Ok(Outcome::of(Exit::Done, "the reader of standard output went away"))
            }
            Err(error) => Err(stdout::failure(error).into()),
            Ok(()) => Ok(Outcome::done()),
        },
        end = only_client(&house), if !args.keep_open => end,
    };
    for door in &doors {
        door.abort();
    }
    house.desk.close(written).await;
    outcome
}

/// Tells why standard input could not be read to its end.
async fn tell_failure(feed: Rc<Feed>, events: Events) {
    if let Some(error) = feed.ended().await {
        events.emit(Event::Warning { fault: error.fault() });
    }
}

/// Waits for SIGINT or SIGTERM.
pub(super) async fn stopped(stop: &Stop) -> sys::Result<Signal> {
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
async fn nobody(house: &House, limit: Option<Duration>) {
    let Some(limit) = limit else { return std::future::pending().await };
    loop {
        let changed = house.changed.notified();
        if house.present.get() > 0 {
            changed.await;
        } else if tokio::time::timeout(limit, changed).await.is_err() {
            return;
        }
    }
}

pub(super) fn nobody_came(args: &Listen) -> Outcome {
    let limit = args.accept_timeout.unwrap_or_default();
    Outcome::deadline(format!("accept timeout: no client for {limit:?}"))
}

async fn only_client(house: &House) -> Result {
    loop {
        let changed = house.changed.notified();
        if let Some(end) = house.first_end.take() {
            return match end? {
                None => Ok(Outcome::done()),
                Some(idle) => Ok(Relay::Ended(RelayEnd::Idle(idle)).into()),
            };
        }
        changed.await;
    }
}

/// Lets clients in at one door.
async fn receive(door: Waiting, house: Rc<House>, keep_open: bool) {
    loop {
        let guest =
            if keep_open { Some(admit(&door, &house).await) } else { only_guest(&door, &house).await };
        let Some(Guest { socket, place }) = guest else { return };
        if place.is_none() {
            turn_away(&house, &socket);
            continue;
        }
        house.enter(1);
        let served = serve_one(socket, Rc::clone(&house));
        if !keep_open {
            // One client is all there is: the doors close behind it.
            house.taken.set(true);
            house.changed.notify_waiters();
            drop(door);
            let end = served.await;
            drop(place);
            house.first_end.replace(Some(end));
            house.enter(-1);
            return;
        }
        let house = Rc::clone(&house);
        tokio::task::spawn_local(async move {
            let end = served.await;
            drop(place);
            house.enter(-1);
            drop((end, house));
        });
    }
}

/// The next client at this door.
async fn admit(door: &Waiting, house: &House) -> Guest {
    if house.reject { house.gate.meet(door).await } else { house.gate.admit(door).await }
}

/// The only client of all, if it comes at this door.
async fn only_guest(door: &Waiting, house: &House) -> Option<Guest> {
    let taken = async {
        while !house.taken.get() {
            house.changed.notified().await;
        }
    };
    tokio::select! {
        biased;
        () = taken => None,
        guest = admit(door, house) => Some(guest),
    }
}

/// Resets a client there is no place for, so that its side does not take this for an ending.
fn turn_away(house: &House, socket: &Tracked) {
    let limit = house.limit.unwrap_or_default();
    socket.emit(|socket| Event::Refuse {
        socket,
        reason: format!("the limit is {limit} at once (--max-conns, --reject)"),
    });
    // If it fails the client sees an orderly ending instead, and the event still says what happened.
    let _ = socket.reset_on_close();
}

async fn serve_one(socket: Tracked, house: Rc<House>) -> sys::Result<Option<Duration>> {
    socket.tell_options();
    let subject = socket.subject();
    let stream = Stream::new(socket)?;
    let end = house.desk.serve(&stream).await;
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
        house.events.emit(Event::Warning { fault: stream.tracked().blame(fault) });
    }
    end
}

impl House {
    fn enter(&self, change: isize) {
        self.present.set(self.present.get().saturating_add_signed(change));
        self.changed.notify_waiters();
        self.changed.notify_one();
    }
}
