//! Hostile text made visible: what a peer sent must not move the cursor, change the title or reorder a line.
//!
//! Controls become their pictures, what else `hidden` names becomes `\u{202e}`, bytes that are not UTF-8 become `\xff`;
//! nothing is dropped, so what came can be read, and text that was made visible once stays the same when it is again.

use super::hidden::{is_control, is_hidden, selects_form};
use std::borrow::Cow;
use std::fmt::Write;

/// A filter for bytes that come in pieces and go to a terminal. Line ends and tabs stay.
#[derive(Default)]
pub struct Visible {
    /// The beginning of a character, or of the line end CR LF, that is not complete yet; at most three bytes.
    cut: Vec<u8>,
    /// The last character that came; NUL where there is none that matters.
    before: char,
}

impl Visible {
    /// Appends `bytes`, made visible, to `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let mut joined = std::mem::take(&mut self.cut);
        let mut rest = if joined.is_empty() {
            bytes
        } else {
            joined.extend_from_slice(bytes);
            &joined
        };
        let mut text = String::new();
        loop {
            match std::str::from_utf8(rest) {
                Ok(good) => {
                    let whole = good.strip_suffix('\r').unwrap_or(good);
                    show(whole, &mut self.before, true, &mut text);
                    self.cut = good[whole.len()..].into();
                    break;
                }
                Err(error) => {
                    let (good, bad) = rest.split_at(error.valid_up_to());
                    show(std::str::from_utf8(good).unwrap_or_default(), &mut self.before, true, &mut text);
                    let Some(length) = error.error_len() else {
                        self.cut = bad.to_vec();
                        break;
                    };
                    show_bytes(&bad[..length], &mut text);
                    self.before = '\0';
                    rest = &bad[length..];
                }
            }
        }
        out.extend_from_slice(text.as_bytes());
    }

    /// Appends what was held back when the text is over: a character without its end.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        let cut = std::mem::take(&mut self.cut);
        if cut == b"\r" {
            return out.extend_from_slice("\u{240d}".as_bytes());
        }
        let mut text = String::new();
        show_bytes(&cut, &mut text);
        out.extend_from_slice(text.as_bytes());
    }
}

/// A single line made visible: line feeds too.
#[must_use]
pub fn line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    show(text, &mut '\0', false, &mut shown);
    shown
}

/// A line on its way to terminals that may filter nothing: UTF-8 in which nothing but TAB acts on whoever shows it.
///
/// What merely cannot be seen stays, as words of some languages and joined emoji are written with it; a terminal of
/// ours shows that too ([`Visible`]).
#[must_use]
pub fn visible_controls(line: &[u8]) -> Cow<'_, [u8]> {
    if line.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~')) {
        return Cow::Borrowed(line);
    }
    let mut shown = String::with_capacity(line.len());
    for chunk in line.utf8_chunks() {
        for c in chunk.valid().chars() {
            if is_control(c) && c != '\t' { show_hidden(c, &mut shown) } else { shown.push(c) }
        }
        show_bytes(chunk.invalid(), &mut shown);
    }
    Cow::Owned(shown.into_bytes())
}

fn show(text: &str, before: &mut char, lines: bool, out: &mut String) {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' | '\t' if lines => out.push(c),
            // CR LF ends lines on the network (RFC 854); CR alone would let what follows overwrite the line.
            '\r' if lines && chars.peek() == Some(&'\n') => {}
            c if is_hidden(c) && !selects_form(*before, c) => show_hidden(c, out),
            c => out.push(c),
        }
        *before = c;
    }
}

fn show_hidden(c: char, out: &mut String) {
    match c {
        '\0'..='\x1f' => out.push(char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}')),
        '\x7f' => out.push('\u{2421}'),
        // Writing to a string cannot fail.
        c => drop(write!(out, "\\u{{{:x}}}", c as u32)),
    }
}

fn show_bytes(bytes: &[u8], out: &mut String) {
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
