//! Recognises a header in the first bytes of a connection.

use super::{Addresses, Header, Parsed, SIGNATURE, Version, WORD};
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// The longest header that is accepted, bytes: version 2 may announce 64 KiB of optional fields, real ones have hundreds.
pub const LONGEST: usize = 4096;
/// The longest version 1 header with its CR LF.
const LONGEST_LINE: usize = 107;
/// The fixed part of a version 2 header.
const FIXED: usize = 16;

/// What `bytes`, the first of a connection, are.
#[must_use]
pub fn parse(bytes: &[u8]) -> Parsed {
    if starts(bytes, &SIGNATURE) {
        return if bytes.len() < FIXED { Parsed::Partial } else { binary(bytes) };
    }
    if starts(bytes, WORD) {
        return text(bytes);
    }
    Parsed::Malformed("no PROXY header")
}

/// Whether `bytes` begin as `mark` does, as far as there are any.
fn starts(bytes: &[u8], mark: &[u8]) -> bool {
    let known = bytes.len().min(mark.len());
    bytes[..known] == mark[..known]
}

fn text(bytes: &[u8]) -> Parsed {
    let line = &bytes[..bytes.len().min(LONGEST_LINE)];
    let Some(end) = line.windows(2).position(|pair| pair == b"\r\n") else {
        return match bytes.len() {
            LONGEST_LINE.. => Parsed::Malformed("PROXY header without CR LF"),
            _ => Parsed::Partial,
        };
    };
    let Ok(line) = std::str::from_utf8(&line[..end]) else {
        return Parsed::Malformed("PROXY header is not text");
    };
    let words: Vec<&str> = line.split(' ').collect();
    let addresses = match words[1..] {
        ["UNKNOWN", ..] => None,
        [family @ ("TCP4" | "TCP6"), source, destination, source_port, destination_port] => {
            let end =
                |ip: &str, port: &str| socket_address(ip, port).filter(|a| a.is_ipv4() == (family == "TCP4"));
            match (end(source, source_port), end(destination, destination_port)) {
                (Some(source), Some(destination)) => Some(Addresses { source, destination }),
                _ => return Parsed::Malformed("invalid address in the PROXY header"),
            }
        }
        _ => return Parsed::Malformed("malformed PROXY header"),
    };
    Parsed::Whole(Header { version: Version::V1, addresses }, end + 2)
}

fn socket_address(ip: &str, port: &str) -> Option<SocketAddr> {
    let is_number = port == "0" || (!port.starts_with(['0', '+']) && !port.is_empty());
    let port = u16::from_str(port).ok().filter(|_| is_number)?;
    Some(SocketAddr::new(IpAddr::from_str(ip).ok()?, port))
}

/// A header of which at least the fixed part is there.
fn binary(bytes: &[u8]) -> Parsed {
    let (version, command) = (bytes[12] >> 4, bytes[12] & 0xf);
    let (family, protocol) = (bytes[13] >> 4, bytes[13] & 0xf);
    let length = usize::from(u16::from_be_bytes([bytes[14], bytes[15]]));
    let whole = FIXED + length;
    if version != 2 || command > 1 || family > 3 || protocol > 2 {
        return Parsed::Malformed("unknown version, command or family in the PROXY header");
    }
    if whole > LONGEST {
        return Parsed::Malformed("PROXY header too long");
    }
    let needed = match (command, family) {
        (0, _) => 0,
        (_, 1) => 12,
        (_, 2) => 36,
        (_, 3) => 216,
        _ => 0,
    };
    if length < needed {
        return Parsed::Malformed("PROXY header too short for its addresses");
    }
    if bytes.len() < whole {
        return Parsed::Partial;
    }
    let body = &bytes[FIXED..whole];
    let addresses = match needed {
        12 => Some(ends::<4>(body)),
        36 => Some(ends::<16>(body)),
        _ => None,
    };
    Parsed::Whole(Header { version: Version::V2, addresses }, whole)
}

/// Two addresses of `N` bytes, then two ports; the caller has checked the length.
fn ends<const N: usize>(body: &[u8]) -> Addresses
where
    IpAddr: From<[u8; N]>,
{
    let end = |index: usize| {
        let mut ip = [0; N];
        ip.copy_from_slice(&body[index * N..(index + 1) * N]);
        let at = 2 * N + 2 * index;
        SocketAddr::new(IpAddr::from(ip), u16::from_be_bytes([body[at], body[at + 1]]))
    };
    Addresses { source: end(0), destination: end(1) }
}
