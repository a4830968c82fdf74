//! Receives batches, shows and answers them, and sends input to the recipients there are.

use super::Config;
use super::access::AccessFilter;
use super::answer::{Answer, UpperBatch};
use super::commands::Commands;
use super::loop_guard::{LoopGuard, Suspect};
use super::recipients::{Recipient, Recipients};
use super::sender::{Sender, name};
use crate::event::AddressRef;
use crate::session::Context;
use crate::session::datagrams::{DatagramOutput, DatagramSource};
use crate::sys::mmsg::{BatchReceiver, OutgoingDatagram};
use crate::sys::signal::Stop;
use crate::sys::socket::Socket;
use crate::sys::{Error, Result};
use std::io;
use std::time::Instant;

/// What serves every socket of one server.
pub(super) struct UdpServer<'a> {
    answer: &'a Answer,
    sockets: &'a [Socket],
    receiver: BatchReceiver,
    pub(super) sender: Sender<'a>,
    access: AccessFilter<'a>,
    loop_guard: LoopGuard,
    recipients: Recipients,
    reads_input: bool,
    upper: UpperBatch,
    /// Absent where no command is run for each peer.
    pub(super) commands: Option<Commands<'a>>,
    /// Absent where datagrams are not shown.
    output: Option<DatagramOutput<'a>>,
    /// How many datagrams are still wanted; absent without a limit.
    left: Option<u64>,
    /// When a datagram was last received.
    pub(super) last: Instant,
}

/// What a batch leaves to do.
pub(super) enum Received {
    /// More datagrams may be queued.
    More,
    /// The queue is empty.
    All,
    /// The last datagram wanted was received.
    Last,
}

impl<'a> UdpServer<'a> {
    pub(super) fn new(
        config: &'a Config,
        sockets: &'a [Socket],
        limit: usize,
        context: &'a mut Context,
        stop: &'a Stop,
    ) -> Result<Self> {
        let report = context.report.as_mut();
        let (stdio, lines) = (&config.stdio, config.lines);
        let output = config
            .shows
            .then(|| DatagramOutput::open(stdio, report, stop, &context.events, lines))
            .transpose()?;
        Ok(Self {
            answer: &config.answer,
            sockets,
            receiver: BatchReceiver::new(),
            sender: Sender::new(&context.events, stop),
            access: AccessFilter::new(&config.access),
            loop_guard: LoopGuard::new(sockets),
            recipients: Recipients::new(config.to_all),
            reads_input: config.input.is_some(),
            upper: UpperBatch::default(),
            commands: config
                .commands
                .as_ref()
                .map(|commands| Commands::new(commands, sockets, limit))
                .transpose()?,
            output,
            left: config.count,
            last: Instant::now(),
        })
    }

