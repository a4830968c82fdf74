//! The state tracker of one socket: the only writer of a socket's state, and the only source of `state` events.
//!
//! A state is recorded when it was read from the kernel; the steps RFC 9293 forces between two answers are
//! filled in as `implied`. Both the owner's calls and the watcher's wake-ups come here, so a tracker is behind a mutex.

mod adopted;
mod calls;
mod closed;
mod closing;
mod data;
mod lent;
mod opening;
mod transition;

use super::tcp_info::{self, TcpInfo};
use crate::event::{Ending, Event, Events, Fault, Op, Proto, State, Subject, Via};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use transition::op_of_transition;

/// A last ACK that is under way is waited for this long, one initial retransmission timeout (RFC 6298), before the
/// descriptor is given up.
pub const LAST_ACK_TIMEOUT: Duration = Duration::from_secs(1);

/// What is known of a socket. Shared by its owner and the watcher.
pub(in crate::sys) struct StateTracker {
    /// Where events go; `None` if this socket emits none.
    events: Option<Events>,
    /// Payload received and sent so far.
    pub(super) bytes_in: AtomicU64,
    pub(super) bytes_out: AtomicU64,
    /// Data calls under way: each may have got the error that the kernel reports once, and not have recorded it yet.
    calls: AtomicU32,
    /// A command has the socket: what it received and sent, and the error it got, are the kernel's to tell.
    lent: AtomicBool,
    opened: Instant,
    /// Data is reported (`-v`).
    tells_data: bool,
    inner: Mutex<Inner>,
}

pub(in crate::sys) struct Inner {
    pub(super) subject: Subject,
    pub(super) state: State,
    fd: Option<Arc<OwnedFd>>,
    /// The error that ended the connection, taken from the kernel once and kept.
    error: Option<i32>,
    was_established: bool,
    /// shutdown(2) for writing was accepted.
    pub(super) fin_sent: bool,
    /// FIN went both ways.
    orderly: bool,
    /// The peer's FIN arrived.
    fin_received: bool,
    /// As the tracker's: reading an error removes it for the command.
    lent: bool,
    deadline: Option<Instant>,
    /// The number of the socket whose bytes this one passes on.
    pub(super) joined: Option<u32>,
    /// Its FIN goes out by itself once the data of both directions has ended (Multipath TCP).
    pub(super) fin_follows: bool,
    /// Set for a socket of another program.
    adopted: Option<adopted::Adopted>,
    /// What events have reported of the data, if it is reported.
    told: Option<Box<data::Told>>,
}

/// What an operation of ours may have caused.
#[derive(Clone, Copy)]
struct Cause {
    /// The call or segment, where the transition alone does not say it.
    op: Op,
    via: Via,
    ending: Ending,
}

impl StateTracker {
    pub(in crate::sys) fn new(
        events: Option<Events>,
        subject: Subject,
        state: State,
        fd: Arc<OwnedFd>,
    ) -> Self {
        let tells_data = subject.proto != Proto::Udp && events.as_ref().is_some_and(Events::detailed);
        Self {
            tells_data,
            events,
            bytes_in: AtomicU64::new(0),
            bytes_out: AtomicU64::new(0),
            calls: AtomicU32::new(0),
            lent: AtomicBool::new(false),
            opened: Instant::now(),
            inner: Mutex::new(Inner {
                subject,
                state,
                fd: Some(fd),
                error: None,
                was_established: false,
                fin_sent: false,
                orderly: false,
                fin_received: false,
                lent: false,
                deadline: None,
                joined: None,
                fin_follows: false,
                adopted: None,
                told: tells_data.then(Box::default),
            }),
        }
    }

    pub(in crate::sys) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether states are observed; if not, the kernel is not asked for any.
    pub(in crate::sys) fn observed(&self) -> bool {
        self.events.is_some()
    }

    /// Asks the kernel where the socket is now and writes down how it got there.
    pub(in crate::sys) fn observe(&self) {
        if self.observed() {
            self.observe_locked(&mut self.lock(), None);
        }
    }

    /// As [`Self::observe`], for an owner that just made the call `op` under the lock.
    pub(in crate::sys) fn observe_locked(&self, inner: &mut Inner, op: Option<Op>) {
        self.ask(inner, op);
    }

    /// As [`Self::observe_locked`]; returns the kernel's answer, unless there was nothing to ask.
    pub(in crate::sys) fn ask(&self, inner: &mut Inner, op: Option<Op>) -> Option<TcpInfo> {
        if inner.subject.proto != Proto::Tcp || inner.is_over() {
            return None;
        }
        let fd = inner.fd.clone()?;
        let info = tcp_info::read(fd.as_fd()).ok()?;
        match info.state()? {
            State::Closed => self.observe_closed(inner, op, fd.as_fd()),
            seen => {
                self.pass_crossed_syns(inner, seen, &info);
                let op = op.unwrap_or(Op::Shutdown);
                self.advance(inner, seen, Cause { op, via: Via::Kernel, ending: Ending::Orderly });
            }
        }
        Some(info)
    }

