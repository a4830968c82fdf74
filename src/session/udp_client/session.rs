//! Sends to one target and prints the replies, until both are done.

use super::Config;
use super::failover::AddressFailover;
use crate::event::{Address, Span};
use crate::net::udp::BACKOFF;
use crate::session::datagrams::{DatagramInput, DatagramOutput};
use crate::session::wait::{expect_running, wait};
use crate::session::{Context, Outcome, Result};
use crate::sys::mmsg::{BATCH, BatchReceiver, BatchSender, SEND_BATCH};
use crate::sys::poll::Interest;
use crate::sys::signal::Stop;
use crate::sys::{self, Error};
use std::io;
use std::os::fd::AsFd;
use std::time::Instant;

/// Batches received before more is sent: enough for the echo of everything that one call sends.
const ROUNDS: usize = SEND_BATCH / BATCH + 1;

/// The state of an exchange with one target.
pub(super) struct Session<'a> {
    config: &'a Config,
    stop: &'a Stop,
    failover: AddressFailover<'a>,
    receiver: BatchReceiver,
    sender: BatchSender,
    input: DatagramInput,
    output: DatagramOutput<'a>,
    /// Datagrams received.
    replies: u64,
    /// A datagram was sent.
    began: bool,
    /// When a datagram was last sent or received.
    last: Instant,
    /// When the next one may be sent.
    due: Instant,
    /// The send buffer is full; poll(2) says when it has room.
    blocked: bool,
    /// The error queue may hold an ICMP error.
    maybe_refused: bool,
}

impl<'a> Session<'a> {
    /// Opens a socket towards the first of `addresses` where that succeeds.
    pub(super) fn open(
        config: &'a Config,
        addresses: Vec<Address>,
        mut input: DatagramInput,
        context: &'a mut Context,
    ) -> sys::Result<Self> {
        let now = Instant::now();
        let output = DatagramOutput::open(
            &config.stdio,
            context.report.as_mut(),
            &context.stop,
            &context.events,
            false,
        )?;
        let mut failover = AddressFailover::open(config, addresses, &context.sockets, &context.events)?;
        if !failover.is_open() {
            failover.settle(&mut input.source);
        }
        Ok(Self {
            config,
            stop: &context.stop,
            failover,
            receiver: BatchReceiver::new(),
            sender: BatchSender::new(),
            input,
            output,
            replies: 0,
            began: false,
            last: now,
            due: now,
            blocked: false,
            maybe_refused: false,
        })
    }

    /// Sends and receives until the end. Input is read while nothing is left to send.
    pub(super) fn run(mut self) -> Result {
        loop {
            expect_running(self.stop)?;
            if std::mem::take(&mut self.maybe_refused)
                && let Some(why) = self.failover.client.icmp_error(&mut self.receiver)
            {
                self.refused(why);
            }
            for _ in 0..ROUNDS {
                if !self.receive()? {
                    break;
                }
            }
            self.send()?;
            if let Some(outcome) = self.outcome()? {
                return Ok(outcome);
            }
            if !self.input.source.is_done() {
                self.failover.warn_in_time();
            }
            if self.wait()? {
                self.input.read()?;
            }
        }
    }

    fn send(&mut self) -> sys::Result<()> {
        let now = Instant::now();
        let batch = if self.config.interval.is_some() { 1 } else { SEND_BATCH };
        let source = &mut self.input.source;
        let wanted = source.waiting().len().min(batch);
        if wanted == 0 || self.blocked || now < self.due {
            return Ok(());
        }
        match self.failover.client.send(&mut self.sender, source.waiting().take(batch)) {
            Ok(count) => {
                source.sent(count);
                self.failover.sent(now, source);
                (self.began, self.last) = (true, now);
                self.due = self.config.interval.map_or(now, |interval| now + interval);
                self.maybe_refused |= count < wanted || source.is_done() || self.failover.is_open();
                Ok(())
            }
            Err(error) => self.send_failed(error, now),
        }
    }

