//! Datagram events as they are printed when a million come in a second: digits by hand, the second's text kept.
//!
//! The general printers make the same lines, ten times slower; tests compare the two. A datagram that has more to tell
//! than usual is left to them.

use crate::event::{Dir, Event, Proto, Record, Role, Subject};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};

/// What one line has in common with the next: the second, up to its fraction, and most often the two ends.
#[derive(Default)]
pub(super) struct Memory {
    second: Option<i64>,
    stamp: Vec<u8>,
    time: Vec<u8>,
    ends: Option<(Role, [SocketAddr; 2])>,
    text: Vec<u8>,
}

impl Memory {
    /// Appends the two addresses with `between` them, which the role alone decides.
    fn ends(&mut self, role: Role, ends: [SocketAddr; 2], between: &[u8], out: &mut Vec<u8>) {
        if self.ends != Some((role, ends)) {
            self.text.clear();
            address(ends[0], &mut self.text);
            self.text.extend_from_slice(between);
            address(ends[1], &mut self.text);
            self.ends = Some((role, ends));
        }
        out.extend_from_slice(&self.text);
    }

    /// Appends a stamp as JSON has it: `2026-11-21T23:24:25.123456Z`.
    fn utc(&mut self, ts: Timestamp, out: &mut Vec<u8>) {
        let write = |text: &mut Vec<u8>| write!(text, "{ts:.0}").map(|()| text.truncate(text.len() - 1));
        self.moment(ts, write, out);
        out.push(b'Z');
    }

    /// Appends a stamp as people have it: `23:24:25.123456`, local time.
    fn local(&mut self, ts: Timestamp, zone: &TimeZone, out: &mut Vec<u8>) {
        let write = |text: &mut Vec<u8>| write!(text, "{}", ts.to_zoned(zone.clone()).strftime("%H:%M:%S"));
        self.moment(ts, write, out);
    }

    /// The same as text, which lasts until the next is asked for.
    pub(super) fn time(&mut self, ts: Timestamp, zone: &TimeZone) -> &str {
        let mut time = std::mem::take(&mut self.time);
        time.clear();
        self.local(ts, zone, &mut time);
        self.time = time;
        std::str::from_utf8(&self.time).unwrap_or_default()
    }

    fn moment(
        &mut self,
        ts: Timestamp,
        write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>,
        out: &mut Vec<u8>,
    ) {
        if self.second != Some(ts.as_second()) {
            self.stamp.clear();
            // Memory takes everything.
            let _ = write(&mut self.stamp);
            self.second = Some(ts.as_second());
        }
        out.extend_from_slice(&self.stamp);
        let micros = ts.subsec_nanosecond().unsigned_abs() / 1000;
        let mut fraction = *b".000000";
        digits(micros.into(), &mut fraction[1..]);
        out.extend_from_slice(&fraction);
    }
}

/// Appends the line for people, without colour, if `record` is such a datagram.
pub(super) fn human(record: &Record, memory: &mut Memory, zone: &TimeZone, out: &mut Vec<u8>) -> Option<()> {
    let (socket, dir, len, ends) = parts(record)?;
    memory.local(record.ts, zone, out);
    out.extend_from_slice(b" #");
    number(socket.conn.into(), out);
    out.push(b' ');
    let arrow = if socket.role == Role::Client { " → " } else { " ← " };
    memory.ends(socket.role, ends, arrow.as_bytes(), out);
    out.extend_from_slice(if dir == Dir::In { b" received " } else { b" sent " });
    if len < 10_000 {
        number(len as u64, out);
        out.extend_from_slice(if len == 1 { b" byte" } else { b" bytes" });
    } else {
        out.extend_from_slice(super::human::bytes(len as u64).as_bytes());
    }
    out.push(b'\n');
    Some(())
}

