//! Events as JSON Lines.

use super::datagram::{self, Memory};
use crate::event::{Record, Sink};
use std::fs::File;
use std::io::{self, Write};

/// Writes one object a line, a batch at a time.
pub(super) struct Json {
    to: File,
    lines: Vec<u8>,
    memory: Memory,
}

impl Json {
    pub(super) fn new(to: File) -> Self {
        Self { to, lines: Vec::new(), memory: Memory::default() }
    }
}

impl Sink for Json {
    fn write(&mut self, batch: &[Record]) -> io::Result<()> {
        self.lines.clear();
        for record in batch {
            if datagram::json(record, &mut self.memory, &mut self.lines).is_none() {
                serde_json::to_writer(&mut self.lines, record)?;
                self.lines.push(b'\n');
            }
        }
        self.to.write_all(&self.lines)
    }
}
