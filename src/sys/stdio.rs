//! Standard input and output as descriptors, and what kind of thing a descriptor is.

use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// What the pump may do with a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// A pipe: splice(2) works on it directly.
    Pipe,
    /// A regular file: sendfile(2) reads it, splice(2) writes it.
    File,
    /// A file opened with `O_APPEND`, which splice(2) refuses.
    AppendFile,
    /// A character device that is not a terminal, such as `/dev/null`.
    Device,
    /// Terminal, socket and all else: read and write.
    Stream,
}

/// Standard input.
#[must_use]
pub fn input() -> BorrowedFd<'static> {
    rustix::stdio::stdin()
}

/// Standard output.
#[must_use]
pub fn output() -> BorrowedFd<'static> {
    rustix::stdio::stdout()
}

/// Whether a descriptor is a terminal.
#[must_use]
pub fn is_terminal(fd: BorrowedFd<'_>) -> bool {
    rustix::termios::isatty(fd)
}

/// What kind of thing a descriptor is; a closed one is an error (`EBADF`).
pub fn nature(fd: BorrowedFd<'_>) -> io::Result<Nature> {
    let kind = FileType::from_raw_mode(fstat(fd)?.st_mode);
    let append = fcntl_getfl(fd)?.contains(OFlags::APPEND);
    Ok(match kind {
        FileType::Fifo => Nature::Pipe,
        FileType::RegularFile if append => Nature::AppendFile,
        FileType::RegularFile => Nature::File,
        FileType::CharacterDevice if !is_terminal(fd) => Nature::Device,
        _ => Nature::Stream,
    })
}

/// Writes all of `data`, waiting where the descriptor was made non-blocking by somebody else.
pub fn write_all(fd: BorrowedFd<'_>, mut data: &[u8]) -> io::Result<()> {
    while !data.is_empty() {
        match rustix::io::write(fd, data) {
            Ok(n) => data = &data[n..],
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::AGAIN) => {
                super::wait::wait(&[(fd, super::wait::For::Writing)], None)?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Reads some bytes, waiting where the descriptor was made non-blocking by somebody else; 0 at the end.
pub fn read(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match rustix::io::read(fd, &mut *buffer) {
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::AGAIN) => {
                super::wait::wait(&[(fd, super::wait::For::Reading)], None)?;
            }
            answer => return Ok(answer?),
        }
    }
}

/// Takes a descriptor this process inherited by its number, as `--ready-fd` and `--events fd:N` name it.
#[allow(unsafe_code)]
pub fn inherited(number: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: the borrow lasts for one fcntl(2), which fails with EBADF if the number is not open.
    let fd = unsafe { BorrowedFd::borrow_raw(number) };
    Ok(rustix::io::fcntl_dupfd_cloexec(fd, 3)?)
}

/// Takes an inherited descriptor over, so that closing it here tells the other end.
#[allow(unsafe_code)]
pub fn take_inherited(number: RawFd) -> io::Result<OwnedFd> {
    let _open = inherited(number)?;
    // SAFETY: the number is open, was passed to this process for this use, and nothing else here owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// A second descriptor for the same open file.
pub fn duplicate(fd: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    Ok(rustix::io::fcntl_dupfd_cloexec(fd.as_fd(), 3)?)
}
