//! The room: its members, as they join and leave. Pure: no sockets, no clock, no runtime.
//!
//! The caller brings bytes and takes bytes: [`Room::receive`] with what a member sent, [`Room::flush`] with a way to
//! write to one. A member is an id and a label, the text that says where it is. Times come in as text.

use super::member::{Member, MemberId, Members};
use super::nick;
use super::remote::{Claim, Holder, Remotes};
use super::rules::{OPERATOR, Report, Rules};
use crate::fanout::{Backpressure, Cursor, Log};
use std::collections::{HashMap, VecDeque};

/// The members and the lines sent to them.
#[derive(Debug)]
pub struct Room {
    pub(super) rules: Rules,
    pub(super) log: Log,
    pub(super) members: Members,
    /// The owner of each nick, by the nick's skeleton.
    pub(super) nicks: HashMap<String, Claim>,
    pub(super) operator: Option<MemberId>,
    /// Members of other machines.
    pub(super) remotes: Remotes,
    /// Milliseconds since 1970, where claims of nicks are compared.
    pub(super) now: i64,
    /// Starts of the last lines, for new members.
    pub(super) recent: VecDeque<u64>,
    pub(super) backpressure: Backpressure,
    /// [`Log::segments_begun`] when memory was freed last.
    pub(super) trimmed: u64,
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
            remotes: Remotes::default(),
            now: 0,
            recent: VecDeque::new(),
            backpressure: Backpressure::default(),
            trimmed: 0,
        }
    }

    /// Adds a member; the error says why it is refused.
    pub fn join(&mut self, label: &str, stamp: &str) -> Result<MemberId, String> {
        let operator = self.operator.and_then(|id| self.members.get(id));
        let here = self.members.visible() - usize::from(operator.is_some_and(|member| !member.hidden));
        if here >= self.rules.max_clients {
            let are = if here == 1 { "is" } else { "are" };
            return Err(format!("the room is full: {here} {are} connected"));
        }
        let first = self.recent.front().copied().unwrap_or(self.log.end());
        let id = self.members.insert(Member::new(label, Cursor::new(first)));
        if self.rules.announce {
            self.announce(id, stamp, "joined");
        }
        Ok(id)
    }

    /// What a client reads that is refused for the reason `why`: nothing in a raw room, which sends nothing but its members'
    /// bytes.
    #[must_use]
    pub fn refusal(&self, why: &str, stamp: &str) -> Vec<u8> {
        if self.rules.raw { Vec::new() } else { format!("[{stamp}] * {why}\n").into_bytes() }
    }

    /// Adds the operator, who has a nick and gets no history, but its own lines if `echo`.
    pub fn join_operator(&mut self, label: &str, echo: bool) -> MemberId {
        let mut member = Member::new(label, Cursor::new(self.log.end()));
        member.echo = echo;
        member.rename(OPERATOR);
        let id = self.members.insert(member);
        self.claim_nick(OPERATOR, id);
        self.operator = Some(id);
        id
    }

    /// Adds a program in the operator's place: its lines are in the transcript, and it is in no list of members.
    pub fn join_program(&mut self, label: &str) -> MemberId {
        let id = self.join_operator(label, true);
        self.members.hide(id);
        id
    }

    /// Ends what the operator says, its unfinished line said: from now on it only reads, hidden.
    pub fn retire_operator(&mut self, stamp: &str, report: Report<'_>) {
        let Some(id) = self.operator else { return };
        let format = self.line_format();
        if let Some(line) = self.members.get_mut(id).and_then(|member| member.framer.finish(format)) {
            self.take_line(id, &line, stamp, report);
        }
        self.operator = None;
        if self.rules.announce {
            self.announce(id, stamp, "left");
        }
        if let Some(nick) = self.nick(id) {
            self.nicks.remove(&nick::likeness(nick));
        }
        self.members.hide(id);
    }

    /// Adds a hidden member that only reads: the transcript.
    pub fn join_transcript(&mut self, label: &str) -> MemberId {
        let mut member = Member::new(label, Cursor::new(self.log.end()));
        member.hidden = true;
        self.members.insert(member)
    }

    /// Removes a member, its unfinished line said; `why` is what others read after "left".
    pub fn leave(&mut self, id: MemberId, why: Option<&str>, stamp: &str, report: Report<'_>) {
        let format = self.line_format();
        let Some(member) = self.members.get_mut(id) else { return };
        if let Some(line) = member.framer.finish(format) {
            self.take_line(id, &line, stamp, report);
        }
        if self.rules.announce {
            match why {
                None => self.announce(id, stamp, "left"),
                Some(why) => self.announce(id, stamp, &format!("left: {why}")),
            }
        }
        let Some(member) = self.members.remove(id) else { return };
        self.backpressure.remove(member.lag);
        if let Some(nick) = member.nick() {
            self.nicks.remove(&nick::likeness(nick));
        }
        if self.operator == Some(id) {
            self.operator = None;
        }
    }

    /// Sets the time of claims of nicks: milliseconds since 1970.
    pub const fn set_time(&mut self, now: i64) {
        self.now = now;
    }

    pub(super) fn claim_nick(&mut self, nick: &str, id: MemberId) {
        let claim = Claim { holder: Holder::Here(id), since: self.now };
        self.nicks.insert(nick::likeness(nick), claim);
    }

    /// The nick of a member, if it has one.
    #[must_use]
    pub fn nick(&self, id: MemberId) -> Option<&str> {
        self.members.get(id).and_then(Member::nick)
    }

    /// The place after all that was said: grows with each line.
    #[must_use]
    pub const fn place(&self) -> u64 {
        self.log.end()
    }
}
