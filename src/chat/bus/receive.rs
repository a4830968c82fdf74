//! Messages of other machines: checked, ordered, relayed to the room. Pure.

use super::envelope::{Entry, Message};
use super::link::{Context, Link, LinkEvent, LinkReport, Now};
use super::sequence::Verdict;
use crate::chat::Room;
use crate::chat::remote::{RemoteId, RemoteName};
use crate::text::sanitize::visible_controls;
use std::time::Duration;

impl Link {
    /// Takes a message; one that is malformed changes nothing but a count.
    pub fn receive(&mut self, payload: &[u8], room: &mut Room, now: Now, report: LinkReport<'_>) {
        let context = &mut Context { room, now, report };
        let message = match Message::read(payload) {
            Ok(message) => message,
            Err(why) => return self.refuse(why),
        };
        let origin: &str = &message.origin;
        if origin == self.origin {
            return;
        }
        if self.peers.get(origin, &message.machine, context.now.uptime).is_none() {
            return self.refuse("too many machines");
        }
        match &*message.kind {
            "lines" if message.first > 0 => self.hear_lines(&message, payload, context),
            "lines" => self.refuse("lines without numbers"),
            "here" => {
                self.hear_here(origin, &message, context.room, context.now);
                self.ask_one_again(origin, context);
            }
            "who" => self.answer_who(origin, context.room),
            "members" => self.hear_members(origin, &message, context),
            "again" => self.answer_again(origin, &message),
            "gone" => self.hear_gone(origin, context.room, context.now),
            _ => {} // of a later program that keeps this version
        }
    }

    fn refuse(&mut self, why: &'static str) {
        self.refused = (self.refused.0 + 1, why);
    }

    fn hear_lines(&mut self, message: &Message<'_>, payload: &[u8], context: &mut Context<'_>) {
        let origin: &str = &message.origin;
        let Some(peer) = self.peers.by_origin.get_mut(origin) else { return };
        let lost = if message.next > 0 { peer.sequence.answered(message.first, message.next) } else { 0 };
        self.tell_lost(origin, lost, context);
        self.say_message(message, payload, context);
        self.say_held(origin, context);
        self.ask_one_again(origin, context);
    }

    /// Says the lines of a message that are next.
    fn say_message(&mut self, message: &Message<'_>, payload: &[u8], context: &mut Context<'_>) {
        let Some(peer) = self.peers.by_origin.get_mut(&*message.origin) else { return };
        let (id, count) = (peer.id, message.lines.len() as u64);
        if let Verdict::Say(old) = peer.sequence.take(message.first, count, payload, context.now.uptime) {
            for entry in message.lines.iter().skip(old) {
                self.take_entry(&message.origin, id, entry, context);
            }
        }
    }

    /// Says messages that were held back and come next.
    pub(super) fn say_held(&mut self, origin: &str, context: &mut Context<'_>) {
        while let Some(payload) = self.peers.by_origin.get_mut(origin).and_then(|p| p.sequence.next_held()) {
            // It was read before.
            if let Ok(message) = Message::read(&payload) {
                self.say_message(&message, &payload, context);
            }
        }
    }

    fn take_entry(&mut self, origin: &str, machine: u32, entry: &Entry<'_>, context: &mut Context<'_>) {
        let id = RemoteId { machine, member: entry.member };
        let stamp = self.shown(&entry.time, context.now);
        let before = context.room.remote_name(id).map(str::to_owned).filter(|_| !entry.what.is_empty());
        if entry.what != "leave" {
            self.know(origin, machine, entry, context);
        }
        let room = &mut *context.room;
        match &*entry.what {
            "" => room.say_remote(id, &entry.address, &line(&entry.text, self.max_line), &stamp),
            "leave" => {
                room.forget_remote(id);
                if let Some(name) = before.filter(|_| room.announces()) {
                    let why = line(&entry.text, 64);
                    let why = String::from_utf8_lossy(&why);
                    let text = if why.is_empty() { "left".into() } else { format!("left: {why}") };
                    room.tell_all(&format!("{name} {text}"), &stamp, true);
                }
            }
            "join" if room.announces() => {
                let name = room.remote_name(id).unwrap_or(&entry.address).to_owned();
                room.tell_all(&format!("{name} joined"), &stamp, true);
            }
            "nick" if room.announces() => {
                let name = room.remote_name(id).unwrap_or(&entry.address).to_owned();
                if let Some(before) = before.filter(|before| *before != name) {
                    room.tell_all(&format!("{before} is now {name}"), &stamp, true);
                }
            }
            _ => {}
        }
    }

    /// Notes where a member is and what it is called.
    pub(super) fn know(&mut self, origin: &str, machine: u32, entry: &Entry<'_>, context: &mut Context<'_>) {
        let Context { room, now, report } = context;
        let id = RemoteId { machine, member: entry.member };
        // A claim without a time is younger than any.
        let claimed = if entry.claimed > 0 { entry.claimed } else { i64::MAX };
        let wins_tie = origin < self.origin.as_str();
        let name = RemoteName { address: &entry.address, nick: &entry.nick, claimed, wins_tie };
        if let Some(loser) = room.know_remote(id, name) {
            let stamp = self.shown("", *now);
            let winner = room.remote_name(id).unwrap_or_default().to_owned();
            room.take_nick_away(loser, &winner, &stamp);
            if let Some(label) = room.label(loser).map(str::to_owned) {
                self.lost_nick(loser, &label, *now);
            }
            report(LinkEvent::NickLost(loser, entry.nick.clone().into_owned()));
        }
    }

    /// Takes a message of the past, for new members alone.
    pub fn recall(&mut self, payload: &[u8], room: &mut Room, now: Now) {
        let Ok(message) = Message::read(payload) else { return };
        for entry in message.lines.iter().filter(|entry| entry.what.is_empty()) {
            let stamp = self.shown(&entry.time, now);
            room.recall(&entry.nick, &entry.address, &line(&entry.text, self.max_line), &stamp);
        }
        if let Some(peer) = self.peers.get(&message.origin, &message.machine, Duration::ZERO) {
            peer.sequence.begin(message.first);
            let end = message.first.saturating_add(message.lines.len() as u64);
            peer.sequence.skip_to(end);
        }
    }
}

/// How many lines were said in a message; none in one that is malformed.
#[must_use]
pub fn spoken(payload: &[u8]) -> usize {
    let message = Message::read(payload);
    message.map_or(0, |message| message.lines.iter().filter(|entry| entry.what.is_empty()).count())
}

/// The text of a line as members read it.
fn line(text: &str, max: usize) -> Vec<u8> {
    let end = (0..=text.len().min(max)).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    visible_controls(&text.as_bytes()[..end]).into_owned()
}
