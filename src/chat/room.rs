//! The room: who is in it, what is said, what each has still to be told. Pure: no sockets, no clock, no runtime.
//!
//! The caller brings bytes and takes bytes: [`Room::receive`] with what a member sent, [`Room::flush`] with a way to
//! write to one. Times come in as text.

use super::lag::{Backpressure, LagState};
use super::log::Log;
use super::member::{Id, Member, Members};
use super::nick;
use super::outbox::Outbox;
use super::rules::{Flow, OPERATOR, RoomEvent, Rules, SlowPolicy, Verdict, What};
use crate::text::line::{LineFormat, Overflow};
use crate::text::number::counted;
use std::collections::{HashMap, VecDeque};
use std::io::{self, ErrorKind, IoSlice};
use std::net::SocketAddr;
use std::time::Duration;

/// Slices one write may take: a member that talks has a gap in the log for each run of own lines. The kernel takes
/// 1024 (`IOV_MAX`); what does not fit goes with the next write.
const SLICES: usize = 64;

/// Bytes our own seat, the transcript's or the operator's, may be behind at least. It is the record of the room and
/// goes to a disk or a pipe, whose pauses have nothing to do with what is fair to clients; still it bounds the memory.
const RECORD_LIMIT: u64 = 4 << 20;

/// The members and what was said to them.
#[derive(Debug)]
pub struct Room {
    pub(super) rules: Rules,
    pub(super) log: Log,
    pub(super) members: Members,
    /// Who has which nick, by its likeness.
    pub(super) nicks: HashMap<String, Id>,
    pub(super) operator: Option<Id>,
    /// Starts of the last lines, for newcomers.
    pub(super) recent: VecDeque<u64>,
    backpressure: Backpressure,
    /// [`Log::begun`] when memory was freed last.
    trimmed: u64,
}

