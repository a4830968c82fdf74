//! The rules of a room, and its answers: plain values. Pure.

use super::member::MemberId;

/// The nick of the operator, the person at the server's terminal; no other member may take it.
pub const OPERATOR: &str = "operator";

/// What happens to a reader that is too slow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SlowPolicy {
    /// It is disconnected.
    #[default]
    Disconnect,
    /// It skips what waits and reads a notice that says so.
    Drop,
}

/// How a room is run.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Relay lines unchanged: no time, no commands, no notices, control characters as received.
    pub raw: bool,
    /// Announce each member that joins or leaves.
    pub announce: bool,
    /// Lines a new member gets, of members and announcements, as far as half of `slow_limit` holds them.
    pub history: usize,
    /// Members at most.
    pub max_clients: usize,
    /// Bytes of a line's text at most.
    pub max_line: usize,
    /// What happens to a slow reader that is `slow_limit` behind.
    pub slow: SlowPolicy,
    /// Bytes a slow member may be behind; the server's own members may be a few megabytes behind at least. It also bounds the
    /// room's memory, to which `fanout::lag` adds a reserve.
    pub slow_limit: u64,
}

/// Something that happened, for the caller to report.
#[derive(Debug)]
pub struct RoomEvent<'a> {
    /// The member.
    pub id: MemberId,
    /// Where it is.
    pub label: &'a str,
    /// The member's nick, after the change if it is one.
    pub nick: Option<&'a str>,
    /// What happened.
    pub kind: RoomEventKind<'a>,
}

/// See [`RoomEvent`].
#[derive(Debug, PartialEq, Eq)]
pub enum RoomEventKind<'a> {
    /// A line was said: the text others read, its control characters made visible.
    Line(&'a [u8]),
    /// A member took a nick; its nick before.
    Nick(Option<&'a str>),
    /// The line that follows was truncated by this many bytes.
    Truncated(u64),
    /// A slow reader missed this many lines; 0 if it missed only answers to its commands.
    Skipped(u64),
}

/// Takes the events of a call.
pub type Report<'a> = &'a mut dyn FnMut(RoomEvent<'_>);

/// The answer of [`super::Room::receive`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// All of the input was taken.
    All,
    /// Some of the input is left: flush the room, then bring the rest.
    Part,
    /// The member wants to leave.
    Quit,
    /// The member asks for more than it reads: disconnect it.
    TooSlow,
}

/// The answer of [`super::Room::flush`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flushed {
    /// Nothing waits any more.
    All,
    /// The member takes no more now.
    Blocked,
    /// The member takes no more and is too far behind: disconnect it.
    TooSlow,
}
