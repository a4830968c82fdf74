//! Other programs that some tests run against: found on PATH or among those of administrators, or the test says that it
//! skipped.

use super::skip;
use std::path::PathBuf;

/// Looks a program up. `None` after saying so if it is missing; a failure where nothing may be skipped.
pub fn peer(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
    let found = folders.map(|folder| folder.join(name)).find(|file| file.is_file());
    if found.is_none() {
        skip(&format!("{name} is missing"));
    }
    found
}
