//! Other programs that some tests run against: found on PATH, or the test says that it skipped.

use super::skip;
use std::path::PathBuf;

/// Looks a program up on PATH. `None` after saying so if it is missing; a failure where nothing may be skipped.
pub fn peer(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
    if found.is_none() {
        skip(&format!("{name} is missing"));
    }
    found
}
