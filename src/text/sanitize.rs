//! Hostile text made visible: what a peer sent must not move the cursor, change the title or reorder a line.
//!
//! Controls become their pictures, other characters that `hidden` names become `\u{202e}`, bytes that are not UTF-8 become
//! `\xff`. Nothing is dropped, so the original can be read off, and visible text stays the same when it passes again.

use super::hidden::{is_control, is_hidden, selects_form};
use super::utf8::{Chunk, Utf8Chunks};
use std::borrow::Cow;
use std::io::Write;

/// A filter for bytes that arrive in chunks and go to a terminal. Line ends and tabs stay.
#[derive(Default)]
pub struct Visible {
    chunks: Utf8Chunks,
    shown: Shown,
}

/// The state between two characters.
#[derive(Default)]
struct Shown {
    /// The last character; NUL where it does not matter.
    before: char,
    /// The last character is a CR that is not shown yet: one before LF is a part of the line end.
    cr: bool,
}

impl Visible {
    /// Appends `bytes`, made visible, to `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.chunks.push(bytes, |chunk| self.shown.add(chunk, out));
    }

    /// Appends what is held back when the text ends: a CR, or a character without its end.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        self.chunks.finish(|chunk| self.shown.add(chunk, out));
        self.shown.end_cr(out);
    }
}

impl Shown {
    fn add(&mut self, chunk: Chunk<'_>, out: &mut Vec<u8>) {
        match chunk {
            Chunk::Text(text) => self.show(text, out),
            Chunk::Invalid(bytes) => {
                self.end_cr(out);
                show_bytes(bytes, out);
                self.before = '\0';
            }
        }
    }

    fn show(&mut self, text: &str, out: &mut Vec<u8>) {
        let mut plain = 0; // where characters begin that pass and are not appended yet
        for (at, c) in text.char_indices() {
            if self.cr {
                plain = at;
                if c == '\n' { self.cr = false } else { self.end_cr(out) }
            }
            let passes = matches!(c, '\n' | '\t') || !is_hidden(c) || selects_form(self.before, c);
            self.before = c;
            if passes {
                continue;
            }
            out.extend_from_slice(&text.as_bytes()[plain..at]);
            plain = at + c.len_utf8();
            // CR LF ends lines on the network (RFC 854); CR alone would let the text after it overwrite the line.
            if c == '\r' { self.cr = true } else { show_hidden(c, out) }
        }
        out.extend_from_slice(&text.as_bytes()[plain..]);
    }

    /// Shows a CR after which no LF came.
    fn end_cr(&mut self, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.cr) {
            show_hidden('\r', out);
        }
    }
}

/// A single line made visible, line ends and tabs too.
#[must_use]
pub fn line(text: &str) -> String {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    let (mut shown, mut before) = (Vec::with_capacity(text.len()), '\0');
    for c in text.chars() {
        if is_hidden(c) && !selects_form(before, c) {
            show_hidden(c, &mut shown);
        } else {
            push(c, &mut shown);
        }
        before = c;
    }
    // It is made of characters.
    String::from_utf8(shown).unwrap_or_default()
}

/// A line on its way to terminals that may filter nothing: UTF-8 in which no control but TAB acts on a terminal.
///
/// Invisible characters stay, as words of some languages and joined emoji are written with them; [`Visible`] on the
/// reader's terminal shows them.
#[must_use]
pub fn visible_controls(line: &[u8]) -> Cow<'_, [u8]> {
    if line.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~')) {
        return Cow::Borrowed(line);
    }
    let mut shown = Vec::with_capacity(line.len());
    for chunk in line.utf8_chunks() {
        for c in chunk.valid().chars() {
            if is_control(c) && c != '\t' { show_hidden(c, &mut shown) } else { push(c, &mut shown) }
        }
        show_bytes(chunk.invalid(), &mut shown);
    }
    Cow::Owned(shown)
}

