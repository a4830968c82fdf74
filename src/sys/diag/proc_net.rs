//! The tables as `/proc/net/{tcp,tcp6,udp,udp6,unix}` write them (proc(5)), for where `sock_diag` is refused.
//! Used by `tables`. Reading is pure, takes any bytes; a line that does not parse is skipped.

use super::decode::timer;
use super::request::{Families, Query};
use super::row::{Extended, InetRow, Row, UnixName, UnixRow, Visit};
use super::states::state_of;

use super::unix::{kind_of, queues};
use crate::event::table::{Queues, UnixKind};
use crate::event::{Proto, State};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::ControlFlow;

/// The kernel hands these files out a page or two at a time.
const CAPACITY: usize = 32 * 1024;
/// Timers are written in hundredths of a second (`USER_HZ`, 100 on every architecture in use).
const MILLIS_A_TICK: u32 = 10;
/// The flag of a listening UNIX socket (`__SO_ACCEPTCON`).
const LISTENING: u32 = 0x0001_0000;

/// Gives every row that answers `query` to `visit`; the filters are applied here.
pub(super) fn read(query: &Query, visit: &mut Visit<'_>) -> io::Result<()> {
    let (v4, v6) = (query.families != Families::V6, query.families != Families::V4);
    let files: &[(&str, bool)] = match query.proto {
        Proto::Tcp => &[("/proc/net/tcp", v4), ("/proc/net/tcp6", v6)],
        Proto::Udp => &[("/proc/net/udp", v4), ("/proc/net/udp6", v6)],
        Proto::Unix => &[("/proc/net/unix", true)],
        Proto::Vsock => &[],
    };
    for (path, _) in files.iter().filter(|(_, wanted)| *wanted) {
        let file = match File::open(path) {
            Ok(file) => file,
            // A kernel without IPv6 has no file for it.
            Err(error) if error.kind() == io::ErrorKind::NotFound && path.ends_with('6') => continue,
            Err(error) => return Err(io::Error::new(error.kind(), format!("{path}: {error}"))),
        };
        if file_rows(query, BufReader::with_capacity(CAPACITY, file), visit)?.is_break() {
            break;
        }
    }
    Ok(())
}

/// Gives every row of one such file that answers `query` to `visit`.
///
/// # Errors
/// The error of reading `file`.
pub fn file_rows(
    query: &Query,
    mut file: impl BufRead,
    visit: &mut dyn FnMut(&Row<'_>) -> ControlFlow<()>,
) -> io::Result<ControlFlow<()>> {
    let mut line = Vec::new();
    while file.read_until(b'\n', &mut line)? > 0 {
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let row = match query.proto {
            Proto::Unix => {
                unix(text).filter(|row| named(query, row) && query.states.has(row.state)).map(Row::Unix)
            }
            proto => inet(proto, text).filter(|row| wanted(query, row)).map(Row::Inet),
        };
        if row.is_some_and(|row| visit(&row).is_break()) {
            return Ok(ControlFlow::Break(()));
        }
        line.clear();
    }
    Ok(ControlFlow::Continue(()))
}

/// Whether its name is wanted. This source does not say what a socket is connected to.
fn named(query: &Query, row: &UnixRow<'_>) -> bool {
    query.filter.as_ref().is_none_or(|filter| filter.matches_unix(row, &|_, _| false))
}

fn wanted(query: &Query, row: &InetRow<'_>) -> bool {
    query.states.has(row.state)
        && query.filter.as_ref().is_none_or(|filter| filter.matches(row.local, row.peer))
}

/// A line of the first four files; `None` for the heading.
pub(super) fn inet(proto: Proto, line: &[u8]) -> Option<InetRow<'static>> {
    let mut words = words(line);
    words.next()?;
    let (local, peer) = (address(words.next()?)?, address(words.next()?)?);
    let state = state_of(proto, u8::try_from(hex(words.next()?)?).ok()?)?;
    let (send, recv) = pair(words.next()?)?;
    let (kind, ticks) = pair(words.next()?)?;
    let fired = hex(words.next()?)?;
    let uid = decimal(words.next()?)?;
    words.next()?;
    Some(InetRow {
        proto,
        local,
        peer,
        state,
        queues: match state {
            State::Listen => Queues::Accept { accept_queue: recv, accept_max: None },
            _ => Queues::Data { recv_queue: recv, send_queue: send },
        },
        uid,
        inode: decimal(words.next()?)?,
        interface: 0,
        cookie: 0,
        timer: timer(
            u8::try_from(kind).ok()?,
            u8::try_from(fired).unwrap_or(u8::MAX),
            ticks.saturating_mul(MILLIS_A_TICK),
        ),
        extended: Extended::default(),
    })
}

/// A line of the last file. An abstract name is written with `@` for its zero bytes.
pub(super) fn unix(line: &[u8]) -> Option<UnixRow<'_>> {
    let mut words = words(line);
    let flags = hex(words.by_ref().nth(3)?)?;
    let kind = kind_of(u8::try_from(hex(words.next()?)?).ok()?)?;
    let connected = hex(words.next()?)? == 3; // SS_CONNECTED
    let state = match kind {
        _ if flags & LISTENING != 0 => State::Listen,
        _ if connected => State::Connected,
        UnixKind::Dgram => State::Unconnected,
        _ => State::Closed,
    };
    let inode = words.next()?;
    // The path begins behind one space and may itself have spaces: take it from the line, not from the words.
    let end = inode.as_ptr_range().end as usize - line.as_ptr() as usize;
    let name = line.get(end + 1..).unwrap_or_default();
    Some(UnixRow {
        kind,
        state,
        name: match name.split_first() {
            None => UnixName::Unnamed,
            Some((b'@', name)) => UnixName::Abstract(name),
            Some(_) => UnixName::Path(name),
        },
        inode: decimal(inode)?,
        peer: None,
        queues: match queues(state, 0, 0) {
            Queues::Accept { accept_queue, .. } => Queues::Accept { accept_queue, accept_max: None },
            data @ Queues::Data { .. } => data,
        },
        uid: None,
        cookie: 0,
        memory: None,
    })
}

fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

/// `0100007F:1F90`, or four such groups: each is a number in this machine's order.
fn address(word: &[u8]) -> Option<SocketAddr> {
    let at = word.iter().position(|b| *b == b':')?;
    let port = u16::try_from(hex(&word[at + 1..])?).ok()?;
    let mut octets = [0; 16];
    let groups = word[..at].chunks(8);
    let count = groups.len();
    for (four, group) in octets.chunks_exact_mut(4).zip(groups) {
        four.copy_from_slice(&hex(group)?.to_ne_bytes());
    }
    let ip = match count {
        1 => IpAddr::V4(Ipv4Addr::new(octets[0], octets[1], octets[2], octets[3])),
        4 => IpAddr::V6(Ipv6Addr::from(octets)),
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

fn pair(word: &[u8]) -> Option<(u32, u32)> {
    let at = word.iter().position(|b| *b == b':')?;
    Some((hex(&word[..at])?, hex(&word[at + 1..])?))
}

fn hex(word: &[u8]) -> Option<u32> {
    u32::from_str_radix(str::from_utf8(word).ok()?, 16).ok()
}

fn decimal(word: &[u8]) -> Option<u32> {
    str::from_utf8(word).ok()?.parse().ok()
}
