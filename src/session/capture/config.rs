//! What is captured, as final values.

use std::path::{Path, PathBuf};

/// What is shown and saved of packets.
#[derive(Clone, Debug, Default)]
pub struct CaptureConfig {
    /// Packets are shown.
    pub show: bool,
    /// With their bytes.
    pub hex: bool,
    /// With the numbers of the header beside those from the start of the connection, and the interface.
    pub detail: bool,
    /// Of other events errors alone are shown, and no packets.
    pub quiet: bool,
    /// Where they are saved; `-` is standard output.
    pub file: Option<PathBuf>,
    /// Where the diagram of the conversations goes; `-` is standard output.
    pub diagram: Option<PathBuf>,
    /// The key log of this program's TLS sessions, whose secrets are saved with the packets.
    pub keylog: Option<PathBuf>,
    /// The packets of other programs that `Capture::follow` names, not those of our sockets.
    pub others: bool,
}

impl CaptureConfig {
    /// Whether packets are shown on standard output: those of others are what was asked for, as long as nothing else goes there.
    #[must_use]
    pub fn on_stdout(&self, events_are_there: bool) -> bool {
        let saved_there = self.file.as_deref() == Some(Path::new("-"));
        self.others && self.show && !events_are_there && !saved_there
    }
}
