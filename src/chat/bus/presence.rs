//! Presence: each machine announces itself every two seconds, and is removed after seven seconds of silence. Pure.

use super::envelope::{Entry, MAX_ENTRIES, Message, Subject};
use super::link::{Context, Link, LinkEvent, LinkReport, Now, json, number, public_label, public_nick};
use super::peer::{Peer, Roster};
use crate::chat::Room;
use crate::text::number::counted;
use std::collections::BTreeSet;
use std::mem;
use std::time::Duration;

/// How often a machine announces itself.
const HERE_EVERY: Duration = Duration::from_secs(2);
/// How long a machine may be silent: three messages, and all is over within ten seconds.
const SILENCE: Duration = Duration::from_secs(7);
/// How long a machine may have been silent at most when the bus comes back: it has the rest of [`SILENCE`] to say something.
const BACK: Duration = Duration::from_secs(3);
/// How often one machine is asked for its members.
const WHO_EVERY: Duration = Duration::from_secs(3);
/// Members of one message: 128 KiB at most.
const PART: usize = MAX_ENTRIES / 4;
/// Bytes of answers between two ticks; requests for more must be repeated.
const ANSWERS: usize = 2 << 20;

impl Link {
    /// Announces this machine to the others, and asks for theirs.
    pub fn greet(&mut self, room: &Room, now: Now) {
        self.say_here(room, now);
        let who = json(&self.head("who"));
        self.send(Subject::Presence, who);
    }

    /// The last message: this machine ends.
    #[must_use]
    pub fn farewell(&self) -> (Subject, Vec<u8>) {
        (Subject::Presence, json(&self.head("gone")))
    }

    /// Notes that the connection to the bus is restored, and restarts the timers of missing messages.
    pub fn reconnected(&mut self, room: &Room, now: Now) {
        self.connected = true;
        for peer in self.peers.by_origin.values_mut() {
            peer.sequence.excuse();
            peer.heard = peer.heard.max(now.uptime.saturating_sub(BACK));
        }
        self.greet(room, now);
    }

    fn say_here(&mut self, room: &Room, now: Now) {
        let mut here = self.head("here");
        (here.next, here.count) = (self.outbox.next(), room.present().count() as u64);
        let here = json(&here);
        self.send(Subject::Presence, here);
        self.told = Some(now.uptime);
    }

    /// Does what the time asks for; call it twice a second.
    pub fn tick(&mut self, room: &mut Room, now: Now, report: LinkReport<'_>) {
        self.answers = ANSWERS;
        if self.told.is_none_or(|told| now.uptime.saturating_sub(told) >= HERE_EVERY) {
            self.say_here(room, now);
        }
        let stamp = self.shown("", now);
        for peer in self.peers.by_origin.values_mut() {
            if peer.present && now.uptime.saturating_sub(peer.heard) > SILENCE {
                let why = format!("no message from {} in time", peer.machine);
                forget(peer, room, &why, &stamp);
            }
        }
        if self.connected {
            self.ask_again(&mut Context { room, now, report: &mut *report });
        }
        match (self.outbox.take_unsent(), mem::take(&mut self.refused)) {
            (0, (0, _)) => {}
            (unsent, (refused, why)) => {
                if unsent > 0 {
                    report(LinkEvent::Unsent(unsent));
                }
                if refused > 0 {
                    report(LinkEvent::Refused(refused, why));
                }
            }
        }
    }

    /// Takes "I am there": whether its members should be asked for.
    pub(super) fn hear_here(&mut self, origin: &str, message: &Message<'_>, room: &Room, now: Now) {
        let Some(peer) = self.peers.by_origin.get_mut(origin) else { return };
        peer.sequence.heard_of(message.next.max(1), now.uptime);
        let up_to_date = peer.sequence.expected() == message.next;
        let differs = up_to_date && room.remotes_of(peer.id) as u64 != message.count;
        let is_new = !mem::replace(&mut peer.present, true);
        let asked = peer.asked_who.is_some_and(|at| now.uptime.saturating_sub(at) < WHO_EVERY);
        if is_new || (differs && !asked) {
            peer.asked_who = Some(now.uptime);
            let who = json(&self.head("who"));
            self.send(Subject::To(origin.to_owned()), who);
        }
    }

    /// Answers with the members of this machine.
    pub(super) fn answer_who(&mut self, origin: &str, room: &Room) {
        let members: Vec<_> = room.present().collect();
        let parts = members.len().div_ceil(PART).max(1);
        let chunks: Vec<Vec<u8>> = (0..parts)
            .map(|part| {
                let mut list = self.head("members");
                (list.part, list.parts) = (part as u64 + 1, parts as u64);
                (list.next, list.count) = (self.outbox.next(), members.len() as u64);
                let listed = members.iter().skip(part * PART).take(PART);
                list.members = listed
                    .map(|present| Entry {
                        nick: public_nick(present.nick).into(),
                        address: public_label(present.label),
                        member: number(present.id),
                        claimed: present.claimed,
                        ..Entry::default()
                    })
                    .collect();
                json(&list)
            })
            .collect();
        let size = chunks.iter().map(Vec::len).sum();
        let Some(left) = self.answers.checked_sub(size) else { return };
        self.answers = left;
        for chunk in chunks {
            self.send(Subject::To(origin.to_owned()), chunk);
        }
    }

    /// Takes a part of a machine's members; after the last one those that were not named are gone.
    pub(super) fn hear_members(&mut self, origin: &str, message: &Message<'_>, context: &mut Context<'_>) {
        let Some(peer) = self.peers.by_origin.get_mut(origin) else { return };
        peer.sequence.begin(message.next.max(1));
        peer.present = true;
        let mut roster = match peer.roster.take() {
            Some(roster) if roster.part == message.part => roster,
            _ if message.part == 1 => Roster { part: 1, members: BTreeSet::new() },
            _ => return,
        };
        roster.members.extend(message.members.iter().map(|entry| entry.member));
        roster.part += 1;
        let id = peer.id;
        if roster.part > message.parts {
            context.room.forget_machine(id, |member| roster.members.contains(&member));
        } else if roster.members.len() as u64 <= message.count {
            peer.roster = Some(roster);
        }
        for entry in &message.members {
            self.know(origin, id, entry, context);
        }
    }

    /// Takes the end of a machine.
    pub(super) fn hear_gone(&mut self, origin: &str, room: &mut Room, now: Now) {
        let stamp = self.shown("", now);
        let Some(peer) = self.peers.by_origin.get_mut(origin) else { return };
        let why = format!("{} ended", peer.machine);
        forget(peer, room, &why, &stamp);
    }
}

/// Forgets a machine's members.
fn forget(peer: &mut Peer, room: &mut Room, why: &str, stamp: &str) {
    (peer.present, peer.roster) = (false, None);
    let gone = room.forget_machine(peer.id, |_| false) as u64;
    if gone > 0 && room.announces() {
        room.tell_all(&format!("{} left: {why}", counted(gone, "member", "members")), stamp, true);
    }
}
