//! The waiting side of a relay: decides when a connection is over.

use super::{ACK_CHECK, Ended, OnEof, Plan, Shared};
use crate::event::{Event, Kind};
use crate::net::orphan::peer_is_gone;
use crate::sys::error::{Error, Result};
use crate::sys::pump::PumpError;
use crate::sys::signal::Stop;
use crate::sys::socket::{LAST_ACK_PATIENCE, Tracked};
use crate::sys::wait::{For, wait};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

/// How often a peer that sent FIN while our input is still open is looked for in the socket table.
const PEER_CHECK: Duration = Duration::from_millis(100);

/// The first look whether it came; later ones are a quarter of the time waited apart.
const GLANCE: Duration = Duration::from_micros(100);

/// What is known while the threads move bytes.
pub(super) struct Vigil<'a> {
    socket: &'a Tracked,
    shared: &'a Shared,
    plan: &'a Plan,
    /// What is sent, to see whether more of it is there.
    input: Option<OwnedFd>,
    peer: String,
    sending: bool,
    receiving: bool,
    /// When the input ended.
    sent_at: Option<Instant>,
    /// The input ended, and FIN waits until the peer acknowledged the first of what was sent.
    fin_due: bool,
    /// When both directions had ended.
    ended_at: Option<Instant>,
    /// The error that ended sending; what the peer said before is still read.
    send_error: Option<Error>,
    /// Bytes moved both ways, and when that last changed.
    moved: (u64, Instant),
    /// Bytes told as progress, and when.
    told: (u64, Instant),
}

impl<'a> Vigil<'a> {
    pub(super) fn new(
        socket: &'a Tracked,
        shared: &'a Shared,
        plan: &'a Plan,
        input: Option<OwnedFd>,
    ) -> Self {
        let now = Instant::now();
        let peer = socket.peer().map(|a| a.to_string()).unwrap_or_default();
        Self {
            socket,
            shared,
            plan,
            peer,
            sending: input.is_some(),
            input,
            receiving: true,
            sent_at: None,
            fin_due: false,
            ended_at: None,
            send_error: None,
            moved: (0, now),
            told: (0, now),
        }
    }

    /// Whether both threads are done.
    pub(super) fn over(&self) -> bool {
        !self.sending && !self.receiving
    }

    pub(super) fn wait(&mut self, stop: &Stop) -> Result<Ended> {
        loop {
            if let Some(ended) = self.look()? {
                return Ok(ended);
            }
            let fds = [(self.shared.bell.as_fd(), For::Reading), (stop.as_fd(), For::Reading)];
            wait(&fds, Some(self.next_look())).map_err(|e| Error::new("poll", &self.peer, e))?;
            self.shared.bell.silence();
            if let Some(signal) = stop.signal() {
                return Ok(Ended::Stopped(signal));
            }
        }
    }

    fn look(&mut self) -> Result<Option<Ended>> {
        if let Some(ended) = self.take_sent()? {
            return Ok(Some(ended));
        }
        if self.fin_due && !self.socket.is_unheard() {
            self.fin_due = false;
            // Fails only when the connection ended meanwhile, which the receiving side reports.
            let _ = self.socket.shutdown_write();
        }
        if let Some(ended) = self.take_received()? {
            return Ok(Some(ended));
        }
        let now = Instant::now();
        self.tell_progress(now);
        if self.sending && !self.receiving && self.socket.is_over() {
            // The peer's FIN was followed by an RST while we wait for input: what was sent last is lost.
            return Err(Error::new("send", &self.peer, io::Error::from_raw_os_error(libc::ECONNRESET)));
        }
        let done = match (self.sending, self.receiving) {
            (false, false) if self.send_error.is_none() => return self.settle(now),
            (false, false) => true,
            (true, false) => self.plan.ends_with_peer || self.nobody_misses_more(),
            (false, true) => self.has_said_all(now),
            (true, true) => false,
        };
        if done {
            if let Some(error) = self.send_error.take() {
                return Err(error);
            }
            let broken = self.socket.broken_by();
            return broken.map_or(Ok(Some(Ended::Done)), |e| Err(Error::new("close", &self.peer, e)));
        }
        Ok(self.passed_deadline(now))
    }

