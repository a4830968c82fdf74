//! The life of one socket: the only writer of a socket's state, and of the events that tell it.
//!
//! A state is written down when the kernel was asked for it; the steps RFC 9293 forces between two answers are
//! filled in as `implied`. Both the owner's calls and the watcher's wakes come here, so a life is behind a mutex.

use super::{diag, tcp_info};
use crate::event::{Ending, Event, Events, Fault, Op, Proto, Role, State, Subject, Via};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A last ACK that is under way is waited for this long, one initial retransmission timeout (RFC 6298), before the
/// descriptor is given up.
const LAST_ACK_PATIENCE: Duration = Duration::from_secs(1);

/// A thread that was told an error writes it down within microseconds.
const ANOTHER_THREADS_WORD: Duration = Duration::from_millis(1);

/// What is known of a socket. Shared by its owner and the watcher.
pub(super) struct Life {
    /// Where events go; `None` if nothing is told of this socket.
    events: Option<Events>,
    /// Payload received and sent so far.
    pub(super) bytes_in: AtomicU64,
    pub(super) bytes_out: AtomicU64,
    opened: Instant,
    inner: Mutex<Inner>,
}

pub(super) struct Inner {
    pub(super) subject: Subject,
    pub(super) state: State,
    fd: Option<Arc<OwnedFd>>,
    /// The error that ended the connection, taken from the kernel once and kept for whoever asks.
    error: Option<i32>,
    was_established: bool,
    /// FIN went both ways.
    orderly: bool,
    deadline: Option<Instant>,
}

/// What an operation of ours may have caused.
#[derive(Clone, Copy)]
struct Cause {
    /// The call or segment, as far as the step itself does not tell.
    op: Op,
    via: Via,
    ending: Ending,
}

