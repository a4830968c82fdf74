//! Sending to one target and printing what comes back, until both are done.

use super::failover::AddressFailover;
use super::refused;
use crate::cli::UdpSend;
use crate::event::Kind;
use crate::event::report::{DatagramRow, Report, Row};
use crate::net::address::Endpoint;
use crate::net::datagram::longest;
use crate::session::datagram_source::{DatagramSource, TooLong};
use crate::session::{Context, Outcome, Result, stdout};
use crate::sys::mmsg::{BATCH, Inbox, LETTERS, Outbox};
use crate::sys::poll::{Interest, wait};
use crate::sys::signal::{Signal, Stop};
use crate::sys::{self, Error, fd};
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

/// Bytes read from standard input at once.
const READ: usize = 256 << 10;
/// Batches received before more is sent: an echo of all that a call sends fits.
const TURNS: usize = LETTERS / BATCH + 1;
/// How long sending rests when the machine's network queues are full.
const BACKOFF: Duration = Duration::from_millis(1);

/// What is known while datagrams go out and come in.
pub(super) struct Session<'a> {
    args: &'a UdpSend,
    stop: &'a Stop,
    report: &'a mut dyn Report,
    target: &'a Endpoint,
    failover: AddressFailover<'a>,
    inbox: Inbox,
    outbox: Outbox,
    source: DatagramSource,
    limit: usize,
    output: stdout::Direct,
    shown: Vec<u8>,
    replies: u64,
    /// Something went out.
    began: bool,
    /// When a datagram last went out or came in.
    moved: Instant,
    /// When the next one may go out.
    due: Instant,
    /// The socket took no more; room is awaited.
    blocked: bool,
    /// ICMP may have said something.
    doubtful: bool,
}

/// What became of a look at the socket.
enum Received {
    /// There may be more.
    Some,
    /// Nothing is left for now.
    None,
    /// The program was asked to end.
    Stopped(Signal),
}

impl<'a> Session<'a> {
    /// Opens a socket towards the first of `addresses` that allows it.
    pub(super) fn open(
        args: &'a UdpSend,
        target: &'a Endpoint,
        addresses: Vec<SocketAddr>,
        mut source: DatagramSource,
        context: &'a mut Context,
    ) -> anyhow::Result<Self> {
        let (limit, now) = (longest(&addresses), Instant::now());
        let output = stdout::Direct::open()?;
        let mut failover = AddressFailover::open(args, target, addresses, &context.sockets, &context.events)?;
        if !failover.is_open() {
            failover.settle(&mut source);
        }
        Ok(Self {
            args,
            stop: &context.stop,
            report: context.report.as_mut(),
            target,
            failover,
            inbox: Inbox::new(),
            outbox: Outbox::new(),
            source,
            limit,
            output,
            shown: Vec::new(),
            replies: 0,
            began: false,
            moved: now,
            due: now,
            blocked: false,
            doubtful: false,
        })
    }

    /// Sends and receives until the end. `input` is read whenever nothing waits to be sent.
    pub(super) fn run(mut self, mut input: Option<OwnedFd>) -> Result {
        let mut buffer = vec![0; if input.is_some() { READ } else { 0 }];
        loop {
            if let Some(signal) = self.stop.signal() {
                return Ok(Outcome::stopped(signal));
            }
            if std::mem::take(&mut self.doubtful)
                && let Some(why) = self.failover.icmp_errors(&mut self.inbox)
            {
                self.refused(why);
            }
            for _ in 0..TURNS {
                match self.receive()? {
                    Received::Some => {}
                    Received::None => break,
                    Received::Stopped(signal) => return Ok(Outcome::stopped(signal)),
                }
            }
            self.send()?;
            if let Some(outcome) = self.ended()? {
                return Ok(outcome);
            }
            if !self.source.is_done() {
                self.failover.warn_in_time();
            }
            if self.wait(input.as_ref())?
                && let Some(from) = &input
            {
                match fd::read(from.as_fd(), &mut buffer) {
                    Ok(0) => {
                        input = None;
                        self.source.finish().map_err(|e| self.too_long(&e))?;
                    }
                    Ok(n) => self.source.push(&buffer[..n]).map_err(|e| self.too_long(&e))?,
                    Err(e) => return Err(Error::new("read", "input", e).about(Kind::File).into()),
                }
            }
        }
    }

