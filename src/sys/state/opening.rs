//! The opening of a connection from our side, where the peer's SYN may cross ours: then SYN-RECEIVED is passed through
//! (RFC 9293 3.5). The kernel sends no wake-up for that step.

use super::{Cause, Inner, StateTracker};
use crate::event::{Ending, Op, Role, State, Via};
use crate::sys::tcp_info::{self, TcpInfo};
use std::os::fd::{AsFd, BorrowedFd};

impl StateTracker {
    /// Looks whether an attempt is in SYN-RECEIVED now. Returns whether to look again: the attempt still waits in
    /// SYN-SENT.
    ///
    /// A failure is left to the owner, since the kernel reports its error only once.
    pub(in crate::sys) fn look_at_attempt(&self) -> bool {
        let mut inner = self.lock();
        let Some(fd) = inner.fd.clone().filter(|_| inner.state == State::SynSent) else { return false };
        match tcp_info::state(fd.as_fd()) {
            Ok(State::SynSent) => true,
            Ok(State::SynReceived) => {
                let cause = Cause { op: Op::SynReceived, via: Via::Kernel, ending: Ending::Orderly };
                self.advance(&mut inner, State::SynReceived, cause);
                false
            }
            _ => false,
        }
    }

    /// Passes through SYN-RECEIVED a socket that went there from SYN-SENT, unseen, on its way to `seen`.
    pub(super) fn pass_crossed_syns(&self, inner: &mut Inner, seen: State, info: &TcpInfo) {
        let opening =
            inner.subject.role == Role::Client && matches!(inner.state, State::Closed | State::SynSent);
        let beyond = !matches!(seen, State::Closed | State::Listen | State::SynSent | State::SynReceived);
        if opening && beyond && info.openings_delivered() == Some(2) {
            self.imply_syn_received(inner);
        }
    }

    /// As [`Self::pass_crossed_syns`] for one that was reset: it was there, or beyond, or neither.
    pub(super) fn pass_to_reset(&self, inner: &mut Inner, cause: Cause) {
        let delivered = inner.fd.as_ref().and_then(|fd| openings_delivered(fd.as_fd()));
        if delivered.is_some_and(|n| n != 1) && inner.state == State::SynSent {
            self.imply_syn_received(inner);
        }
        // With nothing delivered the SYN-ACK was never acknowledged.
        if delivered != Some(0) {
            self.advance(inner, State::Established, cause);
        }
    }

    fn imply_syn_received(&self, inner: &mut Inner) {
        let cause = Cause { op: Op::Connect, via: Via::Implied, ending: Ending::Orderly };
        self.advance(inner, State::SynReceived, cause);
    }
}

fn openings_delivered(fd: BorrowedFd<'_>) -> Option<u32> {
    tcp_info::read(fd).ok()?.openings_delivered()
}