/// Appends the JSON object and a line feed, if `record` is such a datagram.
pub(super) fn json(record: &Record, memory: &mut Memory, out: &mut Vec<u8>) -> Option<()> {
    let (socket, dir, len, ends) = parts(record)?;
    out.extend_from_slice(b"{\"v\":");
    number(record.v.into(), out);
    out.extend_from_slice(b",\"seq\":");
    number(record.seq, out);
    out.extend_from_slice(b",\"ts\":\"");
    memory.utc(record.ts, out);
    out.extend_from_slice(b"\",\"event\":\"datagram\",\"conn\":");
    number(socket.conn.into(), out);
    out.extend_from_slice(b",\"proto\":\"udp\",\"local\":\"");
    memory.ends(socket.role, ends, b"\",\"peer\":\"", out);
    let client = socket.role == Role::Client;
    out.extend_from_slice(if client { b"\",\"role\":\"client\"" } else { b"\",\"role\":\"server\"" });
    out.extend_from_slice(if dir == Dir::In {
        b",\"dir\":\"in\",\"len\":"
    } else {
        b",\"dir\":\"out\",\"len\":"
    });
    number(len as u64, out);
    out.extend_from_slice(b"}\n");
    Some(())
}

fn parts(record: &Record) -> Option<(&Subject, Dir, usize, [SocketAddr; 2])> {
    let Event::Datagram { socket, dir, len } = &record.event else { return None };
    let usual = socket.proto == Proto::Udp && socket.role != Role::Listener && record.ts.as_second() >= 0;
    let ends = [socket.local?, socket.peer?];
    usual.then_some((socket, *dir, *len, ends))
}

pub(super) fn address(address: SocketAddr, out: &mut Vec<u8>) {
    let IpAddr::V4(ip) = address.ip() else {
        let _ = write!(out, "{address}");
        return;
    };
    for (i, octet) in ip.octets().into_iter().enumerate() {
        if i > 0 {
            out.push(b'.');
        }
        number(octet.into(), out);
    }
    out.push(b':');
    number(address.port().into(), out);
}

pub(super) fn number(value: u64, out: &mut Vec<u8>) {
    let length = value.checked_ilog10().map_or(1, |log| log as usize + 1);
    let mut text = [0; 20]; // as many as u64 has
    digits(value, &mut text[..length]);
    out.extend_from_slice(&text[..length]);
}

/// Writes the last digits of `value` that fit.
#[allow(clippy::cast_possible_truncation)] // a digit
fn digits(mut value: u64, out: &mut [u8]) {
    for place in out.iter_mut().rev() {
        *place = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::event::SCHEMA_VERSION;
    use proptest::prelude::*;

    /// Any datagram event, most of them the usual kind.
    pub(in crate::output) fn record() -> impl Strategy<Value = Record> {
        let address = prop_oneof![
            any::<([u8; 4], u16)>().prop_map(SocketAddr::from),
            any::<([u8; 16], u16)>().prop_map(SocketAddr::from),
        ];
        let ends =
            prop::option::weighted(0.9, address.clone()).prop_flat_map(move |a| (Just(a), address.clone()));
        let ts = (0i64..4_000_000_000, 0i32..1_000_000_000).prop_map(|(s, n)| Timestamp::new(s, n).unwrap());
        let flags = any::<[bool; 2]>();
        (any::<u64>(), ts, ends, 0usize..70_000, any::<u32>(), flags).prop_map(
            |(seq, ts, (local, peer), len, conn, [server, incoming])| {
                let role = if server { Role::Server } else { Role::Client };
                let dir = if incoming { Dir::In } else { Dir::Out };
                let socket = Subject { conn, proto: Proto::Udp, local, peer: Some(peer), role };
                Record { v: SCHEMA_VERSION, seq, ts, event: Event::Datagram { socket, dir, len } }
            },
        )
    }

    proptest! {
        #[test]
        fn the_object_is_the_one_serde_makes(records in prop::collection::vec(record(), 1..5)) {
            let mut memory = Memory::default();
            for record in records {
                let mut fast = Vec::new();
                if json(&record, &mut memory, &mut fast).is_some() {
                    let usual = serde_json::to_string(&record).unwrap() + "\n";
                    prop_assert_eq!(String::from_utf8(fast).unwrap(), usual);
                }
            }
        }
    }
}
