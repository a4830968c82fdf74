//! The sessions' secrets in a file that Wireshark reads (NSS key log format).

use super::Error;
use rustls::KeyLog;
use std::fmt::{self, Write as _};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// A key log that only its owner can read. Lines are appended by one write each, so that processes can share it.
pub(crate) struct KeyLogFile {
    file: File,
    failed: AtomicBool,
}

impl KeyLogFile {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
        Ok(Self { file: file.map_err(|e| Error::open(path, &e))?, failed: AtomicBool::new(false) })
    }

    /// A secret could not be written.
    pub(crate) fn failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }
}

impl KeyLog for KeyLogFile {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let mut line = format!("{label} ");
        for byte in client_random {
            _ = write!(line, "{byte:02x}"); // a String does not fail
        }
        line.push(' ');
        for byte in secret {
            _ = write!(line, "{byte:02x}");
        }
        line.push('\n');
        if (&self.file).write_all(line.as_bytes()).is_err() {
            self.failed.store(true, Ordering::Relaxed);
        }
    }
}

impl fmt::Debug for KeyLogFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyLogFile")
    }
}
