//! Sending to one target and printing what comes back, until both are done.

use super::door::Door;
use super::refused;
use super::supply::{Supply, TooLong};
use crate::cli::UdpSend;
use crate::cmd::{Context, Outcome, Result, stdout};
use crate::event::report::{DatagramRow, Report, Row};
use crate::event::{Event, Events, Kind};
use crate::net::addr::Endpoint;
use crate::sys::error::reason;
use crate::sys::mmsg::{BATCH, Inbox, LETTERS, Outbox};
use crate::sys::signal::{Signal, Stop};
use crate::sys::socket::Sockets;
use crate::sys::wait::{For, wait};
use crate::sys::{self, Error, stdio};
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

/// Bytes read from standard input at once.
const READ: usize = 256 << 10;
/// ICMP answers within this time of the first datagram may send everything to the next address of a name; what is
/// refused later was once taken.
const PROBATION: Duration = Duration::from_secs(1);
/// More than this is not kept for another address.
const KEPT: usize = 1 << 20;
/// Batches received before more is sent: an echo of all that a call sends fits.
const TURNS: usize = LETTERS / BATCH + 1;
/// A refusal is told as a warning if the run goes on for longer than this; a shorter one ends with the error.
const GRACE: Duration = Duration::from_millis(50);
/// How long sending rests when the machine's network queues are full.
const REST: Duration = Duration::from_millis(1);

