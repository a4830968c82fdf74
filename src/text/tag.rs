//! The address before each line of a connection (`--prefix`).

use std::fmt::Display;

/// `[127.0.0.1:50000] `; an IPv6 address has its brackets already: `[::1]:50000 `.
#[must_use]
pub fn tag(address: impl Display) -> String {
    let text = address.to_string();
    if text.starts_with('[') { format!("{text} ") } else { format!("[{text}] ") }
}

/// Puts a tag before each line.
pub struct Tagger {
    tag: String,
    in_line: bool,
}

impl Tagger {
    /// Puts `tag` before each line.
    #[must_use]
    pub const fn new(tag: String) -> Self {
        Self { tag, in_line: false }
    }

    /// Appends a framed line, tagged and ended, to `out`.
    pub fn line(&self, text: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(self.tag.as_bytes());
        out.extend_from_slice(text);
        out.push(b'\n');
    }

    /// Appends `bytes` of a stream, tagged, to `out`. A line is tagged when its first byte arrives.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            if !std::mem::replace(&mut self.in_line, !line.ends_with(b"\n")) {
                out.extend_from_slice(self.tag.as_bytes());
            }
            out.extend_from_slice(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_are_not_doubled() {
        assert_eq!(
            ["localhost:80", "127.0.0.1:80", "[::1]:80"].map(tag),
            ["[localhost:80] ", "[127.0.0.1:80] ", "[::1]:80 "]
        );
    }

    #[test]
    fn a_line_is_tagged_once_however_it_is_cut() {
        let (mut tagger, mut out) = (Tagger::new("> ".into()), Vec::new());
        for part in ["on", "e\n", "\ntw", "o"] {
            tagger.push(part.as_bytes(), &mut out);
        }
        assert_eq!(out, b"> one\n> \n> two");
    }
}
