//! The input of a member: lines, which are relayed to all, and commands, which are answered to that member only. Pure.

use super::command::{Command, HELP, OPERATOR_QUIT};
use super::member::{Member, MemberId};
use super::nick;
use super::remote::{Claim, Holder};
use super::room::Room;
use super::rules::{OPERATOR, Received, Report, RoomEvent, RoomEventKind, SlowPolicy};
use crate::text::line::{Line, LineFormat, Overflow};
use crate::text::number::counted;
use crate::text::sanitize::visible_controls;
use std::borrow::Cow;

impl Room {
    /// Takes what `id` sent off the front of `input`; `report` gets what happened.
    pub fn receive(&mut self, id: MemberId, input: &mut &[u8], stamp: &str, report: Report<'_>) -> Received {
        // A read of nothing but LFs grows a hundredfold when framed; no sender may push all others over their limit.
        let enough = self.log.end() + self.rules.slow_limit / 8;
        let format = self.line_format();
        while !input.is_empty() {
            if self.log.end() > enough {
                return Received::Part;
            }
            let Some(member) = self.members.get_mut(id) else { return Received::Quit };
            let Some(line) = member.framer.next_line(input, format) else { break };
            let received = self.take_line(id, &line, stamp, report);
            if received != Received::All {
                *input = &[];
                return received;
            }
        }
        Received::All
    }

    pub(super) const fn line_format(&self) -> LineFormat {
        LineFormat { max: self.rules.max_line, keep_cr: self.rules.raw, overflow: Overflow::Truncate }
    }

    pub(super) fn take_line(
        &mut self,
        id: MemberId,
        line: &Line<'_>,
        stamp: &str,
        report: Report<'_>,
    ) -> Received {
        if line.dropped > 0 {
            self.report(id, RoomEventKind::Truncated(line.dropped), report);
            let text = format!(
                "your line was too long: the last {} dropped",
                counted(line.dropped, "byte was", "bytes were")
            );
            if self.notify(id, stamp, &text) == Received::TooSlow {
                return Received::TooSlow;
            }
        }
        let command = if self.rules.raw { Command::Say(&line.text) } else { Command::parse(&line.text) };
        match command {
            Command::Say(text) => {
                let text = if self.rules.raw { Cow::Borrowed(text) } else { visible_controls(text) };
                self.say(id, &text, stamp);
                self.report(id, RoomEventKind::Line(&text), report);
                Received::All
            }
            Command::Nick(name) => self.rename(id, name, stamp, report),
            Command::Who => self.list(id, stamp),
            Command::Help => HELP.iter().map(|text| self.notify(id, stamp, text)).fold(Received::All, worse),
            // The operator stays as long as the room, and a typing error must not end the room.
            Command::Quit if self.operator == Some(id) => self.notify(id, stamp, OPERATOR_QUIT),
            Command::Quit => {
                if let Some(member) = self.members.get_mut(id) {
                    member.framer.clear();
                }
                Received::Quit
            }
            Command::Unknown(word) => {
                let word = String::from_utf8_lossy(&word[..word.len().min(16)]).escape_debug().to_string();
                self.notify(id, stamp, &format!("unknown command /{word}; /help lists the commands"))
            }
        }
    }

    fn say(&mut self, id: MemberId, text: &[u8], stamp: &str) {
        let Some(member) = self.members.get_mut(id) else { return };
        let range = if self.rules.raw {
            self.log.append_line(&[text])
        } else {
            self.log.append_line(&[b"[", stamp.as_bytes(), b"] ", member.prefix().as_bytes(), text])
        };
        let start = range.start;
        if !member.echo {
            member.cursor.leave_out(range);
        }
        self.remember(start);
    }

    /// Keeps the start of a line for new members, and forgets those they would not get.
    pub(super) fn remember(&mut self, start: u64) {
        if self.rules.history == 0 {
            return;
        }
        self.recent.push_back(start);
        let oldest = self.log.end().saturating_sub(self.rules.slow_limit / 2);
        while self.recent.len() > self.rules.history || self.recent.front().is_some_and(|&s| s < oldest) {
            self.recent.pop_front();
        }
    }

