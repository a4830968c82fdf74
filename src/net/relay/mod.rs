//! One connection piped with two descriptors: the heart of `connect` and of a plain `listen`.
//!
//! Two threads move bytes, each direction to its own end; the caller's thread only waits: for them,
//! for a signal, for a deadline. Standard input is never made non-blocking, and a thread that waits for it is left behind.

mod vigil;

use crate::sys::error::{Error, Result};
use crate::sys::pump::{self, Filter, PumpError};
use crate::sys::signal::{Signal, Stop};
use crate::sys::socket::Tracked;
use crate::sys::stdio;
use crate::sys::wait::{Bell, For, wait};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use vigil::Vigil;

/// Between two looks at something no descriptor tells.
const ACK_CHECK: Duration = Duration::from_millis(5);
/// Between two looks whether a thread that is under way let the socket go.
const MOMENT: Duration = Duration::from_micros(200);
/// How long the threads that hold the socket are waited for once it is shut both ways: they only have to wake up.
const WAKE_PATIENCE: Duration = Duration::from_millis(500);

/// What to do with the connection when the input ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnEof {
    /// Send FIN, go on reading.
    #[default]
    HalfClose,
    /// Send nothing, go on reading.
    Keep,
    /// Close at once.
    Close,
}

/// What to relay and when to stop.
pub struct Plan {
    /// Read from here; nothing is sent if absent.
    pub input: Option<OwnedFd>,
    /// Write to here; received bytes are thrown away if absent.
    pub output: Option<OwnedFd>,
    /// Changes what is sent.
    pub outgoing: Option<Filter>,
    /// Changes what is received.
    pub incoming: Option<Filter>,
    /// At the end of the input.
    pub on_eof: OnEof,
    /// Bounds the reading after the end of the input.
    pub eof_wait: Option<Duration>,
    /// Ends a connection on which nothing moves.
    pub idle: Option<Duration>,
    /// Done once everything sent is acknowledged, whatever the peer still says.
    pub send_only: bool,
    /// Done when the peer has sent FIN, though our input is open: nobody is going to type more.
    pub ends_with_peer: bool,
    /// How often progress is told while bytes move.
    pub progress_every: Duration,
    /// How many bytes the input holds, where that is known.
    pub total: Option<u64>,
}

/// How a relay ended, if not by an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Both directions are done.
    Done,
    /// Whoever read our output went away.
    OutputClosed,
    /// Nothing moved for this long.
    Idle(Duration),
    /// The peer was still open this long after the end of the input.
    EofWait(Duration),
    /// The program was asked to end.
    Stopped(Signal),
}

type End = std::result::Result<(), PumpError>;

/// What the two threads leave behind.
#[derive(Default)]
struct Ends {
    sent: Option<End>,
    received: Option<End>,
}

struct Shared {
    ends: Mutex<Ends>,
    bell: Bell,
}

impl Shared {
    fn with<R>(&self, change: impl FnOnce(&mut Ends) -> R) -> R {
        change(&mut self.ends.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Relays until both directions are done or the plan says stop; the socket is closed, in order, on return.
pub fn run(socket: Tracked, mut plan: Plan, stop: &Stop) -> Result<Ended> {
    let peer = socket.peer().map(|a| a.to_string()).unwrap_or_default();
    let failed = |e: std::io::Error| Error::new("relay", &peer, e);
    let socket = Arc::new(socket);
    let shared = Arc::new(Shared { ends: Mutex::default(), bell: Bell::new().map_err(failed)? });
    let (input, outgoing) = (plan.input.take(), plan.outgoing.take());
    let (output, incoming) = (plan.output.take(), plan.incoming.take());
    start_receiver(&socket, &shared, output, incoming).map_err(failed)?;
    let watched = input.as_ref().map(|i| stdio::duplicate(i.as_fd())).transpose().map_err(failed)?;
    if let Some(input) = input {
        start_sender(&socket, &shared, input, outgoing).map_err(failed)?;
    }
    let mut vigil = Vigil::new(&socket, &shared, &plan, watched);
    let ended = vigil.wait(stop);
    if !vigil.over() {
        release(&socket, &shared);
    }
    close(socket);
    ended
}

/// Closes the socket in this thread, so that its last states are told before the program goes on to its end: a sender
/// that just begins may hold it for a moment.
fn close(mut socket: Arc<Tracked>) {
    let deadline = Instant::now() + WAKE_PATIENCE;
    loop {
        match Arc::try_unwrap(socket) {
            Ok(last) => return drop(last),
            Err(shared) if Instant::now() < deadline => socket = shared,
            Err(_) => return,
        }
        std::thread::park_timeout(MOMENT);
    }
}

fn start_receiver(
    socket: &Arc<Tracked>,
    shared: &Arc<Shared>,
    output: Option<OwnedFd>,
    filter: Option<Filter>,
) -> std::io::Result<()> {
    let (socket, shared) = (Arc::clone(socket), Arc::clone(shared));
    let run = move || {
        let end = match output {
            Some(output) => pump::receive(&socket, output.as_fd(), filter),
            None => pump::discard(&socket),
        };
        drop(socket);
        shared.with(|ends| ends.received = Some(end));
        shared.bell.ring();
    };
    std::thread::Builder::new().name("receive".into()).spawn(run).map(drop)
}

fn start_sender(
    socket: &Arc<Tracked>,
    shared: &Arc<Shared>,
    input: OwnedFd,
    filter: Option<Filter>,
) -> std::io::Result<()> {
    let (socket, shared) = (Arc::downgrade(socket), Arc::clone(shared));
    let run = move || {
        let end = pump::send(input.as_fd(), || socket.upgrade(), filter);
        shared.with(|ends| ends.sent = Some(end));
        shared.bell.ring();
    };
    std::thread::Builder::new().name("send".into()).spawn(run).map(drop)
}

/// Wakes the threads and waits until none holds the socket, so that the caller's handle is the last.
///
/// A reader is woken without a word to the peer, so that closing may still reset (`--linger 0`); only a writer the peer
/// leaves stuck needs our FIN.
fn release(socket: &Arc<Tracked>, shared: &Shared) {
    // Each fails only when the connection is over already, and then nobody is blocked on it.
    let _ = socket.shutdown_read();
    if !let_go(socket, shared, WAKE_PATIENCE / 10) {
        let _ = socket.shutdown_both();
        let_go(socket, shared, WAKE_PATIENCE);
    }
}

fn let_go(socket: &Arc<Tracked>, shared: &Shared, patience: Duration) -> bool {
    let deadline = Instant::now() + patience;
    while Arc::strong_count(socket) > 1 && Instant::now() < deadline {
        let soon = Instant::now() + ACK_CHECK;
        let _ = wait(&[(shared.bell.as_fd(), For::Reading)], Some(soon.min(deadline)));
        shared.bell.silence();
    }
    Arc::strong_count(socket) == 1
}
