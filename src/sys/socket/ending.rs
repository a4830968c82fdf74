//! How a socket is brought to its end, and what can be asked on the way.

use super::{Socket, hangup};
use crate::event::{Op, Proto, State};
use crate::sys::error::{Error, Result};
use crate::sys::options::SocketOption;
use crate::sys::tcp_info;
use rustix::net::{self, Shutdown};
use socket2::SockRef;
use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Between two probes that are answered, and that are not; a peer that answers none of so many is given up, after a minute.
const PROBE_IDLE: Duration = Duration::from_secs(2);
const PROBE_INTERVAL: Duration = Duration::from_secs(5);
const PROBE_COUNT: u32 = 12;

impl Socket {
    /// shutdown(2) for writing: our FIN.
    pub fn shutdown_write(&self) -> Result<()> {
        self.shutdown(Shutdown::Write)
    }

    /// shutdown(2) for reading: readers of this socket are woken; nothing is sent to the peer.
    pub fn shutdown_read(&self) -> io::Result<()> {
        Ok(net::shutdown(self, Shutdown::Read)?)
    }

    /// shutdown(2) both ways: our FIN, and readers of this socket are woken.
    pub fn shutdown_both(&self) -> Result<()> {
        self.shutdown(Shutdown::Both)
    }

    fn shutdown(&self, how: Shutdown) -> Result<()> {
        let mut inner = self.tracker.lock();
        if self.tracker.observed() {
            self.tracker.observe_locked(&mut inner, None);
            if let Some(watcher) = self.sockets.watcher() {
                watcher.expect_acks(self.token, self.as_fd());
            }
        }
        let answer = net::shutdown(self, how);
        if self.tracker.observed() && answer.is_ok() {
            inner.fin_sent |= !matches!(how, Shutdown::Read);
            self.tracker.observe_locked(&mut inner, Some(Op::Shutdown));
        }
        let on = inner.subject.peer.as_ref().map(ToString::to_string).unwrap_or_default();
        answer.map_err(|e| Error::new("shutdown", on, e))
    }

    /// Whether the peer has acknowledged our FIN, and with it everything sent before; without TCP, whether it read that.
    #[must_use]
    pub fn fin_acknowledged(&self) -> bool {
        if !self.is_tcp() {
            return hangup::unread_by_peer(self.as_fd()) == 0;
        }
        if self.ends_by_data_fin() {
            return self.tracker.lock().fin_sent && self.data_fin_acknowledged();
        }
        matches!(tcp_info::state(self.as_fd()), Ok(State::FinWait2 | State::TimeWait | State::Closed))
    }

    /// Whether the connection stands, and something was sent of which nothing is acknowledged yet.
    ///
    /// A server whose queues are full answers SYN with a cookie and drops what follows (`tcp_syncookies`, tcp(7)); the next
    /// segment it has room for begins the connection there. Were that our FIN, the few bytes before it would be lost, and
    /// acknowledged.
    #[must_use]
    pub fn first_data_unacked(&self) -> bool {
        if !self.is_tcp() {
            return false;
        }
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
        self.tracker.broken_by()
    }

    /// Whether a call returned an error that ended the connection.
    #[must_use]
    pub fn is_known_broken(&self) -> bool {
        self.tracker.is_known_broken()
    }

