//! Limits of this machine: open descriptors, the length of an accept queue.

use super::fd;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::sync::OnceLock;

/// Descriptors there is room for from the start where many are expected; 32 KiB of the kernel's memory.
const CAPACITY: u64 = 4096;

/// The limit this program was started with, once it was raised.
static INHERITED: OnceLock<Rlimit> = OnceLock::new();

/// Raises the limit and has the kernel make its table large enough for thousands of descriptors.
///
/// The table grows as it fills, and once there are several threads each time waits for a grace period of RCU, some
/// milliseconds (`expand_fdtable`); called before the first thread is started, this costs nothing.
pub fn make_room_for_descriptors() {
    let highest = raise_descriptors().min(CAPACITY).saturating_sub(1);
    let lowest = i32::try_from(highest).unwrap_or_default();
    // Without it the table grows later.
    let _ = rustix::io::fcntl_dupfd_cloexec(fd::errors(), lowest);
}

/// Raises the soft limit on descriptors to the hard one (getrlimit(2)); returns what is in force.
///
/// A refusal changes nothing and is no error: the program then works with what it has.
#[allow(clippy::must_use_candidate)] // raising them is the point
pub fn raise_descriptors() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    if limit.current < limit.maximum {
        INHERITED.get_or_init(|| limit);
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Gives back the limit this program was started with, for a command that it is to run. A program that runs commands
/// beside its connections never raises it: between fork and exec nothing is set, so that `posix_spawn`(3) can be used.
pub fn restore_descriptors() {
    if let Some(limit) = INHERITED.get() {
        // The soft limit may always be lowered.
        let _ = setrlimit(Resource::Nofile, *limit);
    }
}

/// The accept queue that listen(2) grants for `backlog`, at most `net.core.somaxconn` (listen(2)).
pub(super) fn accept_queue(backlog: u32) -> u32 {
    let most = std::fs::read_to_string("/proc/sys/net/core/somaxconn").ok();
    most.and_then(|text| text.trim().parse().ok()).map_or(backlog, |most| backlog.min(most))
}
