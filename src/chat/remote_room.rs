//! Members of other machines in a room, and their lines. Pure.

use super::member::{Member, MemberId};
use super::nick;
use super::remote::{Claim, Holder, Present, RemoteId, RemoteMember, RemoteName, Remotes};
use super::room::Room;
use std::collections::btree_map::Entry;

/// Members of other machines at most; lines of more are relayed, but they are neither listed nor given a nick.
const MAX_REMOTE: usize = 250_000;

impl Room {
    /// Adds a member of another machine, or changes what is known of it. A nick goes to the older claim; returns the member of
    /// this machine that loses it.
    pub fn know_remote(&mut self, id: RemoteId, name: RemoteName<'_>) -> Option<MemberId> {
        let known = self.remotes.members.get(&id);
        if known.is_some_and(|known| known.address() == name.address && known.nick() == name.nick) {
            return None;
        }
        if known.is_none() && self.remotes.len() >= MAX_REMOTE {
            return None;
        }
        let (nick, loser) = if name.nick.is_empty() { ("", None) } else { self.claim(id, name) };
        if known_as(&self.remotes, id) != nick {
            self.release_nick(id);
        }
        if !nick.is_empty() {
            let claim = Claim { holder: Holder::There(id), since: name.claimed };
            self.nicks.insert(nick::likeness(nick), claim);
        }
        self.remotes.members.insert(id, RemoteMember::new(name.address, nick));
        loser
    }

    /// The nick that a claim gains, if any, and the member of this machine that loses it.
    fn claim<'a>(&mut self, id: RemoteId, name: RemoteName<'a>) -> (&'a str, Option<MemberId>) {
        let Some(&claim) = self.nicks.get(&nick::likeness(name.nick)) else { return (name.nick, None) };
        let older = name.claimed < claim.since || (name.claimed == claim.since && name.wins_tie);
        match claim.holder {
            Holder::There(other) if other == id => (name.nick, None),
            Holder::Here(member) if older && self.operator != Some(member) => (name.nick, Some(member)),
            Holder::There(other) if older => {
                if let Entry::Occupied(mut loser) = self.remotes.members.entry(other) {
                    let unnamed = RemoteMember::new(loser.get().address(), "");
                    loser.insert(unnamed);
                }
                (name.nick, None)
            }
            _ => ("", None),
        }
    }

    fn release_nick(&mut self, id: RemoteId) {
        let before = known_as(&self.remotes, id);
        if before.is_empty() {
            return;
        }
        let likeness = nick::likeness(before);
        if self.nicks.get(&likeness).is_some_and(|claim| claim.holder == Holder::There(id)) {
            self.nicks.remove(&likeness);
        }
    }

    /// What others read of a member of another machine; `None` if it is not listed.
    #[must_use]
    pub fn remote_name(&self, id: RemoteId) -> Option<&str> {
        self.remotes.members.get(&id).map(RemoteMember::name)
    }

    /// How many members of a machine are listed.
    #[must_use]
    pub fn remotes_of(&self, machine: u32) -> usize {
        self.remotes.of(machine).count()
    }

    /// Forgets a member of another machine.
    pub fn forget_remote(&mut self, id: RemoteId) {
        self.release_nick(id);
        self.remotes.members.remove(&id);
    }

    /// Forgets all members of a machine but those that `keep`; returns how many.
    pub fn forget_machine(&mut self, machine: u32, keep: impl Fn(u32) -> bool) -> usize {
        let gone: Vec<RemoteId> = self.remotes.of(machine).filter(|id| !keep(id.member)).collect();
        for &id in &gone {
            self.forget_remote(id);
        }
        gone.len()
    }

    /// Relays a line of a member of another machine; `address` names one that is not listed.
    pub fn say_remote(&mut self, id: RemoteId, address: &str, text: &[u8], stamp: &str) {
        let prefix = self.remotes.members.get(&id).map(|member| &*member.prefix);
        let (name, colon) = prefix.map_or((address, ": "), |prefix| (prefix, ""));
        let line =
            self.log.append_line(&[b"[", stamp.as_bytes(), b"] ", name.as_bytes(), colon.as_bytes(), text]);
        self.remember(line.start);
    }

    /// Adds a line of the history, for members that join later.
    pub fn recall(&mut self, nick: &str, address: &str, text: &[u8], stamp: &str) {
        let name = RemoteMember::new(address, nick);
        let line = self.log.append_line(&[b"[", stamp.as_bytes(), b"] ", name.prefix.as_bytes(), text]);
        self.remember(line.start);
    }

    /// The members of this machine.
    pub fn present(&self) -> impl Iterator<Item = Present<'_>> {
        self.members.iter().filter(|(_, member)| !member.hidden).map(|(id, member)| {
            let nick = member.nick();
            let claim = nick.and_then(|nick| self.nicks.get(&nick::likeness(nick)));
            Present { id, label: member.label(), nick, claimed: claim.map_or(0, |claim| claim.since) }
        })
    }

    /// Where a member of this machine is.
    #[must_use]
    pub fn label(&self, id: MemberId) -> Option<&str> {
        self.members.get(id).map(Member::label)
    }

    /// Whether those who join and leave are announced.
    #[must_use]
    pub const fn announces(&self) -> bool {
        self.rules.announce
    }

    /// Tells all members something; with `remembered` new ones too, as far as they get history.
    pub fn tell_all(&mut self, text: &str, stamp: &str, remembered: bool) {
        let line = self.log.append_line(&["[", stamp, "] * ", text].map(str::as_bytes));
        if remembered {
            self.remember(line.start);
        }
    }

    /// Takes the nick of a member of this machine away, because `winner` has the older claim.
    pub fn take_nick_away(&mut self, id: MemberId, winner: &str, stamp: &str) {
        let Some(member) = self.members.get_mut(id) else { return };
        let Some(nick) = member.nick().map(str::to_owned) else { return };
        let before = member.name().to_owned();
        member.rename("");
        let text = format!("{winner} took the nick {nick} first: you are now {}", member.name());
        self.notify(id, stamp, &text);
        if self.rules.announce {
            self.announce_rename(id, &before, stamp);
        }
    }
}

fn known_as(remotes: &Remotes, id: RemoteId) -> &str {
    remotes.members.get(&id).map_or("", RemoteMember::nick)
}
