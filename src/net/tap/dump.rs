//! The hex dump of one direction of a connection: a header for each piece that passed, then its bytes.

use crate::text::clock::Clock;
use crate::text::hexdump;
use jiff::Timestamp;
use std::io::Write;

/// The direction in which bytes pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// To the peer.
    Sent,
    /// From the peer.
    Received,
}

/// One direction of one connection.
pub(super) struct Dump {
    /// `> #1 `.
    before: String,
    /// ` LOCAL -> PEER `.
    behind: String,
    clock: Clock,
    /// Bytes that passed.
    offset: u64,
}

impl Dump {
    /// The bytes of connection `conn` that pass `way` between the two addresses.
    pub(super) fn new(way: Way, conn: u32, local: &str, peer: &str) -> Self {
        let (sign, arrow) = match way {
            Way::Sent => ('>', "->"),
            Way::Received => ('<', "<-"),
        };
        let (local, peer) = (ascii(local), ascii(peer));
        let behind = format!(" {local} {arrow} {peer} ");
        Self { before: format!("{sign} #{conn} "), behind, clock: Clock::local(), offset: 0 }
    }

    /// Appends a piece that passed at `ts` to `out`.
    pub(super) fn append(&mut self, bytes: &[u8], ts: Timestamp, out: &mut Vec<u8>) {
        let (before, behind) = (&self.before, &self.behind);
        let (stamp, micros) = (self.clock.stamp(ts), ts.subsec_microsecond());
        let (second, len) = (&*stamp, bytes.len());
        let noun = if len == 1 { "byte" } else { "bytes" };
        // Memory takes everything.
        let _ = writeln!(out, "{before}{second}.{micros:06}{behind}{len} {noun}");
        hexdump::append(self.offset, bytes, out);
        self.offset += len as u64;
    }
}

/// The path of a UNIX socket may hold anything, and is chosen by its owner.
fn ascii(address: &str) -> String {
    let mut text = String::with_capacity(address.len());
    for character in address.chars() {
        match character {
            ' '..='~' => text.push(character),
            other => text.extend(other.escape_default()),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_piece_has_a_header_and_offsets_go_on() {
        let mut dump = Dump::new(Way::Received, 3, "[::1]:4333", "unix:/tmp/\n\u{202e}x");
        dump.clock = Clock::new(jiff::tz::TimeZone::UTC);
        let ts = Timestamp::from_microsecond(1_000_000_000_000_042).unwrap();
        let mut out = Vec::new();
        dump.append(b"hi\x1b", ts, &mut out);
        dump.append(b"!", ts, &mut out);
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], r"< #3 2001-09-09 01:46:40.000042 [::1]:4333 <- unix:/tmp/\n\u{202e}x 3 bytes");
        assert!(lines[1].starts_with("00000000  68 69 1b ") && lines[1].ends_with("|hi.|"), "{text}");
        assert!(lines[2].ends_with(" 1 byte") && lines[3].starts_with("00000003  21 "), "{text}");
    }
}