    /// As [`Self::observe_locked`] right after connect(2), whose answer says why an attempt is over already.
    pub(in crate::sys) fn observe_attempt(&self, inner: &mut Inner) {
        let Some(fd) = inner.fd.clone().filter(|_| self.observed()) else { return };
        let Ok(info) = tcp_info::read(fd.as_fd()) else { return };
        if let Some(seen) = info.state().filter(|state| *state != State::Closed) {
            self.pass_crossed_syns(inner, seen, &info);
            let cause = Cause { op: Op::Connect, via: Via::Kernel, ending: Ending::Orderly };
            self.advance(inner, seen, cause);
        }
    }

    /// A connection came out of a listener: it was ESTABLISHED, even if it is over by now.
    pub(in crate::sys) fn accepted(&self) {
        if !self.observed() {
            return;
        }
        let mut inner = self.lock();
        let seen = inner.fd.as_ref().and_then(|fd| tcp_info::state(fd.as_fd()).ok());
        let via = if seen == Some(State::Established) { Via::Kernel } else { Via::Implied };
        let cause = Cause { op: Op::AckReceived, via, ending: Ending::Orderly };
        self.advance(&mut inner, State::Established, cause);
        if via == Via::Implied {
            self.observe_locked(&mut inner, None);
        }
    }

    fn emit(&self, event: Event) {
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
            inner.fin_received |=
                matches!(step, State::CloseWait | State::Closing | State::LastAck | State::TimeWait);
            inner.state = step;
            self.emit(Event::State {
                socket: inner.subject.clone(),
                from,
                to: step,
                op: op_of_transition(from, step, cause.op),
                via,
            });
            from = step;
        }
    }

    /// Moves to a state that a successful call implies by its definition (UDP, listen, a SYN under way).
    pub(in crate::sys) fn transition(&self, inner: &mut Inner, to: State, op: Op) {
        if self.observed() {
            self.advance(inner, to, Cause { op, via: Via::Kernel, ending: Ending::Abortive });
        }
    }

    /// A connection attempt failed with `errno`.
    pub(in crate::sys) fn failed(&self, errno: i32) {
        if self.observed() {
            let mut inner = self.lock();
            inner.error = Some(errno);
            if inner.state == State::Closed {
                self.transition_via(&mut inner, State::SynSent, Via::Implied);
            }
            let cause = inner.closing_cause(Some(Op::Connect));
            // A RST that answers a SYN is a refusal to the kernel (`tcp_reset`), so another error means that the
            // connection went further for a moment, and EPIPE that the peer's FIN arrived too.
            let implied = Cause { via: Via::Implied, ..cause };
            if matches!(errno, libc::ECONNRESET | libc::EPIPE) {
                self.pass_to_reset(&mut inner, implied);
            }
            if errno == libc::EPIPE {
                self.advance(&mut inner, State::CloseWait, implied);
            }
            self.advance(&mut inner, State::Closed, cause);
        }
    }

    pub(in crate::sys) fn transition_via(&self, inner: &mut Inner, to: State, via: Via) {
        self.advance(inner, to, Cause { op: Op::Connect, via, ending: Ending::Abortive });
    }

    /// A warning or an error about this socket.
    pub(in crate::sys) fn fault(&self, mut fault: Fault) -> Fault {
        let subject = self.lock().subject.clone();
        fault.conn = Some(subject.conn);
        fault.peer = subject.peer;
        fault
    }
}

impl Inner {
    /// Remembers what an opening call was refused with.
    pub(super) fn remember(&mut self, errno: i32) {
        self.error.get_or_insert(errno);
    }

    /// Whether the socket still moves by itself after our last call.
    fn awaits_ack(&self) -> bool {
        let fin_due = self.fin_follows && self.fin_sent;
        match self.state {
            State::FinWait1 | State::Closing | State::LastAck => true,
            State::Established | State::CloseWait => fin_due,
            _ => false,
        }
    }

    /// Whether the kernel can say nothing more through the descriptor.
    fn is_over(&self) -> bool {
        matches!(self.state, State::Closed | State::TimeWait) && self.was_established
    }

    /// The error that ended the connection, taken from the kernel if no call returned it before.
    fn error(&mut self, fd: BorrowedFd<'_>) -> Option<i32> {
        if self.lent {
            return self.lent_error(fd);
        }
        if self.error.is_none() {
            self.error = rustix::net::sockopt::socket_error(fd)
                .ok()
                .and_then(Result::err)
                .map(rustix::io::Errno::raw_os_error);
        }
        self.error
    }
}
