//! What a child says on a pipe: waiting for one line of it, then reading the rest away.

use crate::proc::DEADLINE;
use anyhow::{Context as _, Result, ensure};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::os::fd::OwnedFd;

/// Reads from `pipe` until `find` answers for a line (without its line feed), or gives an error at the end of input.
pub fn wait_for<T>(pipe: &OwnedFd, find: impl Fn(&str) -> Option<T>) -> Result<T> {
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let mut watched = [PollFd::new(pipe, PollFlags::IN)];
        let ready = poll(&mut watched, Some(&Timespec::try_from(DEADLINE)?))?;
        ensure!(ready > 0, "nothing more said within {DEADLINE:?}: {}", String::from_utf8_lossy(&text));
        let count = rustix::io::read(pipe, &mut buffer).context("read a child's output")?;
        ensure!(count > 0, "ended without the awaited line: {}", String::from_utf8_lossy(&text));
        text.extend_from_slice(&buffer[..count]);
        while let Some(end) = text.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = text.drain(..=end).collect();
            if let Some(found) = find(String::from_utf8_lossy(&line).trim_end()) {
                return Ok(found);
            }
        }
    }
}

/// Reads `pipe` to its end on a thread of its own, so that its writer never waits.
pub fn drain(pipe: OwnedFd) {
    std::thread::spawn(move || {
        let mut rest = std::fs::File::from(pipe);
        std::io::copy(&mut rest, &mut std::io::sink())
    });
}
