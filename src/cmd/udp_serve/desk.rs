//! Where a datagram server's batches are shown and answered.

use super::answer::{Answer, Raised};
use super::loops::LoopGuard;
use crate::cli::UdpServe;
use crate::cmd::{Context, stdout};
use crate::event::report::{DatagramRow, Report, Row};
use crate::event::{Dir, Event, Events};
use crate::sys::mmsg::{Inbox, Letter, Origin, Outbox};
use crate::sys::signal::{Signal, Stop};
use crate::sys::socket::Tracked;
use crate::sys::wait::{For, wait};
use crate::sys::{Error, Result};
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// One warning of a kind in this time: what cannot be answered comes as often as its sender likes.
const PAUSE: Duration = Duration::from_secs(1);
/// How long sending rests when the machine's network queues are full.
const REST: Duration = Duration::from_millis(1);

/// What serves every socket of one server.
pub(super) struct Desk<'a> {
    answer: Answer,
    inbox: Inbox,
    outbox: Outbox,
    guard: LoopGuard,
    raised: Raised,
    report: &'a mut dyn Report,
    events: &'a Events,
    stop: &'a Stop,
    /// Absent where nothing is shown.
    output: Option<stdout::Direct>,
    shown: Vec<u8>,
    /// Datagrams to come, if they are counted.
    left: Option<u64>,
    /// When the last one came.
    pub(super) last: Instant,
    warned: Option<(Option<i32>, Instant)>,
}

/// What became of a turn.
pub(super) enum Turn {
    /// There may be more.
    More,
    /// Nothing is left for now.
    Empty,
    /// As many came as were wanted.
    Enough,
    /// The program was asked to end.
    Stopped(Signal),
}

impl<'a> Desk<'a> {
    pub(super) fn new(
        args: &UdpServe,
        answer: Answer,
        sockets: &[Tracked],
        context: &'a mut Context,
    ) -> Result<Self> {
        let shows = context.json || matches!(answer, Answer::Nothing);
        Ok(Self {
            answer,
            inbox: Inbox::new(),
            outbox: Outbox::new(),
            guard: LoopGuard::new(sockets),
            raised: Raised::default(),
            report: context.report.as_mut(),
            events: &context.events,
            stop: &context.stop,
            output: shows.then(stdout::Direct::open).transpose()?,
            shown: Vec::new(),
            left: args.count,
            last: Instant::now(),
            warned: None,
        })
    }