    /// Receives one batch from the socket of this number, shows and answers it.
    pub(super) fn receive(&mut self, number: usize) -> Result<Received> {
        let socket = &self.sockets[number];
        let limit = self.left.map_or(usize::MAX, |left| usize::try_from(left).unwrap_or(usize::MAX));
        let count = match self.access.receive(&mut self.receiver, socket, limit) {
            // Every datagram of the batch was a denied peer's.
            Ok(0) if self.receiver.is_full() => return Ok(Received::More),
            Ok(0) => return Ok(Received::All),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Received::All),
            Err(error) if is_transient(&error) => {
                self.sender.warn(socket, None, "recv", error);
                return Ok(Received::More);
            }
            Err(error) => return Err(Error::new("recv", name(socket.local()), error)),
        };
        self.last = Instant::now();
        if self.receiver.is_cut() {
            let why = io::Error::other("a datagram was too long and was truncated");
            self.sender.warn(socket, None, "recv", why);
        }
        if let Some(output) = &mut self.output {
            output.write(&self.receiver, socket)?;
        }
        if self.commands.is_some() {
            self.give(number);
        } else if matches!(self.answer, Answer::Nothing) {
            self.remember_senders(number);
        } else {
            self.reply(socket)?;
        }
        self.left = self.left.map(|left| left.saturating_sub(count as u64));
        Ok(match self.left {
            Some(0) => Received::Last,
            _ if self.receiver.is_full() => Received::More,
            _ => Received::All,
        })
    }

    /// Makes the senders of the batch recipients of input.
    fn remember_senders(&mut self, number: usize) {
        let mut before = None;
        for datagram in self.receiver.datagrams() {
            let now = (datagram.peer, datagram.origin);
            if before == Some(now) {
                continue; // the sender of the one before
            }
            before = Some(now);
            match datagram.peer {
                Some(peer) if self.loop_guard.is_itself(peer) => {}
                Some(peer) => {
                    let address = peer.to_address();
                    let peer = Recipient { address, socket: number, origin: datagram.origin };
                    self.recipients.add(peer, self.last);
                }
                None if self.reads_input => {
                    self.loop_guard.warn(None, Suspect::Unnamed, &self.sockets[number], self.sender.events);
                }
                None => {}
            }
        }
    }

    /// Gives the batch to the commands of its peers.
    fn give(&mut self, number: usize) {
        let Some(commands) = &mut self.commands else { return };
        for datagram in self.receiver.datagrams() {
            let suspect = datagram.peer.map_or(Some(Suspect::Unnamed), |peer| self.loop_guard.suspect(peer));
            let address = datagram.peer.map(AddressRef::to_address);
            match (suspect, address) {
                (None, Some(address)) => commands.give(number, address, datagram, self.last),
                (why, address) => {
                    let (why, socket) = (why.unwrap_or(Suspect::Unnamed), &self.sockets[number]);
                    self.loop_guard.warn(address, why, socket, self.sender.events);
                }
            }
        }
    }

    /// Answers the batch.
    fn reply(&mut self, socket: &Socket) -> Result<()> {
        let mut suspects = Vec::new();
        let answers = self.answer.datagrams(&self.receiver, &mut self.upper, |peer| {
            let suspect = self.loop_guard.suspect(peer);
            suspects.extend(suspect.map(|why| (Some(peer.to_address()), why)));
            suspect.is_none()
        });
        self.sender.send(socket, &answers)?;
        let unnamed = self.receiver.datagrams().any(|datagram| datagram.peer.is_none());
        suspects.extend(unnamed.then_some((None, Suspect::Unnamed)));
        for (peer, why) in suspects {
            self.loop_guard.warn(peer, why, socket, self.sender.events);
        }
        Ok(())
    }

    /// Whether input has a recipient now.
    pub(super) fn has_recipients(&self) -> bool {
        self.recipients.is_any(Instant::now())
    }

    /// Sends each datagram of `source` to every recipient.
    pub(super) fn send(&mut self, source: &mut DatagramSource) -> Result<()> {
        let count = source.waiting().len();
        if count == 0 {
            return Ok(());
        }
        for peer in self.recipients.current(Instant::now()) {
            let to = Some(AddressRef::from(&peer.address));
            let datagram = |payload| OutgoingDatagram { payload, to, from: peer.origin };
            let datagrams: Vec<OutgoingDatagram<'_>> = source.waiting().map(datagram).collect();
            self.sender.send(&self.sockets[peer.socket], &datagrams)?;
        }
        source.sent(count);
        Ok(())
    }
}

/// Errors that concern another datagram or the network, after which the socket can be used: an ICMP error of an answer
/// sent before, an interface that went down.
pub(super) fn is_transient(error: &io::Error) -> bool {
    use libc::{ECONNREFUSED, EHOSTDOWN, EHOSTUNREACH, EINTR, ENETDOWN, ENETUNREACH, EPROTO};
    let known = [ECONNREFUSED, EHOSTDOWN, EHOSTUNREACH, EINTR, ENETDOWN, ENETUNREACH, EPROTO];
    error.raw_os_error().is_some_and(|errno| known.contains(&errno))
}