impl Life {
    pub(super) fn new(events: Option<Events>, subject: Subject, state: State, fd: Arc<OwnedFd>) -> Self {
        Self {
            events,
            bytes_in: AtomicU64::new(0),
            bytes_out: AtomicU64::new(0),
            opened: Instant::now(),
            inner: Mutex::new(Inner {
                subject,
                state,
                fd: Some(fd),
                error: None,
                was_established: false,
                orderly: false,
                deadline: None,
            }),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether states are to be told; if not, the kernel is not asked for any.
    pub(super) fn told(&self) -> bool {
        self.events.is_some()
    }

    /// Asks the kernel where the socket is now and writes down how it got there.
    pub(super) fn observe(&self) {
        if self.told() {
            self.observe_locked(&mut self.lock(), None);
        }
    }

    /// As [`Self::observe`], for an owner that just made the call `op` under the lock.
    pub(super) fn observe_locked(&self, inner: &mut Inner, op: Option<Op>) {
        let Some(fd) = inner.fd.clone() else { return };
        if inner.subject.proto == Proto::Udp {
            return;
        }
        match tcp_info::state(fd.as_fd()) {
            Ok(State::Closed) => self.observe_closed(inner, op, fd.as_fd()),
            Ok(seen) => {
                let op = op.unwrap_or(Op::Shutdown);
                self.advance(inner, seen, Cause { op, via: Via::Kernel, ending: Ending::Orderly });
            }
            Err(_) => {}
        }
    }

    /// The full socket is CLOSED: find out whether a TIME-WAIT stand-in took over, or what ended it.
    fn observe_closed(&self, inner: &mut Inner, op: Option<Op>, fd: BorrowedFd<'_>) {
        match inner.state {
            State::Closed | State::TimeWait => {}
            State::LastAck | State::Listen => {
                let op = op.unwrap_or(Op::Close);
                self.advance(inner, State::Closed, Cause { op, via: Via::Kernel, ending: Ending::Orderly });
            }
            from => {
                let may_wait = !matches!(from, State::SynSent | State::CloseWait);
                if may_wait && found(inner.subject) == Some(State::TimeWait) {
                    let op = op.unwrap_or(Op::Shutdown);
                    let cause = Cause { op, via: Via::Table, ending: Ending::Orderly };
                    return self.advance(inner, State::TimeWait, cause);
                }
                inner.take_error(fd);
                let cause = inner.closing_cause(op);
                if inner.error == Some(libc::EPIPE) && from == State::Established {
                    // The kernel's word for a reset after the peer's FIN.
                    self.advance(inner, State::CloseWait, Cause { via: Via::Implied, ..cause });
                }
                // Our FIN was sent in the same call that now finds the socket CLOSED by a reset.
                let reset_after_fin = cause.ending == Ending::Abortive && op == Some(Op::Shutdown);
                if let Some(sent) = after_our_fin(inner.state).filter(|_| reset_after_fin) {
                    self.advance(inner, sent, Cause { via: Via::Implied, ..cause });
                }
                if inner.state == State::FinWait1 && self.fin_was_acknowledged(inner, fd) {
                    self.advance(inner, State::FinWait2, Cause { via: Via::Implied, ..cause });
                }
                self.advance(inner, State::Closed, cause);
            }
        }
    }

    /// Whether a connection that was reset after our FIN had the FIN acknowledged first: the ACK may come in the very
    /// segment that makes the kernel reset.
    fn fin_was_acknowledged(&self, inner: &Inner, fd: BorrowedFd<'_>) -> bool {
        // The SYN of an active opener was acknowledged too; a passive one's is not counted.
        let syn = u64::from(inner.subject.role == Role::Client);
        let sent = self.bytes_out.load(Ordering::Relaxed) + syn + 1;
        tcp_info::read(fd).ok().and_then(|info| info.bytes_acked()).is_some_and(|acked| acked >= sent)
    }

    /// A connection came out of a listener: it was ESTABLISHED, even if it is over by now.
    pub(super) fn born(&self) {
        if !self.told() {
            return;
        }
        let mut inner = self.lock();
        let seen = inner.fd.as_ref().and_then(|fd| tcp_info::state(fd.as_fd()).ok());
        let via = if seen == Some(State::Established) { Via::Kernel } else { Via::Implied };
        let cause = Cause { op: Op::AckReceived, via, ending: Ending::Orderly };
        self.advance(&mut inner, State::Established, cause);
        self.observe_locked(&mut inner, None);
    }

    fn tell(&self, event: Event) {
        if let Some(events) = &self.events {
            events.emit(event);
        }
    }

    fn advance(&self, inner: &mut Inner, to: State, cause: Cause) {
        let mut from = inner.state;
        let path = from.path(to, cause.ending);
        for (i, &step) in path.iter().enumerate() {
            let via = if i + 1 == path.len() { cause.via } else { Via::Implied };
            inner.was_established |= step == State::Established;
            inner.orderly |= step == State::TimeWait || (from == State::LastAck && step == State::Closed);
            inner.state = step;
            self.tell(Event::State {
                socket: inner.subject,
                from,
                to: step,
                op: op_of_step(from, step, cause.op),
                via,
            });
            from = step;
        }
    }

    /// Moves to a state that a successful call implies by its definition (UDP, listen, a SYN under way).
    pub(super) fn moved(&self, inner: &mut Inner, to: State, op: Op) {
        if self.told() {
            self.advance(inner, to, Cause { op, via: Via::Kernel, ending: Ending::Abortive });
        }
    }

    /// A connection attempt failed with `errno`.
    pub(super) fn failed(&self, errno: i32) {
        if self.told() {
            let mut inner = self.lock();
            inner.error = Some(errno);
            if inner.state != State::SynSent {
                self.moved_via(&mut inner, State::SynSent, Via::Implied);
            }
            let cause = inner.closing_cause(Some(Op::Connect));
            self.advance(&mut inner, State::Closed, cause);
        }
    }

    fn moved_via(&self, inner: &mut Inner, to: State, via: Via) {
        self.advance(inner, to, Cause { op: Op::Connect, via, ending: Ending::Abortive });
    }

    /// Remembers an error a data call returned, since the kernel tells it once.
    pub(super) fn note_error(&self, errno: i32) {
        self.lock().error.get_or_insert(errno);
        self.observe();
    }

    /// The error that ended the connection, if the watcher took it before the owner's call could see it.
    pub(super) fn ended_by(&self) -> Option<io::Error> {
        self.observe();
        self.lock().error.map(|errno| {
            // A reset that comes after the peer's FIN is EPIPE to the kernel (`tcp_reset`); to people it is a reset.
            io::Error::from_raw_os_error(if errno == libc::EPIPE { libc::ECONNRESET } else { errno })
        })
    }

    /// What ended a connection on which sending answers EPIPE: the error another thread was just told, or none, and
    /// then EPIPE is the kernel's own word for a reset after the peer's FIN.
    pub(super) fn cause_of_broken_pipe(&self) -> Option<io::Error> {
        let known = self.ended_by();
        if known.is_none() {
            std::thread::park_timeout(ANOTHER_THREADS_WORD);
            self.lock().error.get_or_insert(libc::EPIPE);
            self.observe();
        }
        known
    }

    /// Takes the descriptor over from an owner that is done with it. Returns whether the watcher must go on looking
    /// until [`Self::settled`], because one ACK is still under way.
    pub(super) fn retire(&self, abort: bool) -> bool {
        let mut inner = self.lock();
        if !self.told() {
            inner.fd = None;
            return false;
        }
        self.observe_locked(&mut inner, Some(Op::Close));
        let awaits_ack = matches!(inner.state, State::FinWait1 | State::Closing | State::LastAck);
        if awaits_ack && !abort {
            inner.deadline = Some(Instant::now() + LAST_ACK_PATIENCE);
            return true;
        }
        self.close(&mut inner);
        false
    }

    /// Whether a retired life is over; closes it if so.
    pub(super) fn settled(&self, now: Instant) -> bool {
        let mut inner = self.lock();
        let Some(deadline) = inner.deadline else { return inner.fd.is_none() };
        let awaits_ack = matches!(inner.state, State::FinWait1 | State::Closing | State::LastAck);
        if awaits_ack && now < deadline {
            return false;
        }
        self.close(&mut inner);
        true
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let inner = self.lock();
        inner.fd.as_ref().and(inner.deadline)
    }

    /// close(2), and a look at what the kernel keeps of the connection.
    fn close(&self, inner: &mut Inner) {
        let Some(fd) = inner.fd.take() else { return };
        let info = tcp_info::read(fd.as_fd()).ok();
        drop(fd);
        match inner.state {
            State::Closed | State::TimeWait => {}
            State::Listen | State::Unconnected | State::Connected => {
                self.moved(inner, State::Closed, Op::Close);
            }
            _ => match found(inner.subject) {
                Some(State::Listen) | None => {
                    let ending =
                        if inner.state == State::LastAck { Ending::Orderly } else { Ending::Abortive };
                    let op = Op::Close;
                    self.advance(inner, State::Closed, Cause { op, via: Via::Table, ending });
                }
                Some(state) => {
                    let (op, ending) = (Op::Close, Ending::Orderly);
                    self.advance(inner, state, Cause { op, via: Via::Table, ending });
                }
            },
        }
        self.summarise(inner, info);
    }

    fn summarise(&self, inner: &Inner, info: Option<tcp_info::TcpInfo>) {
        let (bytes_in, bytes_out) =
            (self.bytes_in.load(Ordering::Relaxed), self.bytes_out.load(Ordering::Relaxed));
        let udp = inner.subject.proto == Proto::Udp;
        if !inner.was_established && !udp {
            return;
        }
        let info = info.filter(|_| !udp);
        let detailed = self.events.as_ref().is_some_and(Events::detailed);
        if let (true, Some(info)) = (detailed, info) {
            self.tell(Event::Info { socket: inner.subject, info: info.fields() });
        }
        self.tell(Event::Summary {
            socket: inner.subject,
            bytes_in,
            bytes_out,
            duration_us: u64::try_from(self.opened.elapsed().as_micros()).unwrap_or(u64::MAX),
            rtt_us: info.and_then(|i| i.rtt_us()),
            retransmits: info.and_then(|i| i.retransmits()),
            clean: udp || (inner.orderly && inner.error.is_none()),
        });
    }

    /// A warning or an error about this socket.
    pub(super) fn fault(&self, mut fault: Fault) -> Fault {
        let subject = self.lock().subject;
        fault.conn = Some(subject.conn);
        fault.peer = subject.peer;
        fault
    }
}

impl Inner {
    fn take_error(&mut self, fd: BorrowedFd<'_>) {
        if self.error.is_none() {
            self.error = rustix::net::sockopt::socket_error(fd)
                .ok()
                .and_then(Result::err)
                .map(rustix::io::Errno::raw_os_error);
        }
    }

    fn closing_cause(&self, op: Option<Op>) -> Cause {
        let (op, ending) = match self.error {
            Some(libc::ECONNREFUSED) => (Op::Refused, Ending::Abortive),
            Some(libc::ETIMEDOUT) => (Op::TimedOut, Ending::Abortive),
            Some(_) => (Op::ResetReceived, Ending::Abortive),
            // Nothing went wrong and our FIN is out: the peer's FIN must have come first.
            None if op == Some(Op::Shutdown) => (Op::Shutdown, Ending::Orderly),
            None => (op.unwrap_or(Op::ResetReceived), Ending::Abortive),
        };
        Cause { op, via: Via::Kernel, ending }
    }
}

fn found(subject: Subject) -> Option<State> {
    let (local, peer): (SocketAddr, SocketAddr) = (subject.local?, subject.peer?);
    diag::lookup(subject.proto, local, peer).ok().flatten().map(|found| found.state)
}

const fn after_our_fin(from: State) -> Option<State> {
    match from {
        State::Established => Some(State::FinWait1),
        State::CloseWait => Some(State::LastAck),
        _ => None,
    }
}

/// Which segment or call a single step is owed to; `op` where it was ours.
const fn op_of_step(from: State, to: State, op: Op) -> Op {
    match (from, to) {
        (State::Closed, State::SynSent) | (State::SynSent, State::Established) => Op::Connect,
        (State::Listen | State::SynSent, State::SynReceived) => Op::SynReceived,
        (State::SynReceived, State::Established)
        | (State::FinWait1, State::FinWait2)
        | (State::Closing, State::TimeWait)
        | (State::LastAck, State::Closed) => Op::AckReceived,
        (State::Established, State::CloseWait)
        | (State::FinWait1, State::Closing)
        | (State::FinWait2, State::TimeWait) => Op::FinReceived,
        (_, State::FinWait1 | State::LastAck) if !matches!(op, Op::Close) => Op::Shutdown,
        _ => op,
    }
}
