//! Events, and rows of a report, as JSON Lines.

use super::datagram::{self, Cache};
use super::event_file::EventFile;
use crate::event::{Record, Sink};
use crate::text::hidden::is_hidden;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use std::io::{self, Write};

/// Writes `value` as one line. Characters that could deceive a terminal are escaped, as RFC 8259 section 7 permits: a
/// parser reads the same text.
pub(super) fn line(value: &impl Serialize, mut to: impl Write) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut to, EscapeHidden))?;
    to.write_all(b"\n")
}

struct EscapeHidden;

impl Formatter for EscapeHidden {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, to: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        if rest.bytes().all(|byte| byte < 0x7f) {
            return to.write_all(rest.as_bytes());
        }
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| is_hidden(*c)) {
            to.write_all(&rest.as_bytes()[..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(to, "\\u{unit:04x}")?;
            }
            rest = &rest[at + c.len_utf8()..];
        }
        to.write_all(rest.as_bytes())
    }
}

/// Writes one object per line, a batch with one call.
pub(super) struct Json {
    to: EventFile,
    lines: Vec<u8>,
    cache: Cache,
}

impl Json {
    pub(super) fn new(to: EventFile) -> Self {
        Self { to, lines: Vec::new(), cache: Cache::new(TimeZone::UTC) }
    }
}

impl Sink for Json {
    fn write(&mut self, batch: &[Record]) -> io::Result<()> {
        self.lines.clear();
        for record in batch {
            if datagram::json(record, &mut self.cache, &mut self.lines).is_none() {
                line(record, &mut self.lines)?;
            }
        }
        self.to.write_all(&self.lines)
    }

    /// There is nothing temporary to remove.
    fn finish(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(text: &str) -> String {
        let mut out = Vec::new();
        line(&text, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_moves_a_terminal_is_escaped() {
        assert_eq!(
            written("\u{9b}31m\u{202e}\x7f\u{e0041}é"),
            "\"\\u009b31m\\u202e\\u007f\\udb40\\udc41é\"\n"
        );
    }

    proptest! {
        #[test]
        fn the_text_stays_the_same(text: String, deceptive in "[\u{7f}-\u{9f}\u{2028}\u{feff}]{0,3}") {
            let text = text + &deceptive;
            let json = written(&text);
            prop_assert!(!json.trim_end_matches('\n').chars().any(is_hidden));
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