impl Room {
    /// An empty room.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            log: Log::default(),
            members: Members::default(),
            nicks: HashMap::new(),
            operator: None,
            recent: VecDeque::new(),
            backpressure: Backpressure::default(),
            trimmed: 0,
        }
    }

    /// Lets somebody in who sits at `address`; why not otherwise.
    pub fn join(&mut self, address: SocketAddr, stamp: &str) -> Result<Id, String> {
        let here = self.members.visible() - usize::from(self.operator.is_some());
        if here >= self.rules.max_clients {
            let are = if here == 1 { "is" } else { "are" };
            return Err(format!("the room is full: {here} {are} here"));
        }
        let outbox = Outbox::new(self.history_start());
        let id = self.members.insert(Member::new(address, outbox, false));
        if self.rules.announce {
            self.announce(id, stamp, "joined");
        }
        Ok(id)
    }

    /// What somebody is told who is not let in for the reason `why`: nothing in a raw room, where nothing but members'
    /// bytes is sent.
    #[must_use]
    pub fn refusal(&self, why: &str, stamp: &str) -> Vec<u8> {
        if self.rules.raw { Vec::new() } else { format!("[{stamp}] * {why}\n").into_bytes() }
    }

    /// Seats the operator, who has a nick and sees no history, but its own lines if it `hears_itself`.
    pub fn join_operator(&mut self, address: SocketAddr, hears_itself: bool) -> Id {
        let mut member = Member::new(address, Outbox::new(self.log.end()), false);
        member.rename(OPERATOR);
        member.hears_itself = hears_itself;
        let id = self.members.insert(member);
        self.nicks.insert(nick::likeness(OPERATOR), id);
        self.operator = Some(id);
        id
    }

    /// The operator has no more to say: from now on its seat only hears.
    pub fn retire_operator(&mut self, stamp: &str) {
        let Some(id) = self.operator.take() else { return };
        if self.rules.announce {
            self.announce(id, stamp, "left");
        }
        if let Some(nick) = self.members.hide(id) {
            self.nicks.remove(&nick::likeness(&nick));
        }
    }

    /// A seat that hears all and is not seen: the transcript's.
    pub fn listen_in(&mut self, address: SocketAddr) -> Id {
        self.members.insert(Member::new(address, Outbox::new(self.log.end()), true))
    }

    /// Takes what `id` sent off the front of `input`; `tell` hears what happened.
    pub fn receive(
        &mut self,
        id: Id,
        input: &mut &[u8],
        stamp: &str,
        tell: &mut dyn FnMut(RoomEvent<'_>),
    ) -> Verdict {
        // A read of nothing but LFs grows a hundredfold when framed; nobody may push all others over their limit.
        let enough = self.log.end() + self.rules.slow_limit / 8;
        let format = self.line_format();
        while !input.is_empty() {
            if self.log.end() > enough {
                return Verdict::Pause;
            }
            let Some(member) = self.members.seated_mut(id) else { return Verdict::Quit };
            let Some(line) = member.framer.next_line(input, format) else { break };
            let verdict = self.take_line(id, &line, stamp, tell);
            if verdict != Verdict::Stay {
                *input = &[];
                return verdict;
            }
        }
        Verdict::Stay
    }

    /// Lets `id` out, its unfinished line said; `why` is what others read after "left".
    pub fn leave(&mut self, id: Id, why: Option<&str>, stamp: &str, tell: &mut dyn FnMut(RoomEvent<'_>)) {
        let format = self.line_format();
        let Some(member) = self.members.seated_mut(id) else { return };
        if let Some(line) = member.framer.finish(format) {
            self.take_line(id, &line, stamp, tell);
        }
        if self.rules.announce {
            match why {
                None => self.announce(id, stamp, "left"),
                Some(why) => self.announce(id, stamp, &format!("left: {why}")),
            }
        }
        let Some(member) = self.members.remove(id) else { return };
        self.backpressure.forget(member.lag);
        if let Some(nick) = member.nick() {
            self.nicks.remove(&nick::likeness(nick));
        }
        if self.operator == Some(id) {
            self.operator = None;
        }
    }

    /// Writes what waits for `id`. An interrupted write is tried again, one that would block ends the matter for now.
    pub fn flush(
        &mut self,
        id: Id,
        stamp: &str,
        tell: &mut dyn FnMut(RoomEvent<'_>),
        mut write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<Flow> {
        let Some(member) = self.members.seated_mut(id) else { return Ok(Flow::Done) };
        while !member.outbox.is_empty(&self.log) {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let filled = member.outbox.gather(&self.log, &mut slices);
            match write(&slices[..filled]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => {
                    member.outbox.advance(written as u64);
                    member.written += written as u64;
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if e.kind() == ErrorKind::WouldBlock => {
                    return Ok(self.fall_behind(id, stamp, tell));
                }
                Err(e) => return Err(e),
            }
        }
        self.backpressure.change(&mut member.lag, |lag| lag.note(0, 0));
        Ok(Flow::Done)
    }

    /// The nick of a member, if it has one.
    #[must_use]
    pub fn nick(&self, id: Id) -> Option<&str> {
        self.members.seated(id).and_then(Member::nick)
    }

    /// Whether the talkers should wait for a reader that is far behind, see `lag`.
    #[must_use]
    pub const fn crowded(&self) -> bool {
        self.backpressure.holds()
    }

    /// Whether it is to be found out soon how fast a reader is; then call [`Self::review`] several times a second.
    #[must_use]
    pub const fn is_pressed(&self) -> bool {
        self.backpressure.is_pressed()
    }

    /// Whether the rate of a slow reader may change; then call [`Self::review`] now and then.
    #[must_use]
    pub const fn is_measured(&self) -> bool {
        self.backpressure.is_measured()
    }

    /// Measures how fast readers that are far behind take what was written to them. `now` counts from any beginning;
    /// `taken` says how much a member has taken in all, of so many bytes written.
    pub fn review(&mut self, now: Duration, mut taken: impl FnMut(Id, u64) -> u64) {
        for (id, member) in self.members.iter_mut().filter(|(_, member)| member.lag.is_measured()) {
            let taken = taken(id, member.written);
            self.backpressure.change(&mut member.lag, |lag| lag.measure(now, taken));
        }
    }

    /// The place after all that was said: grows with each line.
    #[must_use]
    pub const fn place(&self) -> u64 {
        self.log.end()
    }

    /// Bytes of the log held in memory.
    #[cfg(test)]
    #[must_use]
    pub fn held(&self) -> u64 {
        self.log.held()
    }

    /// Frees what everybody has read.
    pub fn trim(&mut self) {
        if self.log.begun() == self.trimmed {
            return;
        }
        self.trimmed = self.log.begun();
        let history = self.recent.front().copied();
        let read = self.members.iter().map(|(_, m)| m.outbox.place()).chain(history).min();
        self.log.release(read.unwrap_or(self.log.end()));
    }

    const fn line_format(&self) -> LineFormat {
        LineFormat { max: self.rules.max_line, keep_cr: self.rules.raw, overflow: Overflow::Truncate }
    }

    fn history_start(&self) -> u64 {
        self.recent.front().copied().unwrap_or(self.log.end())
    }

    /// Whether it is our own seat: the transcript's or the operator's.
    fn is_ours(&self, id: Id) -> bool {
        self.operator == Some(id) || self.members.seated(id).is_some_and(|member| member.hidden)
    }

    /// Bytes a member may be behind.
    pub(super) fn limit(&self, id: Id) -> u64 {
        if self.is_ours(id) { self.rules.slow_limit.max(RECORD_LIMIT) } else { self.rules.slow_limit }
    }

    fn fall_behind(&mut self, id: Id, stamp: &str, tell: &mut dyn FnMut(RoomEvent<'_>)) -> Flow {
        let (ours, limit) = (self.is_ours(id), self.limit(id));
        let Some(member) = self.members.seated_mut(id) else { return Flow::Done };
        let lag = member.outbox.lag(&self.log);
        self.backpressure.change(&mut member.lag, |state| state.note(lag, limit));
        if lag <= limit || !member.lag.is_slow() {
            return Flow::Blocked;
        }
        if self.rules.slow == SlowPolicy::Disconnect && !ours {
            return Flow::TooSlow;
        }
        let lines = member.outbox.jump(&self.log);
        self.backpressure.change(&mut member.lag, LagState::skip);
        if !ours {
            member.missed += lines as u64;
            let what = match member.missed {
                0 => "answers to your commands were left out".to_owned(),
                // The sum, because the last such notice may be among what was left out.
                missed => format!("{} left out so far", counted(missed, "line was", "lines were")),
            };
            self.notify(id, stamp, &format!("you read too slowly: {what}"));
        }
        self.report(id, What::Skipped(lines), tell);
        Flow::Blocked
    }
}
