//! Signals and limits inherited from the parent process and passed on to a command.
#![allow(unsafe_code)]

use super::{limits, signal};
use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether SIGXFSZ was ignored already when the program started.
static FILE_SIZE_IGNORED: AtomicBool = AtomicBool::new(false);

/// Puts in order what was inherited. To be called once, before anything else.
///
/// A child's status is kept for us even if the parent process ignored SIGCHLD (wait(2)), and a write past the limit on a file's
/// size is an error like any other, `EFBIG`, instead of an end by SIGXFSZ (setrlimit(2)).
pub fn settle_signals() {
    FILE_SIZE_IGNORED.store(signal::is_ignored(libc::SIGXFSZ), Ordering::Relaxed);
    // SAFETY: neither is a handler, and there is no other thread yet.
    unsafe {
        libc::signal(libc::SIGCHLD, libc::SIG_DFL);
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
    }
}

/// A command that gets what this program was started with: the limit on descriptors, signals as they were.
#[must_use]
pub fn command(program: &OsStr) -> Command {
    let mut command = Command::new(program);
    let (descriptors, ignored) = (limits::inherited(), FILE_SIZE_IGNORED.load(Ordering::Relaxed));
    let restore = move || {
        if let Some(limit) = descriptors {
            // A soft limit may always be lowered again (setrlimit(2)).
            rustix::process::setrlimit(rustix::process::Resource::Nofile, limit)?;
        }
        if !ignored {
            // SAFETY: no handler is installed.
            unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_DFL) };
        }
        Ok(())
    };
    // SAFETY: between fork and exec it makes system calls alone.
    unsafe { command.pre_exec(restore) };
    command
}
