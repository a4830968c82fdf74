//! Hostile text made visible: what a peer sent must not move the cursor, change the title or reorder a line.
//!
//! Controls become their pictures or `\x1b` escapes, invisible and bidirectional characters become `\u{202e}`; nothing
//! is dropped, so what came can be read.

use std::fmt::Write;

/// A filter for bytes that come in pieces and go to a terminal. Line ends and tabs stay.
#[derive(Default)]
pub struct Visible {
    /// The beginning of a character, or of the line end CR LF, that is not complete yet; at most three bytes.
    cut: Vec<u8>,
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
                    show(whole, true, &mut text);
                    self.cut = good[whole.len()..].into();
                    break;
                }
                Err(error) => {
                    let (good, bad) = rest.split_at(error.valid_up_to());
                    show(std::str::from_utf8(good).unwrap_or_default(), true, &mut text);
                    let Some(length) = error.error_len() else {
                        self.cut = bad.to_vec();
                        break;
                    };
                    for byte in &bad[..length] {
                        let _ = write!(text, "\\x{byte:02x}");
                    }
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
        for byte in cut {
            out.extend_from_slice(format!("\\x{byte:02x}").as_bytes());
        }
    }
}

/// A single line made visible: line feeds too.
#[must_use]
pub fn line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    show(text, false, &mut shown);
    shown
}

fn show(text: &str, lines: bool, out: &mut String) {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' | '\t' if lines => out.push(c),
            // CR LF ends lines on the network (RFC 854); CR alone would let what follows overwrite the line.
            '\r' if lines && chars.peek() == Some(&'\n') => {}
            '\0'..='\x1f' => out.push(char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}')),
            '\x7f' => out.push('\u{2421}'),
            c if is_deceptive(c) => {
                let _ = write!(out, "\\u{{{:x}}}", c as u32);
            }
            c => out.push(c),
        }
    }
}

/// C1 controls, bidirectional controls, zero-width and other invisible characters, noncharacters.
pub(super) fn is_deceptive(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}'
        | '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}')
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
        assert_eq!(line("a\r\nb"), "a\u{240d}\u{240a}b");
        assert_eq!(seen("höflich 日本".as_bytes()), "höflich 日本");
    }

    proptest! {
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
            prop_assert!(text.chars().all(|c| matches!(c, '\n' | '\t') || !(c.is_control() || is_deceptive(c))));
        }
    }
}
