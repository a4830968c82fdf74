//! The command of one peer of a datagram server: a pipe as its input, and an output whose every write is one datagram.

use super::recipients::Recipient;
use crate::event::Subject;
use crate::session::command::{CommandLine, GRACE, environment};
use crate::sys::Result;
use crate::sys::child::{CommandGroup, GroupSignal};
use crate::sys::pipe::{CommandPipes, read_now, write_now};
use crate::sys::poll::Interest;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

/// How far a command is on its way to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Runs,
    /// Its input ended then.
    InputEnded(Instant),
    /// It got SIGTERM then.
    Terminated(Instant),
    /// It got SIGKILL.
    Killed,
}

/// A command, and the way to its peer.
pub(super) struct PeerCommand {
    pub(super) peer: Recipient,
    /// What events say of it: the socket with this peer.
    pub(super) subject: Subject,
    pub(super) group: CommandGroup,
    input: Option<OwnedFd>,
    output: Option<OwnedFd>,
    /// The rest of a datagram that the pipe had no room for.
    unwritten: Vec<u8>,
    /// When a datagram last went either way.
    moved: Instant,
    stage: Stage,
}

impl PeerCommand {
    /// Starts the command.
    pub(super) fn start(line: &CommandLine, peer: Recipient, subject: Subject, now: Instant) -> Result<Self> {
        let pipes = CommandPipes::with_records().map_err(|e| line.failed(e))?;
        let (input, output) = pipes.theirs;
        let mut command = line.command(&environment(&subject, None));
        let group = CommandGroup::start(command.stdin(input).stdout(output)).map_err(|e| line.failed(e))?;
        let (input, output) = (Some(pipes.input), Some(pipes.output));
        let unwritten = Vec::new();
        Ok(Self { peer, subject, group, input, output, unwritten, moved: now, stage: Stage::Runs })
    }

    /// Writes a datagram to the command, whole; returns whether it was taken. One is dropped while the command has not read
    /// what was written before, as the kernel does where a queue is full.
    pub(super) fn give(&mut self, payload: &[u8], now: Instant) -> bool {
        self.moved = now;
        let Some(input) = self.input.as_ref().filter(|_| self.unwritten.is_empty()) else { return false };
        match write_now(input.as_fd(), payload) {
            Ok(written) => self.unwritten.extend_from_slice(&payload[written..]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
            // It closed its input, and may still write.
            Err(_) => self.input = None,
        }
        true
    }

    /// Writes the rest of a datagram.
    pub(super) fn write_rest(&mut self) {
        let Some(input) = &self.input else { return self.unwritten.clear() };
        match write_now(input.as_fd(), &self.unwritten) {
            Ok(written) => drop(self.unwritten.drain(..written)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => {
                self.input = None;
                self.unwritten.clear();
            }
        }
        if self.stage != Stage::Runs && self.unwritten.is_empty() {
            self.input = None;
        }
    }

    /// Reads one write of the command; `None` if there is none now.
    pub(super) fn read<'b>(&mut self, buffer: &'b mut [u8], now: Instant) -> Option<&'b [u8]> {
        match read_now(self.output.as_ref()?.as_fd(), buffer) {
            Ok(read) if read > 0 => {
                self.moved = now;
                Some(&buffer[..read])
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
            Ok(_) | Err(_) => {
                self.output = None;
                None
            }
        }
    }

    /// How the command ended, once it did.
    pub(super) fn status(&self) -> Option<ExitStatus> {
        self.group.try_wait().ok().flatten()
    }

    /// Ends the command's input.
    pub(super) fn end_input(&mut self, now: Instant) {
        if self.stage == Stage::Runs {
            self.stage = Stage::InputEnded(now);
            self.write_rest();
        }
    }

    /// Asks the command to end.
    pub(super) fn terminate(&mut self, now: Instant) {
        if !matches!(self.stage, Stage::Terminated(_) | Stage::Killed) {
            self.stage = Stage::Terminated(now);
            self.group.signal(GroupSignal::Terminate);
        }
    }

    /// Takes the next step to the end of a command that is idle, or on its way to its end.
    pub(super) fn pass_time(&mut self, idle: Duration, now: Instant) {
        if self.deadline(idle).is_none_or(|then| now < then) {
            return;
        }
        match self.stage {
            Stage::Runs => self.end_input(now),
            Stage::InputEnded(_) => self.terminate(now),
            Stage::Terminated(_) | Stage::Killed => {
                self.stage = Stage::Killed;
                self.group.signal(GroupSignal::Kill);
            }
        }
    }

    /// When [`Self::pass_time`] has something to do.
    pub(super) fn deadline(&self, idle: Duration) -> Option<Instant> {
        match self.stage {
            Stage::Runs => self.moved.checked_add(idle),
            Stage::InputEnded(then) | Stage::Terminated(then) => Some(then + GRACE),
            Stage::Killed => None,
        }
    }

    /// What to wait for: its end, its output, and room for the rest of a datagram.
    pub(super) fn interests(&self) -> impl Iterator<Item = (BorrowedFd<'_>, Interest)> {
        let input = self.input.as_ref().filter(|_| !self.unwritten.is_empty());
        let output = self.output.as_ref().map(|fd| (fd.as_fd(), Interest::Reading));
        let end = (self.group.as_fd(), Interest::Reading);
        [Some(end), output, input.map(|fd| (fd.as_fd(), Interest::Writing))].into_iter().flatten()
    }
}
