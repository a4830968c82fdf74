//! The time, as the link with other machines takes it.

use crate::chat::bus::Now;
use jiff::Timestamp;
use std::time::Instant;

/// The time, counted from `opened`.
pub(super) fn now(opened: Instant) -> Now {
    Now { uptime: opened.elapsed(), wall: Timestamp::now() }
}
