//! Whole lines of many connections on one output: a line is written when it is complete, so that none interrupts another.

use super::budget::OWN;
use super::text::{LONGEST, Split, Text};
use crate::text::line::{Line, LineFormat, LineFramer, Overflow};
use crate::text::tag::Tagger;

const FORMAT: LineFormat = LineFormat { max: LONGEST, keep_cr: true, overflow: Overflow::Split };

/// Collects the lines of one connection and tags each.
pub(super) struct Lines {
    tagger: Tagger,
    framer: LineFramer,
    /// Whether pieces of the line were written already.
    split: bool,
}

impl Lines {
    /// Lines that begin with `tag`.
    pub(super) fn new(tag: String) -> Self {
        Self { tagger: Tagger::new(tag), framer: LineFramer::default(), split: false }
    }

    /// Appends the lines that `bytes` completes to `out`.
    pub(super) fn push(&mut self, mut bytes: &[u8], out: &mut Text) {
        while let Some(line) = self.framer.next_line(&mut bytes, FORMAT) {
            self.write(line, Split::TooLong, out);
        }
    }

    /// Appends the unfinished line of a connection that ended, as a line.
    pub(super) fn finish(&mut self, out: &mut Text) {
        // A line in pieces always has a last one, since only what more follows is split off.
        if let Some(line) = self.framer.finish(FORMAT) {
            self.write(line, Split::TooLong, out);
        }
    }

    /// Bytes held of an unfinished line.
    pub(super) const fn held(&self) -> usize {
        self.framer.held()
    }

    /// Appends the unfinished line as a piece, but for its last byte: the line may end there.
    pub(super) fn give_way(&mut self, out: &mut Text) {
        if let Some(piece) = self.framer.take_piece() {
            self.write(piece, Split::TooSlow, out);
        }
    }

    fn write(&mut self, line: Line<'_>, why: Split, out: &mut Text) {
        self.tagger.line(&line.text, &mut out.bytes);
        if !line.ends {
            out.cut();
        }
        if !std::mem::replace(&mut self.split, !line.ends) && !line.ends {
            out.split = Some(why);
        }
        self.framer.reuse(line, OWN);
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
        assert!(lines.held() == 0);
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
