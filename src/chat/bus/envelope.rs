//! The messages between machines: one JSON object each, checked on arrival. Pure.
//!
//! ```text
//! {"v":1,"kind":"lines","origin":"3k9x…","machine":"a:4333","first":41,"lines":[
//!   {"time":"2026-11-27 03:44:00Z","nick":"ana","address":"10.0.0.1:50000","text":"hi","member":3}]}
//! ```
//!
//! | kind | on | says |
//! | --- | --- | --- |
//! | `lines` | the room, or `.to.ORIGIN` as an answer | what happened: lines, and members that join, leave or take a nick; `first` is the number of the first |
//! | `here` | `.presence` | I am there: `next` is the number of my next line, `count` how many members I have |
//! | `who` | `.presence`, `.to.ORIGIN` | tell me your members |
//! | `members` | `.to.ORIGIN` | my members: part `part` of `parts` |
//! | `again` | `.again.ORIGIN` | send me `count` lines from `first` on again |
//! | `gone` | `.presence` | I end |

use crate::chat::nick;
use crate::chat::rules::OPERATOR;
use crate::text::hidden::is_hidden;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// The version of the messages; others are ignored.
pub const VERSION: u8 = 1;
/// Bytes of a message at most: the default `max_payload` of a NATS server.
pub const MAX_MESSAGE: usize = 1 << 20;
/// Lines or members of a message at most.
pub const MAX_ENTRIES: usize = 1024;
/// Characters of a machine's name and of an address at most; a UNIX path has 108 bytes (unix(7)).
const MAX_NAME: usize = 128;
/// Letters of an origin.
const ORIGIN: usize = 16;
/// Beyond this a JSON number is not exact everywhere (RFC 8259 6).
const MAX_NUMBER: u64 = 1 << 53;

/// Where a message goes, below the room's subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The room itself.
    Room,
    /// Who is there.
    Presence,
    /// Requests to one machine.
    Again(String),
    /// Answers to one machine.
    To(String),
}

impl fmt::Display for Subject {
    /// What follows the room's subject.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Room => Ok(()),
            Self::Presence => f.write_str(".presence"),
            Self::Again(origin) => write!(f, ".again.{origin}"),
            Self::To(origin) => write!(f, ".to.{origin}"),
        }
    }
}

/// Whether a room may have this name: one token of a subject, in letters that need no quoting anywhere.
#[must_use]
pub fn is_room_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
}

/// A message. Fields that its kind has no use for are absent.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Message<'a> {
    pub v: u8,
    #[serde(borrow)]
    pub kind: Cow<'a, str>,
    #[serde(borrow)]
    pub origin: Cow<'a, str>,
    #[serde(borrow)]
    pub machine: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub first: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub next: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub count: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub part: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub parts: u64,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Entry<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Entry<'a>>,
}

/// Something that happened on a machine, or a member of it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Entry<'a> {
    /// UTC: `2026-11-27 03:44:00Z`.
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub time: Cow<'a, str>,
    /// `join`, `leave`, `nick`; absent for a line.
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub what: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub nick: Cow<'a, str>,
    #[serde(borrow)]
    pub address: Cow<'a, str>,
    /// The line, or why a member left.
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub text: Cow<'a, str>,
    /// The member's number on its machine.
    #[serde(default)]
    pub member: u32,
    /// When the nick was taken: milliseconds since 1970.
    #[serde(default, skip_serializing_if = "is_unclaimed")]
    pub claimed: i64,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde hands over a reference
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde hands over a reference
const fn is_unclaimed(time: &i64) -> bool {
    *time == 0
}

impl<'a> Message<'a> {
    /// Reads and checks a message; the error says what is wrong with it.
    pub fn read(payload: &'a [u8]) -> Result<Self, &'static str> {
        if payload.len() > MAX_MESSAGE {
            return Err("message too long");
        }
        let message: Self = serde_json::from_slice(payload).map_err(|_| "not a message of this protocol")?;
        message.check()?;
        Ok(message)
    }

    fn check(&self) -> Result<(), &'static str> {
        if self.v != VERSION {
            return Err("unsupported version");
        }
        if !is_origin(&self.origin) {
            return Err("malformed origin");
        }
        if !is_plain(&self.machine) {
            return Err("malformed machine name");
        }
        let numbers = [self.first, self.next, self.count, self.part, self.parts];
        if numbers.iter().any(|&number| number > MAX_NUMBER) {
            return Err("a number is too large");
        }
        if self.lines.len() > MAX_ENTRIES || self.members.len() > MAX_ENTRIES {
            return Err("too many lines");
        }
        self.lines.iter().chain(&self.members).try_for_each(Entry::check)
    }
}

