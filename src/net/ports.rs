//! Port lists and ranges: `22,80,8000-8010`, `http,https`, `-`.

use super::service;
use std::fmt;
use std::ops::RangeInclusive;

/// What is wrong with an address, and what to type instead.
#[derive(Debug, PartialEq, Eq)]
pub struct AddrError(pub String);

impl fmt::Display for AddrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for AddrError {}

pub(super) fn wrong<T>(text: impl Into<String>) -> Result<T, AddrError> {
    Err(AddrError(text.into()))
}

pub(super) fn looks_like_port(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_digit()) && !word.is_empty()
}

/// Reads a port number or the name of a service.
pub fn parse_port(word: &str) -> Result<u16, AddrError> {
    if looks_like_port(word) {
        return word
            .parse()
            .map_err(|_| AddrError(format!("port {word} is out of range; ports are 0 to 65535")));
    }
    service::port(word)
        .ok_or_else(|| AddrError(format!("{word:?} is neither a port number nor a known service name")))
}

/// Ports in the order typed, each range kept as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortSet(Vec<RangeInclusive<u16>>);

impl PortSet {
    /// Reads numbers, ranges and service names with commas between; `-` alone is every port.
    pub fn parse(word: &str) -> Result<Self, AddrError> {
        if word == "-" {
            return Ok(Self(vec![1..=u16::MAX]));
        }
        word.split(',').map(parse_range).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a word can only be meant as ports: digits, commas and dashes.
    #[must_use]
    pub fn looks_like(word: &str) -> bool {
        word.bytes().any(|b| b.is_ascii_digit() || word == "-")
            && word.bytes().all(|b| b.is_ascii_digit() || matches!(b, b',' | b'-'))
    }

    /// Every port, in order.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        self.0.iter().cloned().flatten()
    }

    /// The ranges, first and last port of each.
    pub fn ranges(&self) -> impl Iterator<Item = (u16, u16)> + '_ {
        self.0.iter().map(|range| (*range.start(), *range.end()))
    }

    /// How many.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.iter().map(|r| usize::from(*r.end()) - usize::from(*r.start()) + 1).sum()
    }
}

fn parse_range(part: &str) -> Result<RangeInclusive<u16>, AddrError> {
    let read = |word| match parse_port(word)? {
        0 => Err(AddrError("port 0 cannot be a target; ports are 1 to 65535".into())),
        number => Ok(number),
    };
    let numbers = part.split_once('-').filter(|_| PortSet::looks_like(part));
    let Some((from, to)) = numbers else {
        let one = read(part)?;
        return Ok(one..=one);
    };
    let from = if from.is_empty() { 1 } else { read(from)? };
    let to = if to.is_empty() { u16::MAX } else { read(to)? };
    if from > to {
        return Err(AddrError(format!("the range {part} ends before its start; did you mean {to}-{from}?")));
    }
    Ok(from..=to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_ranges_are_read_in_order() {
        let ports = PortSet::parse("22,8000-8002,http").unwrap();
        assert_eq!(ports.iter().collect::<Vec<_>>(), [22, 8000, 8001, 8002, 80]);
        assert_eq!(ports.count(), 5);
        assert_eq!(PortSet::parse("-").unwrap().count(), 65535);
        assert_eq!(PortSet::parse("65534-").unwrap().count(), 2);
    }

    #[test]
    fn what_is_no_port_is_refused() {
        for word in ["", "0", "1-70000", "9-3", "1,,2", "x-y", "1-2-3"] {
            assert!(PortSet::parse(word).is_err(), "{word}");
        }
    }
}