    fn send(&mut self) -> sys::Result<()> {
        let now = Instant::now();
        let batch = if self.args.interval.is_some() { 1 } else { LETTERS };
        let wanted = self.source.waiting().len().min(batch);
        if wanted == 0 || self.blocked || now < self.due {
            return Ok(());
        }
        match self.failover.client.send(&mut self.outbox, self.source.waiting().take(batch)) {
            Ok(count) => {
                self.source.sent(count);
                self.failover.sent(now, &mut self.source);
                (self.began, self.moved) = (true, now);
                self.due = self.args.interval.map_or(now, |interval| now + interval);
                self.doubtful |= count < wanted || self.source.is_done() || self.failover.is_open();
            }
            Err(error) => match error.raw_os_error() {
                Some(libc::EAGAIN) => self.blocked = true,
                Some(libc::ENOBUFS) => self.due = now + BACKOFF,
                Some(libc::EINTR) => {}
                errno => match self.failover.icmp_errors(&mut self.inbox) {
                    Some(why) => self.refused(why),
                    // The kernel had no room to say more about it.
                    None if errno == Some(libc::ECONNREFUSED) => self.refused(error),
                    None if self.failover.fail_over(&error, &mut self.source) => self.start_anew(),
                    None => return Err(Error::new("send", self.failover.name(), error)),
                },
            },
        }
        Ok(())
    }

    /// Prints what came back.
    fn receive(&mut self) -> sys::Result<Received> {
        let left = self.args.replies.map_or(u64::MAX, |n| n - self.replies);
        let limit = usize::try_from(left).unwrap_or(BATCH);
        let count = match self.failover.client.receive(&mut self.inbox, limit) {
            Ok(count) => count,
            Err(error) => {
                if !matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::EINTR | libc::EMSGSIZE)) {
                    let why = self.failover.icmp_errors(&mut self.inbox).unwrap_or(error);
                    self.refused(why);
                }
                return Ok(Received::None);
            }
        };
        self.moved = Instant::now();
        self.replies += count as u64;
        self.failover.settle(&mut self.source);
        self.shown.clear();
        let local = self.failover.client.socket.local();
        for datagram in self.inbox.datagrams() {
            let row = DatagramRow { local, peer: datagram.peer, payload: datagram.payload.to_vec() };
            self.report.format(&Row::Datagram(row), &mut self.shown);
        }
        Ok(match self.output.write(&self.shown, self.stop)? {
            Some(signal) => Received::Stopped(signal),
            None if self.has_enough() => Received::None,
            None => Received::Some,
        })
    }

    fn refused(&mut self, why: std::io::Error) {
        if self.failover.refused(why, &mut self.source) {
            self.start_anew();
        }
    }

    /// Another address gets everything from the beginning, at once.
    fn start_anew(&mut self) {
        self.blocked = false;
        self.due = Instant::now();
    }

    fn has_enough(&self) -> bool {
        self.args.replies.is_some_and(|wanted| self.replies >= wanted)
    }

    fn ended(&mut self) -> sys::Result<Option<Outcome>> {
        if self.has_enough() {
            return Ok(Some(Outcome::done()));
        }
        if !self.source.is_done() || self.doubtful {
            return Ok(None);
        }
        if !self.began {
            return Ok(Some(Outcome::done()));
        }
        let hopeless = self.failover.refused_last && self.replies == 0;
        if !hopeless && Instant::now() < self.moved + self.args.reply_wait {
            return Ok(None);
        }
        if let Some(error) = self.failover.error() {
            return Err(error);
        }
        Ok(Some(match self.args.replies {
            None => Outcome::done(),
            Some(wanted) => Outcome::deadline(format!(
                "{} of {wanted} replies within {:?} (--reply-wait)",
                self.replies, self.args.reply_wait
            )),
        }))
    }

    /// Waits for whatever comes next; says whether it is input.
    fn wait(&mut self, input: Option<&OwnedFd>) -> sys::Result<bool> {
        let sends = self.source.waiting().len() > 0;
        if self.doubtful || (sends && !self.blocked && self.due <= Instant::now()) {
            return Ok(false);
        }
        let next = match (sends, self.blocked) {
            (true, true) => None,
            (true, false) => Some(self.due),
            (false, _) => self.source.is_done().then(|| self.moved + self.args.reply_wait),
        };
        let socket = self.failover.client.socket.as_fd();
        let mut fds = vec![(self.stop.as_fd(), Interest::Reading), (socket, Interest::Reading)];
        let hungry = input.filter(|_| self.source.is_hungry());
        fds.extend(hungry.map(|input| (input.as_fd(), Interest::Reading)));
        if self.blocked {
            fds.push((socket, Interest::Writing));
        }
        let warning = self.failover.warning_due().filter(|_| !self.source.is_done());
        let deadline = [next, warning].into_iter().flatten().min();
        let ready = wait(&fds, deadline).map_err(|e| Error::new("poll", self.failover.name(), e))?;
        self.doubtful = ready[1];
        self.blocked &= ready.last() != Some(&true);
        Ok(hungry.is_some() && ready[2])
    }

    fn too_long(&self, why: &TooLong) -> Error {
        refused(why, self.target, self.limit)
    }
}