/// What is known while datagrams go out and come in.
pub(super) struct Session<'a> {
    args: &'a UdpSend,
    sockets: &'a Sockets,
    events: &'a Events,
    stop: &'a Stop,
    report: &'a mut dyn Report,
    target: Endpoint,
    untried: VecDeque<SocketAddr>,
    door: Door,
    inbox: Inbox,
    outbox: Outbox,
    supply: Supply,
    limit: usize,
    output: stdout::Direct,
    shown: Vec<u8>,
    replies: u64,
    first_sent: Option<Instant>,
    /// When a datagram last went out or came in.
    moved: Instant,
    /// When the next one may go out.
    due: Instant,
    /// The socket took no more; room is awaited.
    blocked: bool,
    /// ICMP may have said something.
    doubtful: bool,
    /// What it said first, and whether that was after the last datagram went out.
    refusal: Option<(io::Error, Instant)>,
    refused_last: bool,
    warned: bool,
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
        target: Endpoint,
        addresses: Vec<SocketAddr>,
        supply: Supply,
        context: &'a mut Context,
    ) -> anyhow::Result<Self> {
        let limit = super::longest(&addresses);
        let mut untried = VecDeque::from(addresses);
        let now = Instant::now();
        Ok(Self {
            args,
            sockets: &context.sockets,
            events: &context.events,
            stop: &context.stop,
            report: context.report.as_mut(),
            target,
            door: open_next(args, &mut untried, &context.sockets)?,
            untried,
            inbox: Inbox::new(),
            outbox: Outbox::new(),
            supply,
            limit,
            output: stdout::Direct::open()?,
            shown: Vec::new(),
            replies: 0,
            first_sent: None,
            moved: now,
            due: now,
            blocked: false,
            doubtful: false,
            refusal: None,
            refused_last: false,
            warned: false,
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
                && let Some(why) = self.door.returned(&mut self.inbox)
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
            self.warn_in_time();
            self.send()?;
            if let Some(outcome) = self.ended()? {
                return Ok(outcome);
            }
            if self.wait(input.as_ref())?
                && let Some(from) = &input
            {
                match stdio::read(from.as_fd(), &mut buffer) {
                    Ok(0) => {
                        input = None;
                        self.supply.finish().map_err(|e| self.too_long(&e))?;
                    }
                    Ok(n) => self.supply.push(&buffer[..n]).map_err(|e| self.too_long(&e))?,
                    Err(e) => return Err(Error::new("read", "input", e).about(Kind::File).into()),
                }
            }
        }
    }

    fn send(&mut self) -> anyhow::Result<()> {
        let now = Instant::now();
        let batch = if self.args.interval.is_some() { 1 } else { LETTERS };
        let wanted = self.supply.waiting().len().min(batch);
        if wanted == 0 || self.blocked || now < self.due {
            return Ok(());
        }
        match self.door.send(&mut self.outbox, self.supply.waiting().take(batch)) {
            Ok(count) => {
                self.supply.sent(count);
                self.first_sent.get_or_insert(now);
                self.moved = now;
                self.due = self.args.interval.map_or(now, |interval| now + interval);
                self.refused_last = false;
                self.settle(now);
                self.doubtful |= count < wanted || self.supply.is_done() || !self.untried.is_empty();
            }
            Err(error) => match error.raw_os_error() {
                Some(libc::EAGAIN) => self.blocked = true,
                Some(libc::ENOBUFS) => self.due = now + REST,
                Some(libc::EINTR) => {}
                errno => match self.door.returned(&mut self.inbox) {
                    Some(why) => self.refused(why),
                    // The kernel had no room to say more about it.
                    None if errno == Some(libc::ECONNREFUSED) => self.refused(error),
                    None if self.fail_over(&error) => {}
                    None => return Err(Error::new("send", self.named(), error).into()),
                },
            },
        }
        Ok(())
    }

    /// Prints what came back.
    fn receive(&mut self) -> anyhow::Result<Received> {
        let left = self.args.replies.map_or(u64::MAX, |n| n - self.replies);
        let count = match self.door.receive(&mut self.inbox, usize::try_from(left).unwrap_or(BATCH)) {
            Ok(count) => count,
            Err(error) => {
                match error.raw_os_error() {
                    Some(libc::EAGAIN | libc::EINTR) => {}
                    _ => match self.door.returned(&mut self.inbox) {
                        Some(why) => self.refused(why),
                        None => self.refused(error),
                    },
                }
                return Ok(Received::None);
            }
        };
        self.moved = Instant::now();
        self.replies += count as u64;
        self.settle(self.moved);
        self.shown.clear();
        let local = self.door.socket.local();
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

    /// Something sent before did not arrive: another address may take it, or it is remembered to the end.
    fn refused(&mut self, why: io::Error) {
        self.refused_last = true;
        if !self.fail_over(&why) {
            self.refusal.get_or_insert((why, Instant::now()));
        }
    }

    /// Goes over to the next address and begins anew there, as long as this one has shown no sign of life.
    fn fail_over(&mut self, why: &io::Error) -> bool {
        self.settle(Instant::now());
        let from = self.door.address;
        let Ok(door) = open_next(self.args, &mut self.untried, self.sockets) else { return false };
        self.door.tell_left(&self.target, format!("{from}: {}; trying {}", reason(why), door.address));
        self.door = door;
        self.supply.rewind();
        (self.first_sent, self.refused_last, self.blocked) = (None, false, false);
        self.due = Instant::now();
        self.settle(self.due);
        true
    }

    /// Decides for this address once it answered, was not refused for long enough, or is the last.
    fn settle(&mut self, now: Instant) {
        let proven = self.replies > 0 || self.first_sent.is_some_and(|at| now > at + PROBATION);
        if proven || self.supply.held() > KEPT {
            self.untried.clear();
        }
        if self.untried.is_empty() {
            self.supply.forget();
        }
    }

    fn has_enough(&self) -> bool {
        self.args.replies.is_some_and(|wanted| self.replies >= wanted)
    }

    fn ended(&mut self) -> anyhow::Result<Option<Outcome>> {
        if self.has_enough() {
            return Ok(Some(Outcome::done()));
        }
        if !self.supply.is_done() || self.doubtful {
            return Ok(None);
        }
        if self.first_sent.is_none() {
            return Ok(Some(Outcome::done()));
        }
        let hopeless = self.refused_last && self.replies == 0;
        if !hopeless && Instant::now() < self.moved + self.args.reply_wait {
            return Ok(None);
        }
        if let Some((why, _)) = &self.refusal {
            return Err(self.blame(why).into());
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
    fn wait(&mut self, input: Option<&OwnedFd>) -> anyhow::Result<bool> {
        let sends = self.supply.waiting().len() > 0;
        if self.doubtful || (sends && !self.blocked && self.due <= Instant::now()) {
            return Ok(false);
        }
        let next = match (sends, self.blocked) {
            (true, true) => None,
            (true, false) => Some(self.due),
            (false, _) => self.supply.is_done().then(|| self.moved + self.args.reply_wait),
        };
        let deadline = [next, self.warning_due()].into_iter().flatten().min();
        let mut fds = vec![(self.stop.as_fd(), For::Reading), (self.door.socket.as_fd(), For::Reading)];
        let hungry = input.filter(|_| self.supply.is_hungry());
        fds.extend(hungry.map(|input| (input.as_fd(), For::Reading)));
        if self.blocked {
            fds.push((self.door.socket.as_fd(), For::Writing));
        }
        let ready = wait(&fds, deadline).map_err(|e| Error::new("poll", self.named(), e))?;
        self.doubtful = ready[1];
        self.blocked &= ready.last() != Some(&true);
        Ok(hungry.is_some() && ready[2])
    }

    /// When somebody who may not see the end for long is to hear of a refusal.
    fn warning_due(&self) -> Option<Instant> {
        let (_, at) = self.refusal.as_ref().filter(|_| !self.warned && !self.supply.is_done())?;
        Some(*at + GRACE)
    }

    fn warn_in_time(&mut self) {
        if self.warning_due().is_some_and(|due| Instant::now() >= due)
            && let Some((why, _)) = &self.refusal
        {
            self.warned = true;
            let fault = self.door.socket.blame(self.blame(why).fault());
            self.events.emit(Event::Warning { fault });
        }
    }

    /// The error of a datagram that did not arrive.
    fn blame(&self, why: &io::Error) -> Error {
        // What a firewall forbids is the network's no, not this machine's.
        let kind =
            if why.kind() == io::ErrorKind::ConnectionRefused { Kind::Refused } else { Kind::Unreachable };
        let why =
            why.raw_os_error().map_or_else(|| io::ErrorKind::Other.into(), io::Error::from_raw_os_error);
        Error::new("send", self.named(), why).about(kind)
    }

    fn too_long(&self, why: &TooLong) -> Error {
        refused(why, &self.target, self.limit)
    }

    fn named(&self) -> String {
        let (target, address) = (self.target.to_string(), self.door.address.to_string());
        if target == address { target } else { format!("{target} ({address})") }
    }
}

/// A socket towards the first of `untried` that allows one; the others stay untried.
fn open_next(args: &UdpSend, untried: &mut VecDeque<SocketAddr>, sockets: &Sockets) -> sys::Result<Door> {
    let mut first = None;
    while let Some(address) = untried.pop_front() {
        match Door::open(args, address, sockets) {
            Ok(door) => return Ok(door),
            Err(error) if first.is_none() => first = Some(error),
            Err(_) => {}
        }
    }
    Err(first.unwrap_or_else(|| Error::new("connect", "", io::Error::other("no address is left"))))
}
