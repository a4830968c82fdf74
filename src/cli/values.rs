//! How the words after flags are read: durations, sizes, switches, targets of events.

use super::{EventTarget, Group};
use crate::event::State;
use crate::net::datagram::{LONGEST_V4, LONGEST_V6};
use crate::relay::{OnEof, OnPeerEof};
use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Command, ValueEnum};
use std::ffi::OsStr;
use std::str::FromStr;
use std::time::Duration;

/// Reads `250ms`, `5s`, `1m30s`; a bare number is seconds.
pub(super) fn duration(word: &str) -> Result<Duration, String> {
    let wrong = || format!("{word:?} is not a duration; type for example 250ms, 5s or 1m30s");
    let is_bare = word.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    if let (true, Ok(seconds)) = (is_bare, word.parse::<f64>()) {
        return Duration::try_from_secs_f64(seconds).map_err(|_| wrong());
    }
    let time: jiff::SignedDuration = word.parse().map_err(|_| wrong())?;
    Duration::try_from(time).map_err(|_| wrong())
}

/// As [`duration`], or `forever`: longer than clocks go.
pub(super) fn patience(word: &str) -> Result<Duration, String> {
    if word == "forever" { Ok(Duration::MAX) } else { duration(word) }
}

/// Reads bytes with a suffix of powers of 1024: `64k`, `1M`, `1G`.
pub(super) fn size(word: &str) -> Result<usize, String> {
    let wrong = || format!("{word:?} is not a size; type for example 4096, 64k or 1M");
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match word[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        _ => return Err(wrong()),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let bytes = digits.parse().ok().and_then(|number: usize| number.checked_mul(1 << shift));
    let bytes = bytes.filter(|bytes| i32::try_from(*bytes).is_ok());
    bytes.ok_or_else(|| format!("{word} is too large; the maximum is {} bytes", i32::MAX))
}

/// Reads the length of a datagram's payload: 1 to 65527 bytes.
pub(super) fn payload(word: &str) -> Result<usize, String> {
    match size(word)? {
        n @ 1..=LONGEST_V6 => Ok(n),
        n => Err(format!(
            "{n} is not the size of a datagram; datagrams hold 1 to {LONGEST_V4} bytes over IPv4, {LONGEST_V6} over IPv6"
        )),
    }
}

/// Reads a name, which is not empty.
pub(super) fn name(word: &str) -> Result<String, String> {
    if word.is_empty() { Err("the name is empty".into()) } else { Ok(word.to_owned()) }
}

/// Reads how long data may stay unacknowledged: whole milliseconds (tcp(7)), 0 for the system's limit.
pub(super) fn milliseconds(word: &str) -> Result<Duration, String> {
    match duration(word)? {
        time if !time.is_zero() && time < Duration::from_millis(1) => Err("the minimum is 1ms".into()),
        time => Ok(time),
    }
}

/// Reads how packets are shown: nothing, or `hex`.
pub(super) fn packets(word: &str) -> Result<String, String> {
    if matches!(word, "" | "hex") {
        Ok(word.to_owned())
    } else {
        Err("type --packets or --packets=hex".into())
    }
}

/// Reads a switch.
pub(super) fn switch(word: &str) -> Result<bool, String> {
    match word.to_ascii_lowercase().as_str() {
        "true" | "on" | "yes" | "1" => Ok(true),
        "false" | "off" | "no" | "0" => Ok(false),
        _ => Err(format!("{word:?} is neither true nor false")),
    }
}

/// Reads a number that may be hexadecimal, as marks and TOS bytes are written.
pub(super) fn number(word: &str) -> Result<u32, String> {
    let read = match word.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => word.parse(),
    };
    read.map_err(|_| format!("{word:?} is not a number from 0 to {}", u32::MAX))
}

/// Reads the permissions of a file as chmod(1) does: `0666`, `600`.
pub(super) fn mode(word: &str) -> Result<u32, String> {
    let read = u32::from_str_radix(word, 8).ok().filter(|mode| *mode <= 0o777);
    read.ok_or_else(|| format!("{word:?} is not a mode; type for example 0666 or 0600"))
}

/// 0 to 255, decimal or `0x` and hexadecimal.
pub(super) fn byte(word: &str) -> Result<u8, String> {
    u8::try_from(number(word)?).map_err(|_| format!("{word} is over 255"))
}

/// Reads the name of a state in any spelling; completions offer those of RFC 9293.
#[derive(Clone, Copy, Debug)]
pub(super) struct StateParser;

impl TypedValueParser for StateParser {
    type Value = State;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, word: &OsStr) -> Result<State, clap::Error> {
        StringValueParser::new().try_map(|word| word.parse::<State>()).parse_ref(command, arg, word)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(State::ALL.into_iter().map(|state| PossibleValue::new(state.name()))))
    }
}

impl FromStr for EventTarget {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word.strip_prefix("fd:") {
            Some(number) => match number.parse() {
                Ok(fd) if fd >= 0 => Ok(Self::Descriptor(fd)),
                _ => Err(format!("{number:?} is not a descriptor; type for example fd:3")),
            },
            None if word == "-" => Ok(Self::Stdout),
            None if word.is_empty() => Err("the target is empty; type a path, - or fd:N".into()),
            None => Ok(Self::File(word.into())),
        }
    }
}

