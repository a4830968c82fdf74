//! A limit for all tests of a file: one that hangs in spite of its deadlines fails the run instead of stopping it.

use super::{note, pause};
use std::sync::Once;
use std::time::Duration;

/// Far more than the tests of any file take on a busy machine.
const LIMIT: Duration = Duration::from_mins(5);

/// Starts the watch; further calls do nothing.
pub fn start() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        std::thread::spawn(|| {
            pause(LIMIT);
            note(&format!("the tests of this file take more than {LIMIT:?}: one of them hangs"));
            // A panic would end this thread alone.
            std::process::abort();
        });
    });
}
