//! What a room is asked to be, and what it answers: plain values. Pure.

/// The nick of whoever sits at the server; nobody else may take it.
pub const OPERATOR: &str = "operator";

/// What happens to a reader that falls behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SlowPolicy {
    /// It is cut off.
    #[default]
    Disconnect,
    /// It skips ahead and is told so.
    Drop,
}

/// How a room is run.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Relay lines untouched: no stamps, no commands, no notices, controls as they came.
    pub raw: bool,
    /// Say who comes and goes.
    pub announce: bool,
    /// Lines a newcomer is told, of members and of who came and went, as far as they fit half of `slow_limit`.
    pub history: usize,
    /// Members at most.
    pub max_clients: usize,
    /// Bytes of a line's text at most.
    pub max_line: usize,
    /// What to do with a slow reader that is `slow_limit` behind.
    pub slow: SlowPolicy,
    /// Bytes a slow member may be behind; our own seats have a few megabytes at least. Also bounds the room's memory: what
    /// it holds beyond is the reserve of `lag`.
    pub slow_limit: u64,
}

/// Something that happened, for whoever watches the room.
#[derive(Debug)]
pub struct RoomEvent<'a> {
    /// The member's nick, after the change if it is one.
    pub nick: Option<&'a str>,
    /// What happened.
    pub what: What<'a>,
}

/// See [`RoomEvent`].
#[derive(Debug, PartialEq, Eq)]
pub enum What<'a> {
    /// A line was said: the text others read, its controls made visible.
    Line(&'a [u8]),
    /// A member took a nick, having had this one.
    Nick(Option<&'a str>),
    /// This many bytes of the line that follows were dropped.
    Shortened(u64),
    /// A reader that fell behind missed this many lines, or none but answers to its commands.
    Skipped(usize),
}

/// What to do with a member after [`super::Room::receive`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything was taken.
    Stay,
    /// Some of the input was left: flush the room, then bring the rest.
    Pause,
    /// The member wants to leave.
    Quit,
    /// It asks for more than it reads.
    TooSlow,
}

/// How far [`super::Room::flush`] came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Nothing waits any more.
    Done,
    /// The member takes no more now.
    Blocked,
    /// It takes no more and is too far behind: disconnect it.
    TooSlow,
}
