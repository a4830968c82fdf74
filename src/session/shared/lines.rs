//! Whole lines of many clients on one output: a line is written when it is complete, so that none tears another.

use super::budget::OWN;
use super::text::{Split, Text};

/// A line longer than this, its line feed not counted, is written in pieces.
pub(super) const LONGEST: usize = 1 << 20;

/// Collects one client's lines and tags each.
pub(super) struct Lines {
    tag: String,
    held: Vec<u8>,
    /// Whether pieces of the line were written already.
    split: bool,
}

impl Lines {
    /// Lines that begin with `tag`.
    pub(super) fn new(tag: String) -> Self {
        Self { tag, held: Vec::new(), split: false }
    }

    /// Appends the lines that `bytes` completes to `out`.
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Text) {
        for part in bytes.split_inclusive(|b| *b == b'\n') {
            let (mut text, ended) = part.strip_suffix(b"\n").map_or((part, false), |text| (text, true));
            while self.held.len() + text.len() > LONGEST {
                let (now, later) = text.split_at(LONGEST - self.held.len());
                self.held.extend_from_slice(now);
                self.tear(LONGEST, Split::TooLong, out);
                text = later;
            }
            self.held.extend_from_slice(text);
            if ended {
                self.write(out);
                self.split = false;
            }
        }
    }

    /// Appends what is left when the client is gone, as a line.
    pub(super) fn finish(&mut self, out: &mut Text) {
        // A line that was torn always holds something: pieces are cut off where more follows.
        if !self.held.is_empty() {
            self.write(out);
            self.split = false;
        }
    }

    /// Bytes held of a line whose end has not come.
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    /// Appends what is held as a piece, but for its last byte: the line may end here.
    pub(super) fn give_way(&mut self, out: &mut Text) {
        if self.held.len() > 1 {
            self.tear(self.held.len() - 1, Split::TooSlow, out);
        }
    }

    fn tear(&mut self, at: usize, why: Split, out: &mut Text) {
        let rest = self.held.split_off(at);
        self.write(out);
        self.held = rest;
        out.cut();
        if !std::mem::replace(&mut self.split, true) {
            out.split = Some(why);
        }
    }

    fn write(&mut self, out: &mut Text) {
        out.bytes.extend_from_slice(self.tag.as_bytes());
        out.bytes.append(&mut self.held);
        out.bytes.push(b'\n');
        self.held.shrink_to(OWN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_they_are_cut() {
        let mut lines = Lines::new("[a] ".into());
        let mut out = Text::default();
        for part in ["on", "e\n\ntw", "o\nthr"] {
            lines.push(part.as_bytes(), &mut out);
        }
        assert_eq!(String::from_utf8_lossy(&out.bytes), "[a] one\n[a] \n[a] two\n");
        lines.finish(&mut out);
        lines.finish(&mut out);
        assert!(out.bytes.ends_with(b"two\n[a] thr\n") && out.split.is_none());
        assert!(out.lines().all(|(_, whole)| whole));
    }

    #[test]
    fn a_line_is_whole_up_to_the_limit_and_in_pieces_beyond() {
        let mut lines = Lines::new("[a] ".into());
        let mut out = Text::default();
        let line = vec![b'x'; LONGEST];
        lines.push(&line, &mut out);
        lines.push(b"\n", &mut out);
        assert_eq!((out.lines().count(), out.split), (1, None));
        assert!(lines.held.capacity() <= OWN, "memory is given back");
        let mut out = Text::default();
        lines.push(&[&line[..], &line, b"yz\nnext\n"].concat(), &mut out);
        let pieces: Vec<_> = out.lines().map(|(piece, whole)| (piece.len(), whole)).collect();
        let long = LONGEST + "[a] \n".len();
        assert_eq!(
            pieces,
            [(long, false), (long, false), ("[a] yz\n".len(), true), ("[a] next\n".len(), true)]
        );
        assert_eq!(out.split, Some(Split::TooLong));
    }

    #[test]
    fn a_line_that_gives_way_still_ends_as_one() {
        let mut lines = Lines::new(String::new());
        let mut out = Text::default();
        lines.push(b"abc", &mut out);
        lines.give_way(&mut out);
        lines.give_way(&mut out);
        lines.push(b"\n", &mut out);
        assert_eq!(out.lines().collect::<Vec<_>>(), [(&b"ab\n"[..], false), (b"c\n", true)]);
        assert_eq!(out.split, Some(Split::TooSlow));
    }
}