fn push(c: char, out: &mut Vec<u8>) {
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

fn show_hidden(c: char, out: &mut Vec<u8>) {
    match c {
        '\0'..='\x1f' => push(char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}'), out),
        '\x7f' => push('\u{2421}', out),
        // Writing to memory cannot fail.
        c => drop(write!(out, "\\u{{{:x}}}", c as u32)),
    }
}

fn show_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        let _ = write!(out, "\\x{byte:02x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seen(bytes: &[u8]) -> String {
        let mut out = Vec::new();
        let mut visible = Visible::default();
        visible.push(bytes, &mut out);
        visible.finish(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_moves_a_terminal_is_shown() {
        assert_eq!(seen(b"\x1b[2J\x07"), "\u{241b}[2J\u{2407}");
        assert_eq!(seen("a\u{202e}b".as_bytes()), "a\\u{202e}b");
        assert_eq!(seen(b"\xff\xc3("), "\\xff\\xc3(");
        assert_eq!(seen(b"end\xe2\x82"), "end\\xe2\\x82");
        assert_eq!(seen("\u{9b}31m".as_bytes()), "\\u{9b}31m");
        assert_eq!(seen("line\n\ttab".as_bytes()), "line\n\ttab");
        assert_eq!(seen(b"one\r\ntwo\r\n\r\n"), "one\ntwo\n\n");
        assert_eq!(seen(b"100%\rnone\r\r\n\r"), "100%\u{240d}none\u{240d}\n\u{240d}");
        assert_eq!(seen("a\u{34f}\u{fe0f}\u{1d173}".as_bytes()), "a\\u{34f}\\u{fe0f}\\u{1d173}");
        assert_eq!(seen("\u{2764}\u{fe0f}\u{fe0f}".as_bytes()), "\u{2764}\u{fe0f}\\u{fe0f}");
        assert_eq!(line("a\r\nb"), "a\u{240d}\u{240a}b");
        assert_eq!(seen("höflich 日本".as_bytes()), "höflich 日本");
    }

    #[test]
    fn a_line_for_all_is_text_without_controls() {
        let shown = |line: &[u8]| String::from_utf8(visible_controls(line).into_owned()).unwrap();
        assert!(matches!(visible_controls(b"plain\ttext ~"), Cow::Borrowed(_)));
        assert_eq!(shown(b"\x1b]0;t\x07\r\0\x7f"), "\u{241b}]0;t\u{2407}\u{240d}\u{2400}\u{2421}");
        assert_eq!(shown("a\tb\u{9b}m\u{202e}\u{2028}".as_bytes()), "a\tb\\u{9b}m\\u{202e}\\u{2028}");
        assert_eq!(shown(b"\x9b1m caf\xe9"), "\\x9b1m caf\\xe9");
        let written = "olá می\u{200c}خواهم 👩\u{200d}💻 \u{2764}\u{fe0f}";
        assert_eq!(shown(written.as_bytes()), written);
    }

    proptest! {
        #[test]
        fn a_line_for_all_stays_the_same_when_it_is_made_visible_again(line in proptest::collection::vec(any::<u8>(), 0..99)) {
            let once = visible_controls(&line).into_owned();
            prop_assert_eq!(&*visible_controls(&once), &once[..]);
            let text = String::from_utf8(once).unwrap();
            let is_safe = text.chars().all(|c| c == '\t' || !is_control(c));
            prop_assert!(is_safe);
        }

        #[test]
        fn no_control_gets_through_however_it_is_cut(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 0usize..200) {
            let at = cut.min(bytes.len());
            let mut out = Vec::new();
            let mut visible = Visible::default();
            visible.push(&bytes[..at], &mut out);
            visible.push(&bytes[at..], &mut out);
            visible.finish(&mut out);
            let text = String::from_utf8(out).unwrap();
            prop_assert_eq!(&text, &seen(&bytes));
            let may_pass = |c| matches!(c, '\n' | '\t' | '\u{fe0e}' | '\u{fe0f}') || !is_hidden(c);
            prop_assert!(text.chars().all(may_pass));
        }
    }
}