    /// Says to all others that `id` did `what`.
    pub(super) fn announce(&mut self, id: MemberId, stamp: &str, what: &str) {
        let Some(member) = self.members.get_mut(id).filter(|member| !member.hidden) else { return };
        if self.rules.raw {
            return;
        }
        let parts = ["[", stamp, "] * ", member.name(), " ", what].map(str::as_bytes);
        let range = self.log.append_line(&parts);
        let start = range.start;
        member.cursor.leave_out(range);
        self.remember(start);
    }

    /// Sends a notice to `id` alone.
    pub(super) fn notify(&mut self, id: MemberId, stamp: &str, text: &str) -> Received {
        let limit = self.limit(id);
        let Some(member) = self.members.get_mut(id) else { return Received::Quit };
        if self.rules.raw {
            return Received::All;
        }
        // A member that asks for more than it reads is slow by what waits for it alone.
        let is_slow = member.lag.is_slow() || member.cursor.private() > limit;
        if is_slow && member.cursor.lag(&self.log) > limit {
            return match self.rules.slow {
                SlowPolicy::Disconnect => Received::TooSlow,
                SlowPolicy::Drop => Received::All,
            };
        }
        member.cursor.insert(&self.log, format!("[{stamp}] * {text}\n").as_bytes());
        Received::All
    }

    fn rename(&mut self, id: MemberId, name: &[u8], stamp: &str, report: Report<'_>) -> Received {
        if name.is_empty() {
            return self.notify(id, stamp, "missing name: /nick NAME");
        }
        let name = match nick::check(name) {
            Ok(name) => name,
            Err(why) => return self.notify(id, stamp, &format!("invalid nick: it {why}")),
        };
        let likeness = nick::likeness(name);
        let taken = self.nicks.get(&likeness).is_some_and(|claim| claim.holder != Holder::Here(id));
        let Some(member) = self.members.get_mut(id) else { return Received::Quit };
        if taken || (likeness == nick::likeness(OPERATOR) && self.operator != Some(id)) {
            return self.notify(id, stamp, "that nick is already taken");
        }
        let (before, old) = (member.name().to_owned(), member.nick().map(str::to_owned));
        let is_new = old.as_deref() != Some(name);
        if is_new {
            if let Some(old) = &old {
                self.nicks.remove(&nick::likeness(old));
            }
            member.rename(name);
            self.nicks.insert(likeness, Claim { holder: Holder::Here(id), since: self.now });
        }
        let now = format!("you are now {}", member.name());
        let notified = self.notify(id, stamp, &now);
        if is_new {
            if self.rules.announce {
                self.announce_rename(id, &before, stamp);
            }
            self.report(id, RoomEventKind::Nick(old.as_deref()), report);
        }
        notified
    }

    pub(super) fn announce_rename(&mut self, id: MemberId, before: &str, stamp: &str) {
        let Some(member) = self.members.get_mut(id) else { return };
        let parts = ["[", stamp, "] * ", before, " is now ", member.name()].map(str::as_bytes);
        let range = self.log.append_line(&parts);
        let start = range.start;
        member.cursor.leave_out(range);
        self.remember(start);
    }

    /// Answers `/who`; in a large room only as much as leaves the member that asked well within its limit.
    fn list(&mut self, id: MemberId, stamp: &str) -> Received {
        let here = self.members.visible() + self.remotes.len();
        let mut answer = format!("{here} here");
        let enough = usize::try_from(self.rules.slow_limit / 8).unwrap_or(usize::MAX);
        let members = self.members.iter().filter(|(_, member)| !member.hidden);
        let members = members.map(|(other, member)| (member.name(), other == id));
        let listed = members.chain(self.remotes.names().map(|name| (name, false)));
        for (count, (name, is_you)) in listed.enumerate() {
            answer.extend(["\n[", stamp, "] * "]);
            if answer.len() > enough {
                answer.extend(["and ", &(here - count).to_string(), " more"]);
                break;
            }
            answer.extend([name, if is_you { ", you" } else { "" }]);
        }
        self.notify(id, stamp, &answer)
    }

    pub(super) fn report(&self, id: MemberId, kind: RoomEventKind<'_>, report: Report<'_>) {
        let member = self.members.get(id);
        let (nick, label) = (member.and_then(Member::nick), member.map_or("", Member::label));
        report(RoomEvent { id, label, nick, kind });
    }
}

const fn worse(a: Received, b: Received) -> Received {
    if matches!(a, Received::All) { b } else { a }
}
