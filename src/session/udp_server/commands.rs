//! The commands of a datagram server, one for each peer (`udp-serve --exec`).
//!
//! A command is started by the first datagram of a peer and ended after a while without datagrams either way: its input
//! ends, then it gets SIGTERM, then SIGKILL. Peers are easily forged, so that their number is bounded.

use super::peer_command::PeerCommand;
use super::recipients::Recipient;
use super::sender::Sender;
use crate::event::{Address, AddressRef, ChildStep, Event, Subject};
use crate::session::command::{CommandLine, GRACE, exit_fields, start_fields};
use crate::sys::child::{CommandGroup, GroupSignal, adopt_orphans};
use crate::sys::mmsg::{Datagram, OutgoingDatagram};
use crate::sys::poll::{self, Interest};
use crate::sys::socket::Socket;
use crate::sys::{self, Result};
use std::collections::HashMap;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

/// The longest message that a command can write at once is the send buffer of a socket pair, 208 KiB unless changed
/// (socket(7)).
const RECORD: usize = 256 << 10;
/// Writes of one command sent before the others are served.
const ROUNDS: usize = 16;
/// Writes that may wait where a command has ended; fewer fit, but a process that it left behind may go on writing.
const LAST_ROUNDS: usize = 1024;
/// Between two looks whether a process group is empty.
const GROUP_LOOK: Duration = Duration::from_millis(10);
/// The least time between two reports of peers that get no command.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// What is run for each peer, and for how many.
#[derive(Clone, Debug)]
pub struct PeerCommands {
    /// What is run.
    pub line: CommandLine,
    /// The most commands at once.
    pub most: usize,
    /// A command without datagrams for this long is ended.
    pub idle: Duration,
}

/// The commands that run.
pub(super) struct Commands<'a> {
    config: &'a PeerCommands,
    sockets: &'a [Socket],
    /// The most a datagram holds.
    limit: usize,
    running: HashMap<(usize, Address), PeerCommand>,
    buffer: Vec<u8>,
    reported: Option<Instant>,
    /// Groups whose leader has ended, once the server ends.
    left: Vec<CommandGroup>,
    ending: bool,
}

impl<'a> Commands<'a> {
    pub(super) fn new(config: &'a PeerCommands, sockets: &'a [Socket], limit: usize) -> Result<Self> {
        sys::child::isolate_commands().map_err(|e| config.line.failed(e))?;
        Ok(Self {
            config,
            sockets,
            limit,
            running: HashMap::new(),
            buffer: vec![0; RECORD],
            reported: None,
            left: Vec::new(),
            ending: false,
        })
    }

    /// Gives a datagram to the command of its peer, which is started if there is none.
    pub(super) fn give(&mut self, number: usize, address: Address, datagram: Datagram<'_>, now: Instant) {
        let key = (number, address);
        if !self.running.contains_key(&key) && !self.start(key.clone(), datagram, now) {
            return;
        }
        if let Some(command) = self.running.get_mut(&key) {
            // One that is dropped is one that a queue had no room for.
            let _ = command.give(datagram.payload, now);
        }
    }

    fn start(&mut self, key: (usize, Address), datagram: Datagram<'_>, now: Instant) -> bool {
        let (number, address) = key.clone();
        let socket = &self.sockets[number];
        let local = datagram.sent_to(socket.local().as_ref());
        let subject = Subject { local, peer: Some(address.clone()), ..socket.subject() };
        let peer = Recipient { address, socket: number, origin: datagram.origin };
        if self.running.len() >= self.config.most {
            let reason = format!("the limit of {} commands is reached (--max-conns)", self.config.most);
            self.report(socket, now, |_| Event::Refuse { socket: subject, reason });
            return false;
        }
        match PeerCommand::start(&self.config.line, peer, subject.clone(), now) {
            Ok(command) => {
                let child = start_fields(command.group.pid());
                socket.emit(|_| Event::Child { socket: subject, what: ChildStep::Start, child });
                self.running.insert(key, command);
                true
            }
            Err(error) => {
                let mut fault = socket.blame(error.fault());
                fault.peer = subject.peer;
                self.report(socket, now, |_| Event::Warning { fault });
                false
            }
        }
    }