impl Entry<'_> {
    fn check(&self) -> Result<(), &'static str> {
        if !is_plain(&self.address) {
            return Err("malformed address");
        }
        if !self.nick.is_empty() {
            nick::check(self.nick.as_bytes()).map_err(|_| "invalid nick")?;
            // Each room has its own operator, and no other member may look like it.
            if nick::likeness(&self.nick) == nick::likeness(OPERATOR) {
                return Err("invalid nick");
            }
        }
        Ok(())
    }
}

/// Whether a word can be an origin: 16 letters and digits.
fn is_origin(word: &str) -> bool {
    word.len() == ORIGIN && word.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
}

/// Sixteen letters and digits of 16 random bytes.
pub fn origin(random: [u8; ORIGIN]) -> String {
    random.iter().map(|byte| char::from_digit(u32::from(byte % 32), 32).unwrap_or('0')).collect()
}

/// Whether a text can stand in a line as an address or the name of a machine: what it looks like is what it is, and it can
/// neither end the name of a speaker nor begin a nick.
fn is_plain(text: &str) -> bool {
    (1..=MAX_NAME).contains(&text.len()) && text.chars().all(is_plain_char)
}

fn is_plain_char(c: char) -> bool {
    !(c.is_whitespace() || is_hidden(c) || matches!(c, '(' | ')' | '*' | ','))
}

/// A label of a room as an address that others accept.
pub fn plain(label: &str) -> String {
    let kept: String = label.chars().map(|c| if is_plain_char(c) { c } else { '?' }).collect();
    let end = (0..=kept.len().min(MAX_NAME)).rev().find(|&at| kept.is_char_boundary(at)).unwrap_or(0);
    if end == 0 { "?".to_owned() } else { kept[..end].to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"v":1,"kind":"lines","origin":"0123456789abcdef","machine":"a:1","first":1,"lines":[{"time":"2026-11-27 03:44:00Z","nick":"ana","address":"10.0.0.1:5","text":"hi","member":3}]}"#;

    #[test]
    fn a_message_is_read_as_it_was_written() {
        let read = Message::read(GOOD.as_bytes()).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), GOOD);
        let newer = GOOD.replace("\"first\"", "\"later\":[{}],\"first\"");
        assert!(Message::read(newer.as_bytes()).is_ok(), "unknown fields are left alone");
    }

    #[test]
    fn what_is_wrong_is_refused() {
        for (from, to) in [
            ("\"v\":1", "\"v\":2"),
            ("\"v\":1", "\"v\":\"1\""),
            ("0123456789abcdef", "0123456789ABCDEF"),
            ("0123456789abcdef", "0123456789abcde"),
            ("a:1", "a b"),
            ("a:1", ""),
            ("10.0.0.1:5", "10.0.0.1:5: x"),
            ("10.0.0.1:5", "\\u001b[2J"),
            ("10.0.0.1:5", "ana (x)"),
            ("\"ana\"", "\"an a\""),
            ("\"ana\"", "\"operator\""),
            ("\"ana\"", "\"0perator\""),
            ("\"ana\"", "\"127.0.0.1\""),
            ("\"first\":1", "\"first\":-1"),
            ("\"first\":1", "\"first\":18446744073709551615"),
            ("\"first\":1", "\"first\":1.5"),
            ("\"member\":3", "\"member\":4294967296"),
            ("{\"v\"", "[{\"v\""),
        ] {
            assert!(GOOD.contains(from));
            assert!(Message::read(GOOD.replacen(from, to, 1).as_bytes()).is_err(), "{to}");
        }
        for garbage in [&b""[..], b"\0", b"null", b"{}", b"\xff\xfe", &vec![b'['; 100_000]] {
            assert!(Message::read(garbage).is_err());
        }
        let many = format!(
            "{}]}}",
            GOOD.replace("]}", &format!(",{}", vec!["{\"address\":\"a\"}"; 1024].join(",")))
        );
        assert_eq!(Message::read(many.as_bytes()).unwrap_err(), "too many lines");
        assert!(Message::read(&vec![b' '; MAX_MESSAGE + 1]).is_err());
    }

    #[test]
    fn names_are_made_plain() {
        assert_eq!(plain("unix:/run/a room (1)"), "unix:/run/a?room??1?");
        assert!(is_plain(&plain(&"é".repeat(500))));
        assert_eq!(plain(""), "?");
        assert!(is_origin(&origin([255; 16])) && is_origin(&origin([0; 16])));
        assert!(is_room_name("tea-room_1"));
        for wrong in ["", "a.b", "*", ">", "a b", "é"] {
            assert!(!is_room_name(wrong), "{wrong}");
        }
    }
}
