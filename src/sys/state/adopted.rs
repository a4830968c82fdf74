//! Sockets that another program made: how they were passed is not known, and they may outlive our descriptor.

use super::{Cause, Inner, StateTracker};
use crate::event::{Address, Ending, Op, Proto, State, Via};
use crate::sys::{diag, tcp_info};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsFd;

/// What is different about such a socket.
pub(super) struct Adopted {
    /// Sequence numbers that were used before ours.
    pub(super) sent_before: u64,
}

impl StateTracker {
    /// Notes that the socket came from another program, in the state it was made with here. No event: nothing was passed
    /// through.
    pub(in crate::sys) fn adopted(&self) {
        let mut inner = self.lock();
        let fd = inner.fd.clone();
        let stream = inner.subject.proto == Proto::Tcp && inner.state != State::Listen;
        inner.was_established = stream;
        inner.fin_sent = matches!(
            inner.state,
            State::FinWait1 | State::FinWait2 | State::Closing | State::LastAck | State::TimeWait
        );
        let acked = fd.as_ref().and_then(|fd| tcp_info::read(fd.as_fd()).ok()?.bytes_acked()).unwrap_or(0);
        let queued = fd.as_ref().and_then(|fd| tcp_info::unsent(fd.as_fd()).ok()).unwrap_or(0);
        inner.adopted = Some(Adopted { sent_before: acked + u64::from(queued) });
    }

    /// After our close(2): the socket is CLOSED only if no other program has it.
    pub(super) fn left_by_all(&self, inner: &mut Inner) {
        let inet = |address: &Option<Address>| address.as_ref().and_then(Address::inet);
        let Some(local) = inet(&inner.subject.local) else { return };
        let nobody: SocketAddr = match local {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let peer = inet(&inner.subject.peer).unwrap_or(nobody);
        if let Ok(None) = diag::lookup_cheaply(inner.subject.proto, local, peer, 0) {
            let cause = Cause { op: Op::Close, via: Via::Table, ending: Ending::Abortive };
            self.advance(inner, State::Closed, cause);
        }
    }
}
