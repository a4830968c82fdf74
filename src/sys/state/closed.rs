//! What ended a socket that the kernel has in CLOSED: a TIME-WAIT stand-in that took over, an error, or a last FIN.

use super::transition::after_our_fin;
use super::{Cause, Inner, StateTracker};
use crate::event::{Address, Ending, Op, Role, State, Subject, Via};
use crate::sys::{diag, interface, tcp_info};
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::atomic::Ordering;

impl StateTracker {
    /// Finds out what took the socket there, and writes it down.
    pub(super) fn observe_closed(&self, inner: &mut Inner, op: Option<Op>, fd: BorrowedFd<'_>) {
        match inner.state {
            State::Closed | State::TimeWait => {}
            State::LastAck | State::Listen => {
                let cause = if inner.error(fd).is_some() {
                    inner.closing_cause(op)
                } else {
                    Cause { op: op.unwrap_or(Op::Close), via: Via::Kernel, ending: Ending::Orderly }
                };
                self.advance(inner, State::Closed, cause);
            }
            from => {
                let broken = inner.error(fd).is_some();
                if !broken && from == State::CloseWait && inner.lent_fin_acked(fd) {
                    let cause = Cause { op: Op::Shutdown, via: Via::Kernel, ending: Ending::Orderly };
                    return self.advance(inner, State::Closed, cause);
                }
                if !broken && !matches!(op, Some(Op::Close)) && self.calls_under_way() {
                    // The thread whose call returned the error comes here next.
                    return;
                }
                let may_wait = !broken && !matches!(from, State::SynSent | State::CloseWait);
                let stand_in = may_wait.then(|| found(&inner.subject, || interface::bound(fd)));
                let via = match stand_in {
                    Some(Ok(Some(State::TimeWait))) => Some(Via::Table),
                    // Nothing but the peer's FIN ends these without an error, whether the table can be asked or not.
                    Some(_) if matches!(from, State::FinWait1 | State::FinWait2 | State::Closing) => {
                        Some(Via::Implied)
                    }
                    // FIN went both ways; without the table it is unknown whose was first, and which path was taken.
                    Some(Err(_)) if inner.fin_sent => {
                        inner.orderly = true;
                        return;
                    }
                    _ => None,
                };
                if let Some(via) = via {
                    let cause = Cause { op: op.unwrap_or(Op::Shutdown), via, ending: Ending::Orderly };
                    return self.advance(inner, State::TimeWait, cause);
                }
                let cause = inner.closing_cause(op);
                if inner.error == Some(libc::EPIPE) && from == State::Established {
                    // The kernel's word for a reset after the peer's FIN.
                    self.advance(inner, State::CloseWait, Cause { via: Via::Implied, ..cause });
                }
                // Our FIN was sent in the call after which the socket was found CLOSED by a reset.
                let reset_after_fin = cause.ending == Ending::Abortive && inner.fin_sent;
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
        let before = inner.adopted.as_ref().map_or(syn, |adopted| adopted.sent_before);
        let Ok(info) = tcp_info::read(fd) else { return false };
        let own = self.bytes_out.load(Ordering::Relaxed) + before;
        let sent = inner.payload(Some(info)).map_or(own, |(_, sent)| sent + syn);
        info.bytes_acked().is_some_and(|acked| acked > sent)
    }
}

impl Inner {
    /// What the step to CLOSED is owed to.
    pub(super) fn closing_cause(&self, op: Option<Op>) -> Cause {
        let (op, ending) = match self.error {
            Some(libc::ECONNREFUSED) => (Op::Refused, Ending::Abortive),
            Some(libc::ETIMEDOUT) => (Op::TimedOut, Ending::Abortive),
            Some(_) => (Op::ResetReceived, Ending::Abortive),
            // Nothing went wrong and our FIN is out: the peer's FIN must have come first.
            None if self.fin_sent && after_our_fin(self.state).is_some() => (Op::Shutdown, Ending::Orderly),
            None => (op.unwrap_or(Op::ResetReceived), Ending::Abortive),
        };
        Cause { op, via: Via::Kernel, ending }
    }
}

/// What the table has between the addresses of a socket; an error where it cannot be asked. One that is bound to an
/// interface is found through that alone, whose number `interface` gives, 0 for none.
pub(super) fn found(subject: &Subject, interface: impl FnOnce() -> u32) -> io::Result<Option<State>> {
    let inet = |address: &Option<Address>| address.as_ref().and_then(Address::inet);
    let (Some(local), Some(peer)) = (inet(&subject.local), inet(&subject.peer)) else { return Ok(None) };
    let look = |interface| diag::lookup_cheaply(subject.proto, local, peer, interface);
    let found = match look(0)? {
        None => match interface() {
            0 => None,
            bound => look(bound)?,
        },
        found => found,
    };
    Ok(found.map(|found| found.state))
}
