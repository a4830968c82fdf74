//! The two threads of a blocking relay: started, woken, and parted from the socket they share.

use crate::sys::fd::Output;
use crate::sys::poll::{EventFd, Interest, wait};
use crate::sys::socket::Socket;
use crate::sys::splice::{self, Filter, PumpError};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Between two looks whether a thread that is under way let the socket go.
const MOMENT: Duration = Duration::from_micros(200);
/// How long the threads that hold the socket are waited for once it is shut both ways: they only have to wake up.
const WAKE_TIMEOUT: Duration = Duration::from_millis(500);

type End = Result<(), PumpError>;

/// What the two threads leave behind.
#[derive(Default)]
pub(super) struct Ends {
    pub(super) sent: Option<End>,
    pub(super) received: Option<End>,
}

pub(super) struct Shared {
    pub(super) ends: Mutex<Ends>,
    pub(super) event_fd: EventFd,
}

impl Shared {
    pub(super) fn with<R>(&self, change: impl FnOnce(&mut Ends) -> R) -> R {
        change(&mut self.ends.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

pub(super) fn start_receiver(
    socket: &Arc<Socket>,
    shared: &Arc<Shared>,
    output: Option<Output>,
    filter: Option<Filter>,
) -> io::Result<()> {
    let (socket, shared) = (Arc::clone(socket), Arc::clone(shared));
    let run = move || {
        let end = match output {
            // The output is closed here, so that whoever reads it sees the end though more may be sent.
            Some(output) => splice::receive(&socket, output.as_fd(), filter),
            None => splice::discard(&socket),
        };
        drop(socket);
        shared.with(|ends| ends.received = Some(end));
        shared.event_fd.signal();
    };
    std::thread::Builder::new().name("receive".into()).spawn(run).map(drop)
}

pub(super) fn start_sender(
    socket: &Arc<Socket>,
    shared: &Arc<Shared>,
    input: OwnedFd,
    filter: Option<Filter>,
) -> io::Result<()> {
    let (socket, shared) = (Arc::downgrade(socket), Arc::clone(shared));
    let run = move || {
        let end = splice::send(input.as_fd(), || socket.upgrade(), filter);
        shared.with(|ends| ends.sent = Some(end));
        shared.event_fd.signal();
    };
    std::thread::Builder::new().name("send".into()).spawn(run).map(drop)
}

/// Wakes the threads and waits until none holds the socket, so that the caller's handle is the last.
///
/// A reader is woken without a word to the peer, so that closing may still reset (`--linger 0`); only a writer the peer
/// leaves stuck needs our FIN.
pub(super) fn release(socket: &Arc<Socket>, shared: &Shared) {
    // Each fails only when the connection is over already, and then nobody is blocked on it.
    let _ = socket.shutdown_read();
    if !let_go(socket, shared, WAKE_TIMEOUT / 10) {
        let _ = socket.shutdown_both();
        let_go(socket, shared, WAKE_TIMEOUT);
    }
}

fn let_go(socket: &Arc<Socket>, shared: &Shared, limit: Duration) -> bool {
    let deadline = Instant::now() + limit;
    while Arc::strong_count(socket) > 1 && Instant::now() < deadline {
        let soon = Instant::now() + 25 * MOMENT;
        let _ = wait(&[(shared.event_fd.as_fd(), Interest::Reading)], Some(soon.min(deadline)));
        shared.event_fd.clear();
    }
    Arc::strong_count(socket) == 1
}

/// Closes the socket in this thread, so that its last states are told before the program goes on to its end: a sender
/// that just begins may hold it for a moment.
pub(super) fn close(mut socket: Arc<Socket>) {
    let deadline = Instant::now() + WAKE_TIMEOUT;
    loop {
        match Arc::try_unwrap(socket) {
            Ok(last) => return drop(last),
            Err(shared) if Instant::now() < deadline => socket = shared,
            Err(_) => return,
        }
        std::thread::park_timeout(MOMENT);
    }
}