    fn send_failed(&mut self, error: io::Error, now: Instant) -> sys::Result<()> {
        match error.raw_os_error() {
            Some(libc::EAGAIN) => self.blocked = true,
            Some(libc::ENOBUFS) => self.due = now + BACKOFF,
            Some(libc::EINTR) => {}
            errno => match self.failover.client.icmp_error(&mut self.receiver) {
                Some(why) => self.refused(why),
                // The kernel had no memory for an entry of the error queue.
                None if errno == Some(libc::ECONNREFUSED) => self.refused(error),
                None if self.failover.fail_over(&error, &mut self.input.source) => self.start_again(),
                None => return Err(Error::new("send", self.failover.name(), error)),
            },
        }
        Ok(())
    }

    /// Receives and prints a batch; returns whether more may be queued.
    fn receive(&mut self) -> sys::Result<bool> {
        let left = self.config.replies.map_or(u64::MAX, |n| n - self.replies);
        let limit = usize::try_from(left).unwrap_or(BATCH);
        let socket = &self.failover.client.socket;
        let count = match self.receiver.receive(socket, limit) {
            Ok(count) => count,
            Err(error) => {
                if !matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::EINTR | libc::EMSGSIZE)) {
                    let why = self.failover.client.icmp_error(&mut self.receiver).unwrap_or(error);
                    self.refused(why);
                }
                return Ok(false);
            }
        };
        self.last = Instant::now();
        self.replies += count as u64;
        self.output.write(&self.receiver, socket)?;
        self.failover.settle(&mut self.input.source);
        Ok(!self.has_enough())
    }

    fn refused(&mut self, why: io::Error) {
        if self.failover.refused(why, &mut self.input.source) {
            self.start_again();
        }
    }

    /// Sends everything again at once, to another address.
    fn start_again(&mut self) {
        self.blocked = false;
        self.due = Instant::now();
    }

    fn has_enough(&self) -> bool {
        self.config.replies.is_some_and(|wanted| self.replies >= wanted)
    }

    /// How the run ends, if it is at its end.
    fn outcome(&self) -> sys::Result<Option<Outcome>> {
        if self.has_enough() {
            return Ok(Some(Outcome::done()));
        }
        if !self.input.source.is_done() || self.maybe_refused {
            return Ok(None);
        }
        if !self.began {
            return Ok(Some(Outcome::done()));
        }
        let hopeless = self.failover.refused_last && self.replies == 0;
        if !hopeless && Instant::now() < self.last + self.config.reply_wait {
            return Ok(None);
        }
        if let Some(error) = self.failover.error() {
            return Err(error);
        }
        Ok(Some(match self.config.replies {
            None => Outcome::done(),
            Some(wanted) => Outcome::deadline(format!(
                "{} of {wanted} replies within {} (--reply-wait)",
                self.replies,
                Span(self.config.reply_wait)
            )),
        }))
    }

    /// Waits until something can be done; returns whether input can be read.
    fn wait(&mut self) -> sys::Result<bool> {
        let source = &self.input.source;
        let sends = source.waiting().len() > 0;
        if self.maybe_refused || (sends && !self.blocked && self.due <= Instant::now()) {
            return Ok(false);
        }
        let next = match (sends, self.blocked) {
            (true, true) => None,
            (true, false) => Some(self.due),
            (false, _) => source.is_done().then(|| self.last + self.config.reply_wait),
        };
        let warning = self.failover.warning_due().filter(|_| !source.is_done());
        let deadline = [next, warning].into_iter().flatten().min();
        let socket = self.failover.client.socket.as_fd();
        let mut fds = Vec::with_capacity(4);
        fds.push((socket, Interest::Reading));
        let input = self.input.interest();
        fds.extend(input);
        fds.extend(self.blocked.then_some((socket, Interest::Writing)));
        let ready = wait(fds, self.stop, deadline)?;
        self.maybe_refused = ready[0];
        self.blocked &= ready.last() != Some(&true);
        Ok(input.is_some() && ready[1])
    }
}
