//! The two threads of a blocking relay, and the way their socket comes back to its one owner, who closes it.
//!
//! The receiver holds the socket until it ends. The sender borrows it for each step, so that a thread that is blocked on
//! its input holds nothing and is left behind.

use super::alert;
use crate::event::Role;
use crate::sys::fd::Output;
use crate::sys::poll::EventFd;
use crate::sys::socket::Socket;
use crate::sys::splice::{self, Filter, PumpError};
use std::io;
use std::ops::Deref;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The threads that hold the socket get this long to return it once it is shut down both ways: they only have to wake up.
const WAKE_TIMEOUT: Duration = Duration::from_millis(500);

type End = Result<(), PumpError>;

/// The results of the two threads.
#[derive(Default)]
pub(super) struct Ends {
    pub(super) sent: Option<End>,
    pub(super) received: Option<End>,
    /// The peer's first bytes were an alert of TLS.
    pub(super) alert: bool,
    /// The reader of the output is gone, and what is received is thrown away.
    pub(super) unread: bool,
}

/// What the threads share with the owner of the socket.
pub(super) struct Shared {
    ends: Mutex<Ends>,
    /// A thread returned the socket.
    returned: Condvar,
    /// A thread ended.
    pub(super) event_fd: EventFd,
}

/// The socket during one step of the sender.
struct Borrowed<'a> {
    socket: Option<Arc<Socket>>,
    shared: &'a Shared,
}

impl Shared {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { ends: Mutex::default(), returned: Condvar::new(), event_fd: EventFd::new()? })
    }

    pub(super) fn ends(&self) -> MutexGuard<'_, Ends> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the socket back, once no thread holds it, or gives up after `limit`.
    fn reclaim(&self, mut socket: Arc<Socket>, limit: Duration) -> Result<Socket, Arc<Socket>> {
        let deadline = Instant::now() + limit;
        let mut ends = self.ends();
        loop {
            socket = match Arc::try_unwrap(socket) {
                Ok(last) => return Ok(last),
                Err(held) => held,
            };
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(socket);
            }
            ends = self.returned.wait_timeout(ends, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Deref for Borrowed<'_> {
    type Target = Socket;

    fn deref(&self) -> &Socket {
        self.socket.as_deref().expect("it is taken by drop alone")
    }
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        self.socket = None;
        let _ends = self.shared.ends();
        self.shared.returned.notify_one();
    }
}

/// Whether the kernel may move the bytes of one direction by itself (splice(2), sendfile(2)): those of a plain stream that
/// nothing changes on their way. A stream with a layer (TLS) or a tap has the task driver, and does not come here.
fn can_splice(filter: Option<&Filter>) -> bool {
    filter.is_none()
}

/// Starts the thread that writes to `output` until the peer's FIN.
pub(super) fn start_receiver(
    socket: &Arc<Socket>,
    shared: &Arc<Shared>,
    output: Option<Output>,
    filter: Option<Filter>,
) -> io::Result<()> {
    let (socket, shared) = (Arc::clone(socket), Arc::clone(shared));
    let run = move || {
        let alert = socket.subject().role == Role::Client && alert::comes_first(&socket);
        // The output is closed here, so that its reader sees the end although more may still be sent.
        let end = match output {
            None => splice::discard(&socket),
            Some(output) if can_splice(filter.as_ref()) => splice::receive(&socket, output.as_fd()),
            Some(output) => splice::receive_copying(&socket, output.as_fd(), filter),
        };
        let end = match end {
            Err(PumpError::Local(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                // There may still be input to send, which a peer would not read while its own data is not read.
                shared.ends().unread = true;
                shared.event_fd.signal();
                splice::discard(&socket)
            }
            end => end,
        };
        drop(socket);
        let mut ends = shared.ends();
        (ends.received, ends.alert) = (Some(end), alert);
        drop(ends);
        shared.returned.notify_one();
        shared.event_fd.signal();
    };
    std::thread::Builder::new().name("receive".into()).spawn(run).map(drop)
}

/// Starts the thread that sends `input` to its end.
pub(super) fn start_sender(
    socket: &Arc<Socket>,
    shared: &Arc<Shared>,
    input: OwnedFd,
    filter: Option<Filter>,
) -> io::Result<()> {
    let (socket, shared) = (Arc::downgrade(socket), Arc::clone(shared));
    let run = move || {
        let borrow = || socket.upgrade().map(|socket| Borrowed { socket: Some(socket), shared: &shared });
        let end = if can_splice(filter.as_ref()) {
            splice::send(input.as_fd(), borrow)
        } else {
            splice::send_copying(input.as_fd(), borrow, filter)
        };
        shared.ends().sent = Some(end);
        shared.event_fd.signal();
    };
    std::thread::Builder::new().name("send".into()).spawn(run).map(drop)
}

/// Closes the socket in the calling thread, so that its last states are emitted before the program ends. A thread that
/// does not return the socket in time closes it later.
///
/// Threads that are `busy` are woken first. A reader is woken without a segment to the peer, so that closing may still
/// reset (`--linger 0`); only a writer that the peer leaves stuck needs our FIN.
pub(super) fn close(socket: Arc<Socket>, shared: &Shared, busy: bool) {
    // Each shutdown fails only when the connection is over already, and then no thread is blocked on it.
    if !busy {
        return drop(shared.reclaim(socket, WAKE_TIMEOUT));
    }
    let _ = socket.shutdown_read();
    // A machine under load may wake a reader late.
    let patience = if socket.resets_on_close() { WAKE_TIMEOUT } else { WAKE_TIMEOUT / 10 };
    if let Err(held) = shared.reclaim(socket, patience) {
        let _ = held.shutdown_both();
        drop(shared.reclaim(held, WAKE_TIMEOUT));
    }
}
