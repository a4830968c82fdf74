//! The columns of every line for people: the time of day, the number of the socket, and the text, 80 columns in all.
//!
//! `03:47:17.253    #1 CLOSED       → SYN-SENT     SYN sent, implied`. Numbers end in the same column up to #9999; a line that is
//! not about one socket has none. Text that does not fit goes on in a second line with the same time and number.

use super::Style;
use super::datagram::{Cache, number_column};
use jiff::Timestamp;
use std::io::Write as _;
use unicode_width::UnicodeWidthChar as _;

/// The columns of a line.
const WIDTH: usize = 80;

/// The time and the number of one event.
pub(super) struct Columns {
    /// What each line begins with, the blank before the text included.
    head: Vec<u8>,
    /// The columns left for the text.
    room: usize,
}

impl Columns {
    pub(super) const fn new() -> Self {
        Self { head: Vec::new(), room: WIDTH }
    }

    /// Sets the columns of an event: milliseconds, or microseconds with `detail`.
    pub(super) fn set(
        &mut self,
        ts: Timestamp,
        conn: Option<u32>,
        detail: bool,
        style: Style,
        cache: &mut Cache,
    ) {
        let time = cache.time(ts, detail);
        self.head.clear();
        // Writing to memory cannot fail.
        let _ = write!(self.head, "{} ", style.dim(time));
        let taken = time.len() + 1 + number_column(conn, &mut self.head) + 1;
        self.head.push(b' ');
        self.room = WIDTH.saturating_sub(taken);
    }

    /// The columns left for the text.
    pub(super) const fn room(&self) -> usize {
        self.room
    }

    /// Appends `text` as one line whatever its length.
    pub(super) fn whole(&self, text: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(&self.head);
        out.extend_from_slice(text);
        out.push(b'\n');
    }

    /// Appends `text`, continued in further lines at blanks where it is too long. A word that is too long for a line stays
    /// whole, and so does everything after a line feed.
    pub(super) fn wrapped(&self, text: &[u8], out: &mut Vec<u8>) {
        let end = text.iter().position(|b| *b == b'\n').unwrap_or(text.len());
        let (first, rest) = text.split_at(end);
        let fits = |text: &str| text.len() <= self.room || columns(text) <= self.room;
        match std::str::from_utf8(first) {
            Ok(first) if !fits(first) => self.words(first, out),
            _ => {
                out.extend_from_slice(&self.head);
                out.extend_from_slice(first);
            }
        }
        out.extend_from_slice(rest);
        out.push(b'\n');
    }

    /// Breaks at a comma where the part after it fits a line, else at any blank.
    fn words(&self, text: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.head);
        let mut used = 0;
        for part in text.split_inclusive(", ") {
            let part = part.trim_end_matches(' ');
            let width = columns(part);
            if used > 0 && used + 1 + width > self.room && width <= self.room {
                self.next(&mut used, out);
            }
            for word in part.split(' ') {
                let width = columns(word);
                if used > 0 && width > 0 && used + 1 + width > self.room {
                    self.next(&mut used, out);
                }
                if used > 0 {
                    out.push(b' ');
                    used += 1;
                }
                out.extend_from_slice(word.as_bytes());
                used += width;
            }
        }
    }

    /// Begins the next line.
    fn next(&self, used: &mut usize, out: &mut Vec<u8>) {
        out.truncate(out.trim_ascii_end().len());
        out.push(b'\n');
        out.extend_from_slice(&self.head);
        *used = 0;
    }
}

/// The columns that text takes, colours not counted.
fn columns(text: &str) -> usize {
    let mut escaped = false;
    let visible = text.chars().filter(|c| {
        let hidden = escaped || *c == '\u{1b}';
        escaped = hidden && *c != 'm';
        !hidden
    });
    visible.map(|c| c.width().unwrap_or(0)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    fn lines(conn: Option<u32>, detail: bool, text: &str) -> String {
        let (mut columns, mut cache, mut out) = (Columns::new(), Cache::new(TimeZone::UTC), Vec::new());
        columns.set(Timestamp::new(1, 253_999_000).unwrap(), conn, detail, Style::Plain, &mut cache);
        columns.wrapped(text.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_begins_in_the_same_column_with_and_without_a_number() {
        assert_eq!(lines(Some(1), false, "x"), "00:00:01.253    #1 x\n");
        assert_eq!(lines(Some(9999), false, "x"), "00:00:01.253 #9999 x\n");
        assert_eq!(lines(Some(12345), false, "x"), "00:00:01.253 #12345 x\n");
        assert_eq!(lines(None, false, "x"), "00:00:01.253       x\n");
        assert_eq!(lines(Some(1), true, "x"), "00:00:01.253999    #1 x\n");
    }

    #[test]
    fn what_follows_a_line_feed_stays_as_it_is() {
        let hex = format!("x\n{}", "00 ".repeat(40));
        assert_eq!(lines(Some(1), false, &hex), format!("00:00:01.253    #1 {hex}\n"));
    }

    proptest! {
        #[test]
        fn long_text_goes_on_in_lines_of_80_columns(words in prop::collection::vec("[a-zé→\u{65e5}]{1,20}", 1..40)) {
            let text = words.join(" ");
            let shown = lines(Some(7), false, &text);
            for line in shown.lines() {
                prop_assert!(line.starts_with("00:00:01.253    #7 ") && columns(line) <= WIDTH, "{line:?}");
            }
            let back: Vec<&str> = shown.lines().map(|line| &line[19..]).collect();
            prop_assert_eq!(back.join(" "), text);
        }
    }
}