    /// Emits what keeps peers from a command, at most once a second: a peer can cause it at any rate.
    fn report(&mut self, socket: &Socket, now: Instant, event: impl FnOnce(Subject) -> Event) {
        if self.reported.is_none_or(|last| now >= last + REPORT_INTERVAL) {
            self.reported = Some(now);
            socket.emit(event);
        }
    }

    /// What to wait for, the commands in the order of [`Self::advance`].
    pub(super) fn interests(&self) -> impl Iterator<Item = (BorrowedFd<'_>, Interest)> {
        self.running.values().flat_map(PeerCommand::interests)
    }

    /// When [`Self::advance`] has something to do though nothing is ready.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.running.values().filter_map(|command| command.deadline(self.config.idle)).min()
    }

    /// Moves on every command of which something is ready, in the order of [`Self::interests`], or whose time has come.
    pub(super) fn advance(&mut self, ready: &[bool], sender: &mut Sender<'_>) -> Result<()> {
        let now = Instant::now();
        let (mut at, mut ended) = (0, Vec::new());
        for (key, command) in &mut self.running {
            let slots = command.interests().count();
            if ready[at..at + slots].contains(&true) {
                // Asked before its output is read, so that what it wrote before its end is seen.
                let status = command.status();
                command.write_rest();
                let socket = &self.sockets[command.peer.socket];
                let rounds = if status.is_some() { LAST_ROUNDS } else { ROUNDS };
                let mut done = 0;
                let address = command.peer.address.clone();
                while done < rounds
                    && let Some(bytes) = command.read(&mut self.buffer, now)
                {
                    let (to, from) = (Some(AddressRef::from(&address)), command.peer.origin);
                    // What is more than a datagram holds is several.
                    let parts = bytes.chunks(self.limit);
                    let datagrams: Vec<_> =
                        parts.map(|payload| OutgoingDatagram { payload, to, from }).collect();
                    sender.send(socket, &datagrams)?;
                    done += 1;
                }
                ended.extend(status.map(|status| (key.clone(), status)));
            }
            at += slots;
            command.pass_time(self.config.idle, now);
        }
        for (key, status) in ended {
            let Some(command) = self.running.remove(&key) else { continue };
            let child = exit_fields(command.group.pid(), status);
            let subject = command.subject;
            self.sockets[key.0].emit(|_| Event::Child { socket: subject, what: ChildStep::Exit, child });
            if self.ending {
                self.left.push(command.group);
            }
        }
        Ok(())
    }

    /// Ends every command, by the end of its input where `in_order`, else by SIGTERM, and waits for that; what they write
    /// is sent.
    pub(super) fn end(&mut self, in_order: bool, sender: &mut Sender<'_>) -> Result<()> {
        self.ending = true;
        adopt_orphans();
        let now = Instant::now();
        for command in self.running.values_mut() {
            if in_order { command.end_input(now) } else { command.terminate(now) }
        }
        let limit = now + GRACE * 4;
        while !self.running.is_empty() && Instant::now() < limit {
            let fds: Vec<_> = self.interests().collect();
            let until = self.deadline().map_or(limit, |then| then.min(limit));
            let ready = poll::wait(&fds, Some(until)).map_err(|e| sys::Error::new("poll", "commands", e))?;
            drop(fds);
            self.advance(&ready, sender)?;
        }
        self.end_rest();
        Ok(())
    }

    /// Ends the processes that outlive the leaders of their groups.
    fn end_rest(&mut self) {
        self.left.retain(CommandGroup::has_members);
        self.left.iter().for_each(|group| group.signal(GroupSignal::Terminate));
        let limit = Instant::now() + GRACE;
        while !self.left.is_empty() && Instant::now() < limit {
            let _ = poll::wait(&[], Some(Instant::now() + GROUP_LOOK));
            self.left.retain(CommandGroup::has_members);
        }
        self.left.iter().for_each(|group| group.signal(GroupSignal::Kill));
    }
}
