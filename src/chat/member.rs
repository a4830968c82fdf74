//! One member of the room, and the table of them. Pure; for the room alone.

use super::lag::LagState;
use super::outbox::Outbox;
use crate::text::line::LineFramer;
use std::net::{IpAddr, SocketAddr};

/// A member's place in the room. It is given to another only after its member left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(u32);

impl Id {
    /// Small numbers, for tables beside the room's.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What the room knows of a member.
#[derive(Debug)]
pub struct Member {
    /// Frames what it sends.
    pub framer: LineFramer,
    /// What it has still to be told.
    pub outbox: Outbox,
    /// How it keeps up.
    pub lag: LagState,
    /// Bytes written to it so far.
    pub written: u64,
    /// Lines it was not told because it reads too slowly.
    pub missed: u64,
    /// It is told its own lines too: where it reads a record of all that was said.
    pub hears_itself: bool,
    /// A seat that only hears, such as the transcript's: nobody sees it.
    pub hidden: bool,
    /// `NAME (ADDRESS): ` or `ADDRESS: `, as it stands before each line of this member.
    label: Box<str>,
    /// Bytes of the label that are the nick; 0 without.
    nick: usize,
    /// Bytes of the label that are the address.
    address: usize,
}

impl Member {
    /// A member without a nick, hearing what `outbox` holds.
    #[must_use]
    pub fn new(address: SocketAddr, outbox: Outbox, hidden: bool) -> Self {
        let address = plain(address).to_string();
        Self {
            framer: LineFramer::default(),
            outbox,
            lag: LagState::default(),
            written: 0,
            missed: 0,
            hears_itself: false,
            hidden,
            nick: 0,
            address: address.len(),
            label: format!("{address}: ").into_boxed_str(),
        }
    }

    /// What stands before each line.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// `NAME (ADDRESS)` or `ADDRESS`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.label[..self.label.len() - ": ".len()]
    }

    /// The nick, if there is one.
    #[must_use]
    pub fn nick(&self) -> Option<&str> {
        (self.nick > 0).then(|| &self.label[..self.nick])
    }

    /// Gives a nick.
    pub fn rename(&mut self, nick: &str) {
        let start = if self.nick > 0 { self.nick + " (".len() } else { 0 };
        self.label = format!("{nick} ({}): ", &self.label[start..start + self.address]).into_boxed_str();
        self.nick = nick.len();
    }
}

/// An IPv4 client of a socket for both families is shown as what it is.
fn plain(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        ip @ IpAddr::V4(_) => SocketAddr::new(ip, address.port()),
        IpAddr::V6(_) => address,
    }
}

/// The members by their ids.
#[derive(Debug, Default)]
pub struct Members {
    seats: Vec<Option<Member>>,
    free: Vec<u32>,
    visible: usize,
}

impl Members {
    /// Gives `member` a seat.
    pub fn insert(&mut self, member: Member) -> Id {
        self.visible += usize::from(!member.hidden);
        if let Some(seat) = self.free.pop() {
            self.seats[seat as usize] = Some(member);
            return Id(seat);
        }
        // More members than 2^32 do not fit a machine.
        let id = Id(u32::try_from(self.seats.len()).unwrap_or(u32::MAX));
        self.seats.push(Some(member));
        id
    }

    /// Frees a seat.
    pub fn remove(&mut self, id: Id) -> Option<Member> {
        let member = self.seats.get_mut(id.index())?.take()?;
        self.free.push(id.0);
        self.visible -= usize::from(!member.hidden);
        Some(member)
    }

    /// Takes a member out of sight; its nick, which is free now.
    pub fn hide(&mut self, id: Id) -> Option<String> {
        let member = self.seated_mut(id).filter(|m| !m.hidden)?;
        member.hidden = true;
        let nick = member.nick().map(str::to_owned);
        self.visible -= 1;
        nick
    }

    /// Who sits there.
    #[must_use]
    pub fn seated(&self, id: Id) -> Option<&Member> {
        self.seats.get(id.index())?.as_ref()
    }

    /// Who sits there.
    pub fn seated_mut(&mut self, id: Id) -> Option<&mut Member> {
        self.seats.get_mut(id.index())?.as_mut()
    }

    /// All, with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (Id, &Member)> {
        (0..).zip(&self.seats).filter_map(|(seat, member)| Some((Id(seat), member.as_ref()?)))
    }

    /// All, with their ids.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Id, &mut Member)> {
        (0..).zip(&mut self.seats).filter_map(|(seat, member)| Some((Id(seat), member.as_mut()?)))
    }

    /// Members that are not hidden.
    #[must_use]
    pub const fn visible(&self) -> usize {
        self.visible
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(address: &str) -> Member {
        Member::new(address.parse().unwrap(), Outbox::new(0), false)
    }

    #[test]
    fn a_nick_stands_before_the_address_and_may_change() {
        let mut ana = member("[::ffff:10.0.0.1]:50000");
        assert_eq!((ana.label(), ana.nick()), ("10.0.0.1:50000: ", None));
        ana.rename("ana");
        assert_eq!((ana.label(), ana.nick()), ("ana (10.0.0.1:50000): ", Some("ana")));
        ana.rename("Änne");
        assert_eq!((ana.name(), ana.nick()), ("Änne (10.0.0.1:50000)", Some("Änne")));
        assert_eq!(member("[::1]:7").name(), "[::1]:7");
    }

    #[test]
    fn a_seat_is_given_again_only_when_free() {
        let mut members = Members::default();
        let a = members.insert(member("1.1.1.1:1"));
        let b = members.insert(member("1.1.1.1:2"));
        assert_ne!(a, b);
        assert!(members.remove(a).is_some() && members.remove(a).is_none());
        assert_eq!(members.insert(member("1.1.1.1:3")), a);
        assert_eq!(members.visible(), 2);
    }
}
