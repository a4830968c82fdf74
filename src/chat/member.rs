//! A member of the room, and the table of members. Pure; for the room alone.

use crate::fanout::{Cursor, LagState};
use crate::text::line::LineFramer;

/// Identifies a member. An id is used again only after its member left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId(u32);

impl MemberId {
    /// A small number, for tables beside the room's.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A member of the room.
#[derive(Debug)]
pub struct Member {
    /// Its unfinished line.
    pub framer: LineFramer,
    /// What waits to be written to it.
    pub cursor: Cursor,
    /// How it keeps up.
    pub lag: LagState,
    /// Bytes written to it so far.
    pub written: u64,
    /// Lines it missed because it reads too slowly.
    pub missed: u64,
    /// It gets its own lines too, because it reads a transcript of everything.
    pub echo: bool,
    /// It only reads, as the transcript does, and is not listed.
    pub hidden: bool,
    /// `NICK (LABEL): ` or `LABEL: `, which precedes each line of this member.
    prefix: Box<str>,
    /// Length of the nick in the prefix; 0 without a nick.
    nick: usize,
    /// Length of the label in the prefix.
    label: usize,
}

impl Member {
    /// A member without a nick. `label` says where it is; `cursor` is at the first line it gets.
    #[must_use]
    pub fn new(label: &str, cursor: Cursor) -> Self {
        Self {
            framer: LineFramer::default(),
            cursor,
            lag: LagState::default(),
            written: 0,
            missed: 0,
            echo: false,
            hidden: false,
            nick: 0,
            label: label.len(),
            prefix: format!("{label}: ").into_boxed_str(),
        }
    }

    /// What precedes each of its lines.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// `NICK (LABEL)` or `LABEL`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.prefix[..self.prefix.len() - ": ".len()]
    }

    /// The nick, if there is one.
    #[must_use]
    pub fn nick(&self) -> Option<&str> {
        (self.nick > 0).then(|| &self.prefix[..self.nick])
    }

    /// Its label.
    #[must_use]
    pub fn label(&self) -> &str {
        let start = if self.nick > 0 { self.nick + " (".len() } else { 0 };
        &self.prefix[start..start + self.label]
    }

    /// Gives it a nick; an empty one takes it away.
    pub fn rename(&mut self, nick: &str) {
        let label = self.label();
        let prefix = if nick.is_empty() { format!("{label}: ") } else { format!("{nick} ({label}): ") };
        self.prefix = prefix.into_boxed_str();
        self.nick = nick.len();
    }
}

/// The members by their ids.
#[derive(Debug, Default)]
pub struct Members {
    slots: Vec<Option<Member>>,
    free: Vec<u32>,
    visible: usize,
}

impl Members {
    /// Adds a member.
    pub fn insert(&mut self, member: Member) -> MemberId {
        self.visible += usize::from(!member.hidden);
        if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = Some(member);
            return MemberId(slot);
        }
        // More than 2^32 members do not fit into memory.
        let id = MemberId(u32::try_from(self.slots.len()).unwrap_or(u32::MAX));
        self.slots.push(Some(member));
        id
    }

    /// Removes a member.
    pub fn remove(&mut self, id: MemberId) -> Option<Member> {
        let member = self.slots.get_mut(id.index())?.take()?;
        self.free.push(id.0);
        self.visible -= usize::from(!member.hidden);
        Some(member)
    }

    /// Hides a member.
    pub fn hide(&mut self, id: MemberId) {
        let Some(member) = self.get_mut(id).filter(|member| !member.hidden) else { return };
        member.hidden = true;
        self.visible -= 1;
    }

    /// The member with this id.
    #[must_use]
    pub fn get(&self, id: MemberId) -> Option<&Member> {
        self.slots.get(id.index())?.as_ref()
    }

    /// The member with this id.
    pub fn get_mut(&mut self, id: MemberId) -> Option<&mut Member> {
        self.slots.get_mut(id.index())?.as_mut()
    }

    /// All members with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (MemberId, &Member)> {
        (0..).zip(&self.slots).filter_map(|(slot, member)| Some((MemberId(slot), member.as_ref()?)))
    }

    /// All members with their ids.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (MemberId, &mut Member)> {
        (0..).zip(&mut self.slots).filter_map(|(slot, member)| Some((MemberId(slot), member.as_mut()?)))
    }

    /// The number of members that are not hidden.
    #[must_use]
    pub const fn visible(&self) -> usize {
        self.visible
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(label: &str) -> Member {
        Member::new(label, Cursor::new(0))
    }

    #[test]
    fn a_nick_stands_before_the_label_and_may_change() {
        let mut ana = member("10.0.0.1:50000");
        assert_eq!((ana.prefix(), ana.nick()), ("10.0.0.1:50000: ", None));
        ana.rename("ana");
        assert_eq!((ana.prefix(), ana.nick()), ("ana (10.0.0.1:50000): ", Some("ana")));
        ana.rename("Änne");
        assert_eq!((ana.name(), ana.nick()), ("Änne (10.0.0.1:50000)", Some("Änne")));
        assert_eq!(member("[::1]:7").name(), "[::1]:7");
    }

    #[test]
    fn an_id_is_used_again_only_when_free() {
        let mut members = Members::default();
        let a = members.insert(member("1.1.1.1:1"));
        let b = members.insert(member("1.1.1.1:2"));
        assert_ne!(a, b);
        assert!(members.remove(a).is_some() && members.remove(a).is_none());
        assert_eq!(members.insert(member("1.1.1.1:3")), a);
        assert_eq!(members.visible(), 2);
    }
}
