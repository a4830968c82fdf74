//! The two ends of a measured pipe, threads of this program: both are to cost next to nothing, and the same for all.

#![allow(unsafe_code)] // vmsplice takes raw memory

use anyhow::{Context as _, Result};

use rustix::pipe::{IoSliceRaw, PipeFlags, SpliceFlags, pipe_with, splice, vmsplice};
use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::sync::LazyLock;
use std::thread::JoinHandle;

/// As much as is lent, written or read at once.
const BLOCK: usize = 1 << 20;

/// What flows: never changed, so that a pipe may hold the very pages.
static CONTENT: LazyLock<Vec<u8>> = LazyLock::new(|| vec![b'x'; BLOCK]);

/// How the bytes get into the first pipe and out of the last.
#[derive(Clone, Copy)]
pub enum Manner {
    /// By reference: vmsplice(2) in, splice(2) to /dev/null out.
    Lend,
    /// As most programs do: write(2) in, read(2) out.
    Copy,
}

/// A pipe of the default capacity that only a spawned child may inherit: (read end, write end).
pub fn pipe() -> Result<(OwnedFd, OwnedFd)> {
    pipe_with(PipeFlags::CLOEXEC).context("pipe")
}

/// Starts filling `pipe` with `bytes` bytes. Ends early, without complaint, when the reader goes away.
pub fn produce(pipe: OwnedFd, bytes: u64, manner: Manner) -> JoinHandle<()> {
    let content = CONTENT.as_slice();
    std::thread::spawn(move || {
        let mut left = bytes;
        while left > 0 {
            let length = usize::try_from(left).map_or(BLOCK, |left| left.min(BLOCK));
            let taken = match manner {
                Manner::Lend => lend(&pipe, &content[..length]),
                Manner::Copy => rustix::io::write(&pipe, &content[..length]),
            };
            match taken {
                Ok(count) => left -= count as u64,
                Err(_) => return,
            }
        }
    })
}

fn lend(pipe: &OwnedFd, content: &'static [u8]) -> rustix::io::Result<usize> {
    // SAFETY: the pipe's write end, so the memory is only read; it is static and never changed.
    unsafe { vmsplice(pipe, &[IoSliceRaw::from_slice(content)], SpliceFlags::empty()) }
}

/// Starts emptying `pipe`; joining gives the number of bytes that came.
pub fn consume(pipe: OwnedFd, manner: Manner) -> JoinHandle<Result<u64>> {
    std::thread::spawn(move || match manner {
        Manner::Lend => pass_to_null(&pipe),
        Manner::Copy => read_away(File::from(pipe)),
    })
}

fn pass_to_null(pipe: &OwnedFd) -> Result<u64> {
    let null = File::options().write(true).open("/dev/null").context("open /dev/null")?;
    let mut total = 0;
    loop {
        match splice(pipe, None, &null, None, BLOCK, SpliceFlags::MOVE).context("splice to /dev/null")? {
            0 => return Ok(total),
            count => total += count as u64,
        }
    }
}

fn read_away(mut pipe: File) -> Result<u64> {
    let mut buffer = vec![0; BLOCK];
    let mut total = 0;
    loop {
        match pipe.read(&mut buffer).context("read a pipe")? {
            0 => return Ok(total),
            count => total += count as u64,
        }
    }
}
