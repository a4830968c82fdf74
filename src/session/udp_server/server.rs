//! Where a datagram server's batches are shown and answered, and its lines sent.

use super::access::AccessFilter;
use super::answer::{Answer, Raised};
use super::loops::LoopGuard;
use super::recipients::{Recipient, Recipients};
use super::sender::{Sender, named};
use crate::cli::UdpServe;
use crate::event::Dir;
use crate::event::report::{DatagramRow, Report, Row};
use crate::net::acl::AccessRules;
use crate::session::{Context, stdout};
use crate::sys::mmsg::{Inbox, Origin, OutgoingDatagram};
use crate::sys::signal::Signal;
use crate::sys::socket::Socket;
use crate::sys::{Error, Result};
use std::io;
use std::net::SocketAddr;
use std::time::Instant;

/// What serves every socket of one server.
pub(super) struct UdpServer<'a> {
    answer: Answer,
    sockets: &'a [Socket],
    inbox: Inbox,
    sender: Sender<'a>,
    access: AccessFilter,
    guard: LoopGuard,
    recipients: Recipients,
    raised: Raised,
    report: &'a mut dyn Report,
    /// Absent where nothing is shown.
    output: Option<stdout::Direct>,
    shown: Vec<u8>,
    /// Each datagram shown ends with a line feed.
    lines: bool,
    /// Datagrams to come, if they are counted.
    left: Option<u64>,
    /// When the last one came.
    pub(super) last: Instant,
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

impl<'a> UdpServer<'a> {
    pub(super) fn new(
        args: &UdpServe,
        answer: Answer,
        access: AccessRules,
        sockets: &'a [Socket],
        context: &'a mut Context,
    ) -> Result<Self> {
        let shows = (context.json || matches!(answer, Answer::Nothing)) && !args.send_only;
        Ok(Self {
            answer,
            sockets,
            inbox: Inbox::new(),
            sender: Sender::new(&context.events, &context.stop),
            access: AccessFilter::new(access),
            guard: LoopGuard::new(sockets),
            recipients: Recipients::new(args.to_all),
            raised: Raised::default(),
            report: context.report.as_mut(),
            output: shows.then(stdout::Direct::open).transpose()?,
            shown: Vec::new(),
            lines: args.lines,
            left: args.count,
            last: Instant::now(),
        })
    }

    /// Takes one batch from the socket of this number, shows and answers it.
    pub(super) fn turn(&mut self, number: usize) -> Result<Turn> {
        let socket = &self.sockets[number];
        let limit = self.left.map_or(usize::MAX, |left| usize::try_from(left).unwrap_or(usize::MAX));
        let count = match self.access.receive(&mut self.inbox, socket, limit) {
            // Every datagram of the batch was a denied peer's.
            Ok(0) if self.inbox.is_full() => return Ok(Turn::More),
            Ok(0) => return Ok(Turn::Empty),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Turn::Empty),
            Err(error) if is_a_peers_own(&error) => {
                self.sender.warn(socket, None, "recv", error);
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
        if matches!(self.answer, Answer::Nothing) {
            self.remember(number);
        } else if let Some(signal) = self.reply(socket)? {
            return Ok(Turn::Stopped(signal));
        }
        self.left = self.left.map(|left| left.saturating_sub(count as u64));
        Ok(match self.left {
            Some(0) => Turn::Enough,
            _ if self.inbox.is_full() => Turn::More,
            _ => Turn::Empty,
        })
    }

    /// Notes who spoke, as those who may be sent to.
    fn remember(&mut self, number: usize) {
        let mut before = None;
        for datagram in self.inbox.datagrams() {
            let peer = Recipient { address: datagram.peer, socket: number, origin: datagram.origin };
            if before != Some(peer) && !self.guard.is_itself(peer.address) {
                self.recipients.heard(peer, self.last);
            }
            before = Some(peer);
        }
    }

    fn show(&mut self, socket: &Socket) -> Result<Option<Signal>> {
        let Some(output) = &self.output else { return Ok(None) };
        self.shown.clear();
        let mut payload = Vec::new();
        for datagram in self.inbox.datagrams() {
            payload.clear();
            payload.extend_from_slice(datagram.payload);
            let row = DatagramRow { local: arrived(socket, datagram.origin), peer: datagram.peer, payload };
            let row = Row::Datagram(row);
            let start = self.shown.len();
            self.report.format(&row, &mut self.shown);
            if self.lines && !self.shown[start..].ends_with(b"\n") {
                self.shown.push(b'\n');
            }
            payload = if let Row::Datagram(row) = row { row.payload } else { Vec::new() };
        }
        output.write(&self.shown, self.sender.stop)
    }

    /// Sends the answers.
    fn reply(&mut self, socket: &Socket) -> Result<Option<Signal>> {
        if matches!(self.answer, Answer::Upper) {
            self.raised.fill(self.inbox.datagrams());
        }
        let mut suspects = Vec::new();
        let letters = self.answer.letters(self.inbox.datagrams(), &self.raised, |peer| {
            let suspect = self.guard.suspect(peer);
            suspects.extend(suspect.map(|why| (peer, why)));
            suspect.is_none()
        });
        let stopped = self.sender.send(socket, &letters)?;
        for (peer, why) in suspects {
            self.guard.warn(peer, why, socket, self.sender.events);
        }
        Ok(stopped)
    }

    /// Whether there is anybody lines can be sent to now.
    pub(super) fn has_recipients(&self) -> bool {
        self.recipients.is_anybody(Instant::now())
    }

    /// Sends each of `payloads` to whoever lines go to now.
    pub(super) fn send<'b>(
        &mut self,
        payloads: &(impl Iterator<Item = &'b [u8]> + Clone),
    ) -> Result<Option<Signal>> {
        for peer in self.recipients.now(Instant::now()) {
            let letter = |payload| OutgoingDatagram { payload, to: Some(peer.address), from: peer.origin };
            let letters: Vec<OutgoingDatagram<'_>> = payloads.clone().map(letter).collect();
            if let Some(signal) = self.sender.send(&self.sockets[peer.socket], &letters)? {
                return Ok(Some(signal));
            }
        }
        Ok(None)
    }
}

/// Errors that are news of another datagram or of the network, after which the socket goes on: what ICMP said of an answer
/// sent before, an interface that went down.
fn is_a_peers_own(error: &io::Error) -> bool {
    use libc::{ECONNREFUSED, EHOSTDOWN, EHOSTUNREACH, EINTR, ENETDOWN, ENETUNREACH, EPROTO};
    let known = [ECONNREFUSED, EHOSTDOWN, EHOSTUNREACH, EINTR, ENETDOWN, ENETUNREACH, EPROTO];
    error.raw_os_error().is_some_and(|errno| known.contains(&errno))
}

/// The address a datagram was sent to.
fn arrived(socket: &Socket, origin: Option<Origin>) -> Option<SocketAddr> {
    let local = socket.local()?;
    Some(origin.map_or(local, |origin| SocketAddr::new(origin.to, local.port())))
}
