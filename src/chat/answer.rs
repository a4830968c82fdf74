//! What the room does about one line: says it to all, or obeys it and answers the member alone. Pure.

use super::command::{Command, HELP, OPERATOR_QUIT};
use super::member::{Id, Member};
use super::nick;
use super::room::Room;
use super::rules::{OPERATOR, RoomEvent, SlowPolicy, Verdict, What};
use crate::text::line::Line;
use crate::text::number::counted;
use crate::text::sanitize::visible_controls;
use std::borrow::Cow;

impl Room {
    pub(super) fn take_line(
        &mut self,
        id: Id,
        line: &Line<'_>,
        stamp: &str,
        tell: &mut dyn FnMut(RoomEvent<'_>),
    ) -> Verdict {
        if line.dropped > 0 {
            self.report(id, What::Shortened(line.dropped), tell);
            let text = format!(
                "your line was too long: the last {} dropped",
                counted(line.dropped, "byte was", "bytes were")
            );
            if self.notify(id, stamp, &text) == Verdict::TooSlow {
                return Verdict::TooSlow;
            }
        }
        let command = if self.rules.raw { Command::Say(&line.text) } else { Command::parse(&line.text) };
        match command {
            Command::Say(text) => {
                let text = if self.rules.raw { Cow::Borrowed(text) } else { visible_controls(text) };
                self.say(id, &text, stamp);
                self.report(id, What::Line(&text), tell);
                Verdict::Stay
            }
            Command::Nick(name) => self.rename(id, name, stamp, tell),
            Command::Who => self.list(id, stamp),
            Command::Help => HELP.iter().map(|text| self.notify(id, stamp, text)).fold(Verdict::Stay, worse),
            // Its seat is not one a client may leave, nor may a typing error end the room.
            Command::Quit if self.operator == Some(id) => self.notify(id, stamp, OPERATOR_QUIT),
            Command::Quit => {
                if let Some(member) = self.members.seated_mut(id) {
                    member.framer.clear();
                }
                Verdict::Quit
            }
            Command::Unknown(word) => {
                let word = String::from_utf8_lossy(&word[..word.len().min(16)]).escape_debug().to_string();
                self.notify(id, stamp, &format!("there is no command /{word}; /help lists them"))
            }
        }
    }

    fn say(&mut self, id: Id, text: &[u8], stamp: &str) {
        let Some(member) = self.members.seated_mut(id) else { return };
        let range = if self.rules.raw {
            self.log.append(&[text])
        } else {
            self.log.append(&[b"[", stamp.as_bytes(), b"] ", member.label().as_bytes(), text])
        };
        let start = range.start;
        if !member.hears_itself {
            member.outbox.skip(range);
        }
        self.remember(start);
    }

    /// Keeps the start of a line for newcomers, and forgets those they would not get.
    fn remember(&mut self, start: u64) {
        if self.rules.history == 0 {
            return;
        }
        self.recent.push_back(start);
        let oldest = self.log.end().saturating_sub(self.rules.slow_limit / 2);
        while self.recent.len() > self.rules.history || self.recent.front().is_some_and(|&s| s < oldest) {
            self.recent.pop_front();
        }
    }

    pub(super) fn announce(&mut self, id: Id, stamp: &str, what: &str) {
        let Some(member) = self.members.seated_mut(id) else { return };
        if self.rules.raw || member.hidden {
            return;
        }
        let parts = ["[", stamp, "] * ", member.name(), " ", what].map(str::as_bytes);
        let range = self.log.append(&parts);
        let start = range.start;
        member.outbox.skip(range);
        self.remember(start);
    }

    /// Tells `id` alone.
    pub(super) fn notify(&mut self, id: Id, stamp: &str, text: &str) -> Verdict {
        let limit = self.limit(id);
        let Some(member) = self.members.seated_mut(id) else { return Verdict::Quit };
        if self.rules.raw {
            return Verdict::Stay;
        }
        // Who asks more than it reads is slow by what waits for it alone.
        let is_slow = member.lag.is_slow() || member.outbox.private() > limit;
        if is_slow && member.outbox.lag(&self.log) > limit {
            return match self.rules.slow {
                SlowPolicy::Disconnect => Verdict::TooSlow,
                SlowPolicy::Drop => Verdict::Stay,
            };
        }
        member.outbox.tell(&self.log, format!("[{stamp}] * {text}\n").as_bytes());
        Verdict::Stay
    }

    fn rename(&mut self, id: Id, name: &[u8], stamp: &str, tell: &mut dyn FnMut(RoomEvent<'_>)) -> Verdict {
        if name.is_empty() {
            return self.notify(id, stamp, "/nick NAME: a name is missing");
        }
        let name = match nick::check(name) {
            Ok(name) => name,
            Err(why) => return self.notify(id, stamp, &format!("that nick is refused: it {why}")),
        };
        let likeness = nick::likeness(name);
        let taken = self.nicks.get(&likeness).is_some_and(|&other| other != id);
        let Some(member) = self.members.seated_mut(id) else { return Verdict::Quit };
        if taken || (likeness == nick::likeness(OPERATOR) && self.operator != Some(id)) {
            return self.notify(id, stamp, "that nick is refused: it is another's");
        }
        if member.nick() == Some(name) {
            let now = format!("you are {} now", member.name());
            return self.notify(id, stamp, &now);
        }
        let before = member.name().to_owned();
        let old = member.nick().map(str::to_owned);
        if let Some(old) = &old {
            self.nicks.remove(&nick::likeness(old));
        }
        member.rename(name);
        self.nicks.insert(likeness, id);
        let now = format!("you are {} now", member.name());
        let told = self.notify(id, stamp, &now);
        if self.rules.announce {
            self.announce_rename(id, &before, stamp);
        }
        self.report(id, What::Nick(old.as_deref()), tell);
        told
    }

    fn announce_rename(&mut self, id: Id, before: &str, stamp: &str) {
        let Some(member) = self.members.seated_mut(id) else { return };
        let parts = ["[", stamp, "] * ", before, " is ", member.name(), " now"].map(str::as_bytes);
        let range = self.log.append(&parts);
        let start = range.start;
        member.outbox.skip(range);
        self.remember(start);
    }

    /// Answers `/who`; in a large room only as much as leaves the asker well within the limit.
    fn list(&mut self, id: Id, stamp: &str) -> Verdict {
        let here = self.members.visible();
        let mut answer = format!("{here} here");
        let enough = usize::try_from(self.rules.slow_limit / 8).unwrap_or(usize::MAX);
        for (told, (other, member)) in self.members.iter().filter(|(_, m)| !m.hidden).enumerate() {
            answer.extend(["\n[", stamp, "] * "]);
            if answer.len() > enough {
                answer.extend(["and ", &(here - told).to_string(), " more"]);
                break;
            }
            answer.extend([member.name(), if other == id { ", you" } else { "" }]);
        }
        self.notify(id, stamp, &answer)
    }

    pub(super) fn report(&self, id: Id, what: What<'_>, tell: &mut dyn FnMut(RoomEvent<'_>)) {
        let nick = self.members.seated(id).and_then(Member::nick);
        tell(RoomEvent { nick, what });
    }
}

const fn worse(a: Verdict, b: Verdict) -> Verdict {
    if matches!(a, Verdict::Stay) { b } else { a }
}
