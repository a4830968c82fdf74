//! Events on a terminal after Ctrl-C: the first begins on a new line, not after the echoed `^C`.

use crate::event::{Record, Sink};
use std::fs::File;
use std::io::{self, Write};

/// A printer that writes a line feed before the first batch for which one is due.
pub(super) struct AfterEcho {
    pub(super) inner: Box<dyn Sink>,
    pub(super) to: File,
    /// Whether one is due; true at most once.
    pub(super) is_due: Box<dyn Fn() -> bool + Send>,
}

impl Sink for AfterEcho {
    fn write(&mut self, batch: &[Record]) -> io::Result<()> {
        if (self.is_due)() {
            self.to.write_all(b"\n")?;
        }
        self.inner.write(batch)
    }

    fn finish(&mut self) {
        self.inner.finish();
    }
}