    /// Whether the kernel has nothing of the connection any more but this descriptor; without TCP, whether an error ended it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        if !self.is_tcp() {
            return hangup::is_broken(self.as_fd()) || self.tracker.is_known_broken();
        }
        matches!(tcp_info::state(self.as_fd()), Ok(State::Closed))
    }

    /// Payload bytes sent that the peer has not acknowledged; after the end of the connection, that it never did. Without TCP
    /// an upper bound of the bytes that it has not read.
    #[must_use]
    pub fn unacked(&self) -> u64 {
        if !self.is_tcp() {
            return hangup::unread_by_peer(self.as_fd()).min(self.counters().1);
        }
        let queued = u64::from(tcp_info::unsent(self.as_fd()).unwrap_or(0));
        if queued == 0 {
            return 0;
        }
        // Our FIN stands in the queue as a byte until it is acknowledged.
        let (_, sent) = self.counters();
        let fin_queued =
            matches!(tcp_info::state(self.as_fd()), Ok(State::FinWait1 | State::Closing | State::LastAck))
                || (self.multipath && self.tracker.lock().fin_sent);
        queued.saturating_sub(u64::from(fin_queued)).min(sent)
    }

    /// Whether the peer closed, or shut down both directions; `None` where the descriptor does not say. Once this side shut
    /// down its own direction that of the peer is enough.
    #[must_use]
    pub fn is_hung_up(&self) -> Option<bool> {
        let hung_up = || hangup::is_hung_up(self.as_fd());
        match self.proto {
            Proto::Unix => Some(hung_up()),
            Proto::Vsock => hung_up().then_some(true),
            Proto::Tcp | Proto::Udp => None,
        }
    }

    /// How long ago the peer's last segment arrived; zero where the kernel does not say.
    #[must_use]
    pub fn silence(&self) -> Duration {
        tcp_info::read(self.as_fd()).map_or(Duration::ZERO, |info| info.silence())
    }

    /// Whether a keep-alive probe was not answered yet, or was answered by the RST that ended the connection.
    #[must_use]
    pub fn was_probed(&self) -> bool {
        tcp_info::read(self.as_fd()).is_ok_and(|info| info.probes() > 0)
    }

    /// Has the kernel ask the peer, which sent FIN, whether it is still there: it answers until its own FIN-WAIT-2 ends
    /// (`tcp_fin_timeout`, tcp(7)), and with RST after that. Keep-alive that was asked for stays as it is.
    pub fn probe_peer(&self) {
        if !self.is_tcp() {
            return;
        }
        let on = SockRef::from(&self.as_fd()).keepalive().unwrap_or(false);
        if !on {
            self.prefer(&SocketOption::KeepIdle(PROBE_IDLE));
            self.prefer(&SocketOption::KeepInterval(PROBE_INTERVAL));
            self.prefer(&SocketOption::KeepCount(PROBE_COUNT));
            self.prefer(&SocketOption::Keepalive(true));
        }
    }

    /// Makes close send RST, so that the peer does not take it for an ending (`SO_LINGER` 0). Without TCP there is no such
    /// thing, and the peer sees an ending.
    pub fn reset_on_close(&self) -> io::Result<()> {
        SockRef::from(&self.as_fd()).set_linger(Some(Duration::ZERO))?;
        self.reset.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Whether close will send RST: data nobody read, or a linger time of 0 (tcp(7), RFC 1122 4.2.2.13). The peer of a UNIX
    /// socket gets ECONNRESET for unread data alone.
    #[must_use]
    pub fn resets_on_close(&self) -> bool {
        if self.is_tcp() && self.reset.load(Ordering::Relaxed) {
            return true;
        }
        let unread = if self.multipath {
            self.has_unread_data()
        } else {
            rustix::io::ioctl_fionread(self).is_ok_and(|n| n > 0)
        };
        if !self.is_tcp() {
            return unread;
        }
        unread || matches!(SockRef::from(&self.as_fd()).linger(), Ok(Some(time)) if time.is_zero())
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let mut reset = None;
        if self.tracker.observed() && self.proto == Proto::Tcp {
            let info = self.tracker.ask(&mut self.tracker.lock(), None);
            match self.state() {
                // Others may go on with it.
                State::Listen if self.shared.is_some() => {}
                State::Listen | State::SynSent => self.disconnect(),
                State::Established | State::SynReceived | State::CloseWait => {
                    if self.resets_on_close() {
                        reset = info;
                    } else {
                        // It fails only if the connection ended meanwhile, which `retire` sees.
                        let _ = self.shutdown_write();
                    }
                }
                // The last ACK of these is waited for, unless none will come.
                State::FinWait1 | State::Closing | State::LastAck if self.resets_on_close() => reset = info,
                _ => {}
            }
        }
        if let Some(shared) = &self.shared {
            shared.give_back(self.as_fd());
        }
        self.fd = None;
        let goes_on = self.tracker.retire(reset);
        if let Some(watcher) = self.sockets.watcher() {
            if goes_on { watcher.settle(self.token) } else { watcher.forget(self.token) }
        }
    }
}

impl Socket {
    /// shutdown(2) takes a listener or an attempt under way to CLOSED while it can still be asked. The error that it leaves
    /// on an attempt (`tcp_disconnect`) is no segment of the peer's.
    fn disconnect(&self) {
        let mut inner = self.tracker.lock();
        let undone = self.shutdown_attempt().is_ok() && self.is_over();
        if undone && matches!(inner.state, State::Listen | State::SynSent) {
            self.tracker.transition(&mut inner, State::Closed, Op::Close);
        }
    }
}
