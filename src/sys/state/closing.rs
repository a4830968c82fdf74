//! The end of a socket: the last acknowledgement, close(2), and what the kernel keeps of the connection after it.

use super::closed::found;
use super::{Cause, Inner, LAST_ACK_TIMEOUT, StateTracker};
use crate::event::Role;
use crate::event::{Ending, Event, Events, Op, Proto, State, Via};
use crate::sys::tcp_info::{self, TcpInfo};
use crate::sys::{interface, socket::hangup};
use std::os::fd::AsFd;
use std::sync::atomic::Ordering;
use std::time::Instant;

impl StateTracker {
    /// Takes the descriptor over from an owner that is done with it. Returns whether the watcher must go on looking
    /// until [`Self::settled`], because one ACK is still under way. With `reset`, the answer of the kernel after which the
    /// owner found that close(2) will send RST, it is closed at once.
    pub(in crate::sys) fn retire(&self, reset: Option<TcpInfo>) -> bool {
        let mut inner = self.lock();
        if !self.observed() {
            inner.fd = None;
            return false;
        }
        if reset.is_some() {
            self.close(&mut inner, reset, true);
            return false;
        }
        let info = self.ask(&mut inner, Some(Op::Close));
        if inner.awaits_ack() {
            inner.deadline = Some(Instant::now() + LAST_ACK_TIMEOUT);
            return true;
        }
        self.close(&mut inner, info, false);
        false
    }

    /// Whether a retired socket is done; closes it if so.
    pub(in crate::sys) fn settled(&self, now: Instant) -> bool {
        let mut inner = self.lock();
        let Some(deadline) = inner.deadline else { return inner.fd.is_none() };
        let awaits_ack = inner.awaits_ack();
        if awaits_ack && now < deadline {
            return false;
        }
        self.close(&mut inner, None, false);
        true
    }

    pub(in crate::sys) fn deadline(&self) -> Option<Instant> {
        let inner = self.lock();
        inner.fd.as_ref().and(inner.deadline)
    }

    /// close(2), and a look at what the kernel keeps of the connection: nothing after a `reset`, unless others have it too.
    /// `info` is what it answered just before, if it was asked.
    fn close(&self, inner: &mut Inner, info: Option<TcpInfo>, reset: bool) {
        let Some(fd) = inner.fd.take() else { return };
        let proto = inner.subject.proto;
        let local = matches!(proto, Proto::Unix | Proto::Vsock);
        let bound = local && inner.subject.local.is_some(); // a datagram socket of unix(7) needs no more
        let was_used = inner.was_established || inner.state != State::Closed || bound;
        if local && inner.subject.role != Role::Listener {
            inner.error(fd.as_fd());
            inner.orderly = hangup::ended_in_order(fd.as_fd());
        }
        let info = info.or_else(|| tcp_info::read(fd.as_fd()).ok());
        let reset = reset && !inner.lent && !inner.fin_follows && inner.adopted.is_none();
        let over = matches!(inner.state, State::Closed | State::TimeWait | State::Listen)
            || proto != Proto::Tcp
            || reset;
        let interface = if over { 0 } else { interface::bound(fd.as_fd()) };
        drop(fd);
        match inner.state {
            State::Closed | State::TimeWait => {}
            State::Listen | State::Unconnected | State::Connected if inner.adopted.is_some() => {
                self.left_by_all(inner);
            }
            State::Listen | State::Unconnected | State::Connected => {
                self.transition(inner, State::Closed, Op::Close);
            }
            _ if reset => {
                let cause = Cause { op: Op::Close, via: Via::Implied, ending: Ending::Abortive };
                self.advance(inner, State::Closed, cause);
            }
            _ => match found(&inner.subject, || interface) {
                // Nobody can say what became of it.
                Err(_) => {}
                Ok(Some(State::Listen) | None) => {
                    let ending =
                        if inner.state == State::LastAck { Ending::Orderly } else { Ending::Abortive };
                    let op = Op::Close;
                    self.advance(inner, State::Closed, Cause { op, via: Via::Table, ending });
                }
                Ok(Some(state)) => {
                    let (op, ending) = (Op::Close, Ending::Orderly);
                    self.advance(inner, state, Cause { op, via: Via::Table, ending });
                }
            },
        }
        if was_used {
            self.summarise(inner, info);
        }
    }

    fn summarise(&self, inner: &mut Inner, info: Option<TcpInfo>) {
        self.emit_rest(inner);
        let own = || (self.bytes_in.load(Ordering::Relaxed), self.bytes_out.load(Ordering::Relaxed));
        let (bytes_in, bytes_out) = inner.payload(info).unwrap_or_else(own);
        let tcp = inner.subject.proto == Proto::Tcp;
        let udp = inner.subject.proto == Proto::Udp;
        let listener = inner.subject.role == Role::Listener;
        if (!inner.was_established && tcp) || listener {
            return;
        }
        let info = info.filter(|_| tcp);
        let detailed = self.events.as_ref().is_some_and(Events::detailed);
        if let (true, Some(info)) = (detailed, info) {
            self.emit(Event::Info { socket: inner.subject.clone(), info: info.fields() });
        }
        self.emit(Event::Summary {
            socket: inner.subject.clone(),
            bytes_in,
            bytes_out,
            duration_us: u64::try_from(self.opened.elapsed().as_micros()).unwrap_or(u64::MAX),
            rtt_us: info.and_then(|i| i.rtt_us()),
            retransmits: info.and_then(|i| i.retransmits()),
            clean: inner.error.is_none() && (udp || inner.orderly),
            joined: inner.joined,
        });
    }
}
