//! Members of other machines: names in the list of members, without a connection. Pure.

use super::member::MemberId;
use std::collections::BTreeMap;

/// Identifies a member of another machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RemoteId {
    /// The machine; never used again.
    pub machine: u32,
    /// The member's number on its machine.
    pub member: u32,
}

/// Who has a nick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A member of this machine.
    Here(MemberId),
    /// One of another machine.
    There(RemoteId),
}

/// A nick that is taken.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    pub holder: Holder,
    /// When it was taken: milliseconds since 1970.
    pub since: i64,
}

/// A member as another machine describes it.
#[derive(Clone, Copy, Debug)]
pub struct RemoteName<'a> {
    /// Where it is.
    pub address: &'a str,
    /// Its nick; empty if it has none.
    pub nick: &'a str,
    /// When it took the nick: milliseconds since 1970.
    pub claimed: i64,
    /// Between two claims of the same millisecond, this one wins over those of this machine.
    pub wins_tie: bool,
}

/// A member of this machine.
#[derive(Clone, Copy, Debug)]
pub struct Present<'a> {
    pub id: MemberId,
    /// Where it is.
    pub label: &'a str,
    pub nick: Option<&'a str>,
    /// When it took the nick: milliseconds since 1970; 0 without one.
    pub claimed: i64,
}

/// Members of other machines, and what precedes their lines: `NICK (ADDRESS): ` or `ADDRESS: `.
#[derive(Debug, Default)]
pub struct Remotes {
    pub members: BTreeMap<RemoteId, RemoteMember>,
}

/// See [`Remotes`].
#[derive(Debug)]
pub struct RemoteMember {
    /// What precedes its lines.
    pub prefix: Box<str>,
    /// Length of the nick in the prefix; 0 without a nick.
    nick: u8,
}

impl RemoteMember {
    pub fn new(address: &str, nick: &str) -> Self {
        let prefix = if nick.is_empty() { format!("{address}: ") } else { format!("{nick} ({address}): ") };
        // A nick has 24 characters at most.
        Self { prefix: prefix.into_boxed_str(), nick: u8::try_from(nick.len()).unwrap_or(0) }
    }

    pub fn name(&self) -> &str {
        &self.prefix[..self.prefix.len() - ": ".len()]
    }

    pub fn nick(&self) -> &str {
        &self.prefix[..usize::from(self.nick)]
    }

    pub fn address(&self) -> &str {
        match self.nick {
            0 => self.name(),
            _ => &self.name()[usize::from(self.nick) + " (".len()..self.name().len() - ")".len()],
        }
    }
}

impl Remotes {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.values().map(RemoteMember::name)
    }

    pub fn of(&self, machine: u32) -> impl Iterator<Item = RemoteId> {
        let all = RemoteId { machine, member: 0 }..=RemoteId { machine, member: u32::MAX };
        self.members.range(all).map(|(&id, _)| id)
    }
}
