//! A folder of one test's own, for the UNIX sockets in it.

use std::path::PathBuf;
use tempfile::TempDir;

/// Removed, with all that is in it, when it is dropped.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    /// Where a file of this name is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The address of the socket of this name.
    pub fn address(&self, name: &str) -> String {
        format!("unix:{}", self.path(name).display())
    }

    /// An abstract name that no other test has.
    pub fn abstract_address(&self) -> String {
        format!("unix:@{}", self.0.path().display())
    }
}
