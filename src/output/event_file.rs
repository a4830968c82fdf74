//! What events are written to. On a terminal they begin on a new line: not after the `^C` that Ctrl-C echoes, nor after
//! received text without a line feed.

use std::fs::File;
use std::io::{self, Write};

/// Whether a line feed is due; true once for each.
type IsDue = Box<dyn Fn() -> bool + Send>;

/// A file, or a terminal where line feeds may be due.
pub(super) struct EventFile {
    file: File,
    is_due: Option<IsDue>,
}

impl EventFile {
    pub(super) const fn plain(file: File) -> Self {
        Self { file, is_due: None }
    }

    pub(super) fn terminal(file: File, is_due: impl Fn() -> bool + Send + 'static) -> Self {
        Self { file, is_due: Some(Box::new(is_due)) }
    }

    pub(super) const fn file(&self) -> &File {
        &self.file
    }

    /// Writes whole lines.
    pub(super) fn write_all(&mut self, lines: &[u8]) -> io::Result<()> {
        if !lines.is_empty() && self.is_due.as_ref().is_some_and(|is_due| is_due()) {
            self.file.write_all(b"\n")?;
        }
        self.file.write_all(lines)
    }
}