    /// Whether nothing that the peer may still say is waited for: all that was sent is acknowledged, or `--on-eof close`
    /// has waited long enough for that.
    fn has_said_all(&self, now: Instant) -> bool {
        let Some(at) = self.sent_at else { return false };
        let closes = self.plan.on_eof == OnEof::Close;
        (self.plan.send_only || closes) && self.socket.fin_acknowledged()
            || closes && now >= at + LAST_ACK_PATIENCE
    }

    /// Both directions ended: only when the peer has acknowledged our FIN is it sure that it did not reset instead.
    fn settle(&mut self, now: Instant) -> Result<Option<Ended>> {
        let since = *self.ended_at.get_or_insert(now);
        if self.socket.awaits_last_ack() && now < since + LAST_ACK_PATIENCE {
            return Ok(self.passed_deadline(now));
        }
        match self.socket.broken_by() {
            Some(error) => Err(Error::new("close", &self.peer, error)),
            None => Ok(Some(Ended::Done)),
        }
    }

    fn take_sent(&mut self) -> Result<Option<Ended>> {
        let Some(end) = self.shared.with(|ends| ends.sent.take()) else { return Ok(None) };
        self.sending = false;
        match end {
            Ok(()) => {
                self.sent_at = Some(Instant::now());
                if self.plan.on_eof == OnEof::Close && self.socket.resets_on_close() {
                    return Ok(Some(Ended::Done));
                }
                self.fin_due = self.plan.on_eof != OnEof::Keep;
            }
            Err(PumpError::Socket(error)) => self.send_error = Some(Error::new("send", &self.peer, error)),
            Err(PumpError::Local(error)) => return Err(Error::new("read", "input", error).about(Kind::File)),
        }
        Ok(None)
    }

    fn take_received(&mut self) -> Result<Option<Ended>> {
        let Some(end) = self.shared.with(|ends| ends.received.take()) else { return Ok(None) };
        self.receiving = false;
        match end {
            Ok(()) => Ok(None),
            Err(PumpError::Socket(error)) => Err(Error::new("recv", &self.peer, error)),
            Err(PumpError::Local(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                Ok(Some(Ended::OutputClosed))
            }
            Err(PumpError::Local(error)) => Err(Error::new("write", "output", error).about(Kind::File)),
        }
    }

    /// Whether the peer is gone for good and had everything there was: nothing sent is unacknowledged, nothing more is
    /// there to send. With more at hand the sender goes on, and fails as it should.
    fn nobody_misses_more(&self) -> bool {
        let at_hand = self.input.as_ref().is_none_or(|input| {
            wait(&[(input.as_fd(), For::Reading)], Some(Instant::now())).is_ok_and(|ready| ready[0])
        });
        !at_hand && peer_is_gone(self.socket) == Some(true) && self.socket.all_acknowledged()
    }

    fn tell_progress(&mut self, now: Instant) {
        let (bytes_in, bytes_out) = self.socket.counters();
        let total = bytes_in + bytes_out;
        if total != self.moved.0 {
            self.moved = (total, now);
        }
        if now.duration_since(self.told.1) >= self.plan.progress_every {
            if total != self.told.0 {
                let total = self.plan.total;
                self.socket.emit(|socket| Event::Progress { socket, bytes_in, bytes_out, total });
            }
            self.told = (total, now);
        }
    }

    fn passed_deadline(&self, now: Instant) -> Option<Ended> {
        let passed = |since: Instant, limit: Option<Duration>| limit.filter(|l| now >= since + *l);
        if let Some(limit) = self.sent_at.and_then(|at| passed(at, self.plan.eof_wait)) {
            return Some(Ended::EofWait(limit));
        }
        passed(self.moved.1, self.plan.idle).map(Ended::Idle)
    }

    fn next_look(&self) -> Instant {
        let now = Instant::now();
        let mut next = now + self.plan.progress_every;
        if let Some(idle) = self.plan.idle {
            next = next.min(self.moved.1 + idle);
        }
        if let (Some(at), Some(limit)) = (self.sent_at, self.plan.eof_wait) {
            next = next.min(at + limit);
        }
        if let Some(since) = self.ended_at {
            next = next.min(now + GLANCE.max((now - since) / 4));
        } else if !self.receiving {
            next = next.min(now + PEER_CHECK);
        }
        if self.plan.send_only && self.sent_at.is_some() {
            next = next.min(now + ACK_CHECK);
        }
        if let Some(since) = self.sent_at.filter(|_| self.fin_due || self.plan.on_eof == OnEof::Close) {
            next = next.min(now + GLANCE.max((now - since) / 4));
        }
        next
    }
}