impl FromStr for Group {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let bare = word.trim_start_matches('[').trim_end_matches(']');
        let (ip, interface) = match bare.split_once('%') {
            Some((ip, name)) if !name.is_empty() => (ip, Some(name.to_owned())),
            _ => (bare, None),
        };
        match ip.parse::<std::net::IpAddr>() {
            Ok(ip) if ip.is_multicast() => Ok(Self { ip, interface }),
            _ => {
                Err(format!("{word} is not a multicast group; type for example 224.0.0.251 or ff02::fb%eth0"))
            }
        }
    }
}

/// `--keepalive=IDLE,INTERVAL,COUNT`, each but the first optional; all absent for the system's values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keepalive {
    /// Seconds of silence before the first probe.
    pub idle: Option<Duration>,
    /// Seconds between probes.
    pub interval: Option<Duration>,
    /// Probes before the connection counts as lost.
    pub count: Option<u32>,
}

impl FromStr for Keepalive {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let mut parts = word.split(',').map(|part| Some(part).filter(|part| !part.is_empty()));
        let mut next = || parts.next().flatten();
        let (idle, interval) = (next().map(duration).transpose()?, next().map(duration).transpose()?);
        let count = next().map(number).transpose()?;
        let whole = |t: Option<Duration>| t.is_none_or(|t| t.as_secs() > 0 && t.subsec_nanos() == 0);
        match parts.next() {
            None if whole(idle) && whole(interval) => Ok(Self { idle, interval, count }),
            None => Err("keepalive takes whole seconds, at least 1".into()),
            Some(_) => Err(format!("{word:?} has more than IDLE,INTERVAL,COUNT")),
        }
    }
}

impl ValueEnum for OnEof {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::HalfClose, Self::Keep, Self::Close]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::HalfClose => PossibleValue::new("half-close").help("Send FIN and continue reading"),
            Self::Keep => PossibleValue::new("keep").help("Send nothing and continue reading"),
            Self::Close => PossibleValue::new("close").help("Close at once"),
        })
    }
}

impl ValueEnum for OnPeerEof {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::End, Self::Keep]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::End => PossibleValue::new("end").help("End the connection"),
            Self::Keep | Self::KeepWhilePresent => {
                PossibleValue::new("keep").help("Send standard input to its end")
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        for (word, millis) in
            [("250ms", 250), ("5s", 5000), ("1m30s", 90_000), ("2", 2000), ("0.5", 500), ("0", 0)]
        {
            assert_eq!(duration(word), Ok(Duration::from_millis(millis)), "{word}");
        }
        for word in ["", "-1", "-5s", "soon", "5x", "inf", "nan", "1e400"] {
            assert!(duration(word).is_err(), "{word}");
        }
    }

    #[test]
    fn sizes_are_powers_of_1024() {
        for (word, bytes) in [("0", 0), ("512", 512), ("64k", 65536), ("1M", 1 << 20), ("1G", 1 << 30)] {
            assert_eq!(size(word), Ok(bytes), "{word}");
        }
        for word in ["", "k", "-1", "+1", "1x"] {
            assert!(size(word).unwrap_err().contains("is not a size"), "{word}");
        }
        for word in ["2G", "100G", "99999999999999999999", "99999999999999999999G"] {
            assert!(size(word).unwrap_err().contains("the maximum is 2147483647 bytes"), "{word}");
        }
    }

    #[test]
    fn groups_may_name_an_interface() {
        let group = |ip: &str, name: Option<&str>| Group {
            ip: ip.parse().unwrap(),
            interface: name.map(str::to_owned),
        };
        assert_eq!("224.0.0.1".parse(), Ok(group("224.0.0.1", None)));
        assert_eq!("ff02::1%eth0".parse(), Ok(group("ff02::1", Some("eth0"))));
        assert_eq!("[ff02::1%eth0]".parse(), Ok(group("ff02::1", Some("eth0"))));
        for word in ["", "10.0.0.1", "::1", "224.0.0.1%", "%lo", "all"] {
            assert!(word.parse::<Group>().is_err(), "{word}");
        }
    }

    #[test]
    fn keepalive_takes_up_to_three_parts() {
        let part = |s| Some(Duration::from_secs(s));
        assert_eq!("".parse(), Ok(Keepalive::default()));
        assert_eq!("30".parse(), Ok(Keepalive { idle: part(30), ..Keepalive::default() }));
        assert_eq!("30,5s,3".parse(), Ok(Keepalive { idle: part(30), interval: part(5), count: Some(3) }));
        assert_eq!(",,3".parse(), Ok(Keepalive { count: Some(3), ..Keepalive::default() }));
        assert_eq!("30,,".parse(), Ok(Keepalive { idle: part(30), ..Keepalive::default() }));
        assert!("1,2,3,4".parse::<Keepalive>().is_err());
        assert!("250ms".parse::<Keepalive>().is_err());
    }
}
