//! Whole lines of many clients on one output: a line is written when it is complete, so that none tears another.

/// A line longer than this is written in pieces.
const LONGEST: usize = 64 << 10;

/// Collects one client's lines and tags each.
pub(super) struct Lines {
    tag: String,
    held: Vec<u8>,
}

impl Lines {
    /// Lines that begin with `tag`.
    pub(super) fn new(tag: String) -> Self {
        Self { tag, held: Vec::new() }
    }

    /// Appends the lines that `bytes` completes to `out`.
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for part in bytes.split_inclusive(|b| *b == b'\n') {
            self.held.extend_from_slice(part);
            if part.ends_with(b"\n") || self.held.len() >= LONGEST {
                self.finish(out);
            }
        }
    }

    /// Appends what is left when the client is gone, as a line.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        if self.held.is_empty() {
            return;
        }
        out.extend_from_slice(self.tag.as_bytes());
        out.append(&mut self.held);
        if !out.ends_with(b"\n") {
            out.push(b'\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_they_are_cut() {
        let mut lines = Lines::new("[a] ".into());
        let mut out = Vec::new();
        for part in ["on", "e\ntw", "o\nthr"] {
            lines.push(part.as_bytes(), &mut out);
        }
        assert_eq!(String::from_utf8_lossy(&out), "[a] one\n[a] two\n");
        lines.finish(&mut out);
        assert!(out.ends_with(b"[a] thr\n"));
    }

    #[test]
    fn an_endless_line_is_bounded() {
        let mut lines = Lines::new("[a] ".into());
        let mut out = Vec::new();
        lines.push(&vec![b'x'; LONGEST * 2 + 5], &mut out);
        lines.push(b"y", &mut out);
        assert!(lines.held.len() < LONGEST && out.len() > LONGEST);
    }
}
