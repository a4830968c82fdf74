//! Events as JSON Lines.

use crate::event::{Record, Sink};
use std::fs::File;
use std::io::{self, Write};

/// Writes one object a line, a batch at a time.
pub(super) struct Json {
    to: File,
    lines: Vec<u8>,
}

impl Json {
    pub(super) fn new(to: File) -> Self {
        Self { to, lines: Vec::new() }
    }
}

impl Sink for Json {
    fn write(&mut self, batch: &[Record]) -> io::Result<()> {
        self.lines.clear();
        for record in batch {
            serde_json::to_writer(&mut self.lines, record)?;
            self.lines.push(b'\n');
        }
        self.to.write_all(&self.lines)
    }
}