    /// Takes one batch from `socket`, shows and answers it.
    pub(super) fn turn(&mut self, socket: &Tracked) -> Result<Turn> {
        let limit = self.left.map_or(usize::MAX, |left| usize::try_from(left).unwrap_or(usize::MAX));
        let count = match self.inbox.receive(socket, limit) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Turn::Empty),
            Err(error) if is_a_peers_own(&error) => {
                self.warn(socket, None, "recv", error);
                return Ok(Turn::More);
            }
            Err(error) => return Err(Error::new("recv", named(socket.local()), error)),
        };
        self.last = Instant::now();
        socket.tell_datagrams(
            Dir::In,
            self.inbox.datagrams().map(|d| (arrived(socket, d.origin), Some(d.peer), d.payload.len())),
        );
        if let Some(signal) = self.show(socket)? {
            return Ok(Turn::Stopped(signal));
        }
        if let Some(signal) = self.reply(socket)? {
            return Ok(Turn::Stopped(signal));
        }
        self.left = self.left.map(|left| left.saturating_sub(count as u64));
        Ok(match self.left {
            Some(0) => Turn::Enough,
            _ if self.inbox.is_full() => Turn::More,
            _ => Turn::Empty,
        })
    }

    fn show(&mut self, socket: &Tracked) -> Result<Option<Signal>> {
        let Some(output) = &self.output else { return Ok(None) };
        self.shown.clear();
        for datagram in self.inbox.datagrams() {
            let row = DatagramRow {
                local: arrived(socket, datagram.origin),
                peer: datagram.peer,
                payload: datagram.payload.to_vec(),
            };
            self.report.format(&Row::Datagram(row), &mut self.shown);
        }
        output.write(&self.shown, self.stop)
    }

    /// Sends the answers. One that cannot be sent is told and left: it is its peer's loss, nobody else's.
    fn reply(&mut self, socket: &Tracked) -> Result<Option<Signal>> {
        if matches!(self.answer, Answer::Upper) {
            self.raised.fill(self.inbox.datagrams());
        }
        let mut suspects = Vec::new();
        let letters = self.answer.letters(self.inbox.datagrams(), &self.raised, |peer| {
            let suspect = self.guard.suspect(peer);
            suspects.extend(suspect.map(|why| (peer, why)));
            suspect.is_none()
        });
        let mut rest = &letters[..];
        let mut lost: Vec<(Option<SocketAddr>, io::Error)> = Vec::new();
        while let [first, others @ ..] = rest {
            match self.outbox.send(socket, rest) {
                Ok(count) => {
                    tell_sent(socket, &rest[..count]);
                    rest = &rest[count..];
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if let Some(signal) = self.wait_for_room(socket, None)? {
                        return Ok(Some(signal));
                    }
                }
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => {
                    if let Some(signal) = self.wait_for_room(socket, Some(Instant::now() + REST))? {
                        return Ok(Some(signal));
                    }
                }
                Err(error) => {
                    lost.push((first.to, error));
                    rest = others;
                }
            }
        }
        for (peer, why) in suspects {
            self.guard.warn(peer, why, socket, self.events);
        }
        for (peer, error) in lost {
            self.warn(socket, peer, "send", error);
        }
        Ok(None)
    }

    /// Waits until `socket` takes more, or until `rest` is over; gives the signal that came meanwhile.
    fn wait_for_room(&self, socket: &Tracked, rest: Option<Instant>) -> Result<Option<Signal>> {
        let room = (socket.as_fd(), For::Writing);
        let stop = (self.stop.as_fd(), For::Reading);
        let waited = if rest.is_some() { wait(&[stop], rest) } else { wait(&[stop, room], None) };
        waited.map_err(|e| Error::new("poll", named(socket.local()), e))?;
        Ok(self.stop.signal())
    }

    fn warn(&mut self, socket: &Tracked, peer: Option<SocketAddr>, op: &'static str, error: io::Error) {
        let now = Instant::now();
        let errno = error.raw_os_error();
        let again = self.warned.is_some_and(|(last, at)| last == errno && now < at + PAUSE);
        if !again {
            self.warned = Some((errno, now));
            let on = named(peer.or(socket.local()));
            let mut fault = socket.blame(Error::new(op, on, error).fault());
            fault.peer = peer;
            self.events.emit(Event::Warning { fault });
        }
    }
}

/// Errors that are news of another datagram or of the network, after which the socket goes on: what ICMP said of an answer
/// sent before, an interface that went down.
fn is_a_peers_own(error: &io::Error) -> bool {
    use libc::{ECONNREFUSED, EHOSTDOWN, EHOSTUNREACH, EINTR, ENETDOWN, ENETUNREACH, EPROTO};
    let known = [ECONNREFUSED, EHOSTDOWN, EHOSTUNREACH, EINTR, ENETDOWN, ENETUNREACH, EPROTO];
    error.raw_os_error().is_some_and(|errno| known.contains(&errno))
}

fn tell_sent(socket: &Tracked, letters: &[Letter<'_>]) {
    let local = socket.local();
    let left_from = |origin: Option<Origin>| match origin {
        None => local,
        Some(origin) => Some(SocketAddr::new(origin.from?, local?.port())),
    };
    socket.tell_datagrams(Dir::Out, letters.iter().map(|l| (left_from(l.from), l.to, l.payload.len())));
}

/// The address a datagram was sent to.
fn arrived(socket: &Tracked, origin: Option<Origin>) -> Option<SocketAddr> {
    let local = socket.local()?;
    Some(origin.map_or(local, |origin| SocketAddr::new(origin.to, local.port())))
}

fn named(address: Option<SocketAddr>) -> String {
    address.map(|a| a.to_string()).unwrap_or_default()
}
