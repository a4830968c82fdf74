//! Whether received text left the cursor of the terminal in the middle of a line; a program has one terminal.

use std::sync::atomic::{AtomicBool, Ordering};

static UNFINISHED: AtomicBool = AtomicBool::new(false);

/// Notes where the cursor is after received text was printed, or a line was typed whose line feed the terminal echoes.
pub fn printed(bytes: &[u8]) {
    if let Some(last) = bytes.last() {
        UNFINISHED.store(*last != b'\n', Ordering::Relaxed);
    }
}

/// Whether it is in the middle of a line; then it is taken to be moved to the next one.
pub(super) fn take_unfinished() -> bool {
    UNFINISHED.swap(false, Ordering::Relaxed)
}
