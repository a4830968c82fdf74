//! Lines on their way to the shared output, and which of them are only pieces of a line.

use std::fmt;

/// A line longer than this, its line feed not counted, is written in pieces.
pub(super) const LONGEST: usize = 1 << 20;

/// Lines, each ended by a line feed, or bytes as they arrived.
#[derive(Default)]
pub(in crate::session) struct Text {
    pub(in crate::session) bytes: Vec<u8>,
    /// Where pieces end that are not the last of their line.
    cuts: Vec<usize>,
    /// Why a line is in pieces; set with the first of them.
    pub(in crate::session) split: Option<Split>,
}

/// Why a line is not written whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::session) enum Split {
    /// It is longer than [`LONGEST`].
    TooLong,
    /// It arrived slowly while long lines of other connections waited for memory.
    TooSlow,
}

impl Text {
    /// No text yet, to be collected in `spare`, which is empty.
    pub(super) fn in_memory_of(spare: Vec<u8>) -> Self {
        Self { bytes: spare, ..Self::default() }
    }

    /// Marks the bytes written last as a piece that does not end its line.
    pub(super) fn cut(&mut self) {
        self.cuts.push(self.bytes.len());
    }

    /// Each line or piece of one, and whether its line ends with it.
    pub(in crate::session) fn lines(&self) -> impl Iterator<Item = (&[u8], bool)> {
        let mut end = 0;
        self.bytes.split_inclusive(|b| *b == b'\n').map(move |line| {
            end += line.len();
            (line, self.cuts.binary_search(&end).is_err())
        })
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "a line longer than {LONGEST} bytes is printed in pieces"),
            Self::TooSlow => write!(
                f,
                "a long line arrived slowly while others waited for memory; it is printed in pieces"
            ),
        }
    }
}
