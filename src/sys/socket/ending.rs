//! How a socket is brought to its end, and what can be asked on the way.

use super::Tracked;
use crate::event::{Op, Proto, State};
use crate::sys::error::{Error, Result};
use crate::sys::tcp_info;
use rustix::net::{self, Shutdown};
use socket2::SockRef;
use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

impl Tracked {
    /// shutdown(2) for writing: our FIN.
    pub fn shutdown_write(&self) -> Result<()> {
        self.shutdown(Shutdown::Write)
    }

    /// shutdown(2) for reading: readers of this socket are woken, the peer is told nothing.
    pub fn shutdown_read(&self) -> io::Result<()> {
        Ok(net::shutdown(self, Shutdown::Read)?)
    }

    /// shutdown(2) both ways: our FIN, and readers of this socket are woken.
    pub fn shutdown_both(&self) -> Result<()> {
        self.shutdown(Shutdown::Both)
    }

    fn shutdown(&self, how: Shutdown) -> Result<()> {
        let mut inner = self.life.lock();
        if self.life.told() {
            self.life.observe_locked(&mut inner, None);
            if let Some(watcher) = self.sockets.watcher() {
                watcher.expect_acks(self.conn, self.as_fd());
            }
        }
        let answer = net::shutdown(self, how);
        if self.life.told() && answer.is_ok() {
            inner.fin_sent |= !matches!(how, Shutdown::Read);
            self.life.observe_locked(&mut inner, Some(Op::Shutdown));
        }
        let on = inner.subject.peer.map(|a| a.to_string()).unwrap_or_default();
        answer.map_err(|e| Error::new("shutdown", on, e))
    }

    /// Whether the peer has acknowledged our FIN, and with it everything sent before.
    #[must_use]
    pub fn fin_acknowledged(&self) -> bool {
        matches!(tcp_info::state(self.as_fd()), Ok(State::FinWait2 | State::TimeWait | State::Closed))
    }

    /// Whether the connection stands, and something was sent of which nothing is acknowledged yet.
    ///
    /// A server whose queues are full answers SYN with a cookie and drops what follows (`tcp_syncookies`, tcp(7)); the next
    /// segment it has room for begins the connection there. Were that our FIN, the few bytes before it would be lost, and
    /// acknowledged.
    #[must_use]
    pub fn is_unheard(&self) -> bool {
        let (_, sent) = self.counters();
        let unheard =
            sent > 0 && tcp_info::unsent(self.as_fd()).is_ok_and(|queued| u64::from(queued) >= sent);
        unheard && matches!(tcp_info::state(self.as_fd()), Ok(State::Established))
    }

    /// Whether FIN went both ways and ours is not acknowledged: the peer may still answer it with RST.
    #[must_use]
    pub fn awaits_last_ack(&self) -> bool {
        matches!(tcp_info::state(self.as_fd()), Ok(State::LastAck | State::Closing))
    }

    /// Gives an attempt to connect up; fails where none is under way.
    pub(super) fn shutdown_attempt(&self) -> io::Result<()> {
        Ok(net::shutdown(self, Shutdown::Both)?)
    }

    /// The error that ended the connection, if one did.
    #[must_use]
    pub fn broken_by(&self) -> Option<io::Error> {
        self.life.broken_by()
    }

    /// Whether the kernel has nothing of the connection any more but this descriptor.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(tcp_info::state(self.as_fd()), Ok(State::Closed))
    }

    /// Whether the connection stands and the peer has acknowledged everything sent.
    #[must_use]
    pub fn all_acknowledged(&self) -> bool {
        let stands = matches!(tcp_info::state(self.as_fd()), Ok(State::Established | State::CloseWait));
        stands && tcp_info::unsent(self.as_fd()).is_ok_and(|bytes| bytes == 0)
    }

    /// Makes close send RST, so that the peer does not take it for an ending (`SO_LINGER` 0).
    pub fn reset_on_close(&self) -> io::Result<()> {
        SockRef::from(&self.as_fd()).set_linger(Some(Duration::ZERO))
    }

    /// Whether close will send RST: data nobody read, or a linger time of 0 (tcp(7), RFC 1122 4.2.2.13).
    #[must_use]
    pub fn resets_on_close(&self) -> bool {
        let unread = rustix::io::ioctl_fionread(self).is_ok_and(|n| n > 0);
        unread || matches!(SockRef::from(&self.as_fd()).linger(), Ok(Some(time)) if time.is_zero())
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        let mut abort = false;
        if self.life.told() && self.proto == Proto::Tcp {
            self.life.observe();
            match self.state() {
                State::Listen | State::SynSent => self.disconnect(),
                State::Established | State::SynReceived | State::CloseWait => {
                    abort = self.resets_on_close();
                    if !abort {
                        // It fails only if the connection ended meanwhile, which `retire` sees.
                        let _ = self.shutdown_write();
                    }
                }
                // The last ACK of these is waited for, unless none will come.
                State::FinWait1 | State::Closing | State::LastAck => abort = self.resets_on_close(),
                _ => {}
            }
        }
        self.fd = None;
        let goes_on = self.life.retire(abort);
        if let Some(watcher) = self.sockets.watcher() {
            if goes_on { watcher.settle(self.conn) } else { watcher.forget(self.conn) }
        }
    }
}

impl Tracked {
    /// shutdown(2) takes a listener or an attempt under way to CLOSED while it can still be asked. The error that it leaves
    /// on an attempt (`tcp_disconnect`) is no segment of the peer's.
    fn disconnect(&self) {
        let mut inner = self.life.lock();
        let undone = self.shutdown_attempt().is_ok() && self.is_over();
        if undone && matches!(inner.state, State::Listen | State::SynSent) {
            self.life.moved(&mut inner, State::Closed, Op::Close);
        }
    }
}
