//! The diagram of a run, drawn at its end.

use crate::capture::LadderBuilder;
use crate::event::{Kind, Record};
use crate::sys::{Error, Result, fd};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// A diagram that takes the events of a run.
pub(super) struct Diagram {
    builder: LadderBuilder,
    path: PathBuf,
    to: File,
}

impl Diagram {
    /// Creates the file, or takes standard output where the path is `-`.
    pub(super) fn create(path: &Path) -> Result<Self> {
        let failed = |error| Error::new("open", path.display(), error).about(Kind::File);
        let to = if path == Path::new("-") { fd::take_output().map(File::from) } else { File::create(path) };
        Ok(Self { builder: LadderBuilder::default(), path: path.to_owned(), to: to.map_err(failed)? })
    }

    pub(super) fn add(&mut self, record: &Record) {
        self.builder.add(record);
    }

    /// Draws: SVG and Mermaid by the ending of the file's name, text otherwise.
    pub(super) fn finish(mut self) -> Result<()> {
        let ladder = self.builder.finish();
        let drawing = match self.path.extension().and_then(|ending| ending.to_str()) {
            Some("svg") => ladder.to_svg(),
            Some("mmd") => ladder.to_mermaid(),
            _ => ladder.to_text(),
        };
        let written = self.to.write_all(drawing.as_bytes());
        written.map_err(|error| Error::new("write", self.path.display(), error).about(Kind::File))
    }
}
