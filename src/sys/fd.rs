//! Standard input and output as descriptors, and what kind of thing a descriptor is.
#![allow(unsafe_code)]

use rustix::fs::{FileType, Mode, OFlags, fcntl_getfl, fstat, major, minor};
use rustix::io::Errno;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicU8, Ordering};

/// Numbers of `/dev/null` among the character devices, major and minor (Linux `admin-guide/devices.txt`).
const NULL_DEVICE: (u32, u32) = (1, 3);

/// What the pump may do with a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// A pipe: splice(2) writes it directly.
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

/// Standard error.
#[must_use]
pub fn errors() -> BorrowedFd<'static> {
    rustix::stdio::stderr()
}

/// A second descriptor for the same open file.
pub fn duplicate(fd: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    Ok(rustix::io::fcntl_dupfd_cloexec(fd, 3)?)
}

/// A second descriptor for a pipe; none for anything else.
#[must_use]
pub fn duplicate_pipe(fd: BorrowedFd<'_>) -> Option<OwnedFd> {
    let is_pipe = nature(fd).is_ok_and(|nature| nature == Nature::Pipe);
    is_pipe.then(|| duplicate(fd).ok()).flatten()
}

/// Whether a descriptor is a terminal.
#[must_use]
pub fn is_terminal(fd: BorrowedFd<'_>) -> bool {
    rustix::termios::isatty(fd)
}

/// Whether two descriptors lead to the same file, pipe or terminal.
#[must_use]
pub fn is_same_file(one: BorrowedFd<'_>, other: BorrowedFd<'_>) -> bool {
    let identity = |fd| fstat(fd).ok().map(|status| (status.st_dev, status.st_ino));
    identity(one).is_some_and(|one| Some(one) == identity(other))
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

/// Whether what is written to a descriptor is lost by design: the null device, open for writing (null(4)).
#[must_use]
pub fn throws_away(fd: BorrowedFd<'_>) -> bool {
    let is_null = fstat(fd).is_ok_and(|status| {
        let device = (major(status.st_rdev), minor(status.st_rdev));
        FileType::from_raw_mode(status.st_mode) == FileType::CharacterDevice && device == NULL_DEVICE
    });
    is_null && fcntl_getfl(fd).is_ok_and(|flags| flags & OFlags::ACCMODE != OFlags::RDONLY)
}

/// A second descriptor for the open file that `number` leads to.
pub(super) fn duplicate_of(number: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: the borrow ends with the duplicate; fcntl fails with EBADF if the number is not open.
    let fd = unsafe { BorrowedFd::borrow_raw(number) };
    duplicate(fd)
}

/// Has every descriptor but the standard streams closed where a command is run (`close_range(2)`), whatever the parent
/// process passed on.
pub(super) fn close_all_on_exec() -> io::Result<()> {
    // SAFETY: the call takes numbers, and changes a flag of descriptors that no code here relies on to be absent.
    let answer = unsafe {
        libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC as libc::c_uint)
    };
    if answer == 0 {
        return Ok(());
    }
    // The flag came with Linux 5.11.
    for entry in std::fs::read_dir("/proc/self/fd")? {
        if let Some(number) =
            entry?.file_name().to_str().and_then(|name| name.parse().ok()).filter(|n| *n > 2)
        {
            // SAFETY: fcntl(2) with F_SETFD takes any number, and answers EBADF to one that is not open.
            unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) };
        }
    }
    Ok(())
}

/// Standard input as a descriptor of our own. One that was closed when the program started is an empty one.
pub fn take_input() -> io::Result<OwnedFd> {
    Ok(rustix::io::fcntl_dupfd_cloexec(input(), 3)?)
}

/// Standard output as a descriptor of our own. One that was closed when the program started is `EBADF`.
pub fn take_output() -> io::Result<OwnedFd> {
    if !was_given(1) {
        return Err(Errno::BADF.into());
    }
    Ok(rustix::io::fcntl_dupfd_cloexec(output(), 3)?)
}

/// Standard output for one use alone: whatever else the program writes there goes to the null device.
pub fn claim_output() -> io::Result<OwnedFd> {
    let own = take_output()?;
    discard_output()?;
    Ok(own)
}

/// Puts the null device in the place of standard output. The number stays open, so that no other file takes it.
fn discard_output() -> io::Result<()> {
    let null = rustix::fs::open("/dev/null", OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    Ok(rustix::stdio::dup2_stdout(null)?)
}

/// Where a relay writes what it received.
#[derive(Debug)]
pub enum Output {
    /// A descriptor of its own.
    Owned(OwnedFd),
    /// Standard output, taken for good: dropped, it is closed for its reader as well.
    Standard(OwnedFd),
}

impl Output {
    /// Takes standard output for good. One that was closed when the program started is `EBADF`.
    pub fn standard() -> io::Result<Self> {
        take_output().map(Self::Standard)
    }
}

impl AsFd for Output {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Owned(fd) | Self::Standard(fd) => fd.as_fd(),
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // A terminal is shared with messages.
        if let Self::Standard(fd) = self
            && !is_terminal(fd.as_fd())
        {
            // It fails only where the number is closed already.
            let _ = discard_output();
        }
    }
}

/// What is left to read of a regular file, bytes.
#[must_use]
pub fn file_size(fd: BorrowedFd<'_>) -> Option<u64> {
    let status = fstat(fd).ok()?;
    let is_file = FileType::from_raw_mode(status.st_mode) == FileType::RegularFile;
    let position = rustix::fs::tell(fd).ok()?;
    is_file.then(|| u64::try_from(status.st_size).unwrap_or(0).saturating_sub(position))
}

/// Which of the three standard descriptors were open when the program started, a bit each.
///
/// The language's runtime puts `/dev/null` in place of a closed one before `main`; data written there would be lost
/// without a word, so it is looked at before that.
static GIVEN: AtomicU8 = AtomicU8::new(0);

/// Whether standard stream `number` (0 to 2) was open when the program started.
pub(super) fn was_given(number: RawFd) -> bool {
    (0..3).contains(&number) && GIVEN.load(Ordering::Relaxed) >> number & 1 == 1
}

extern "C" fn look_at_standard_descriptors() {
    for number in 0..3 {
        // SAFETY: fcntl(2) with F_GETFD takes any number and changes nothing.
        if unsafe { libc::fcntl(number, libc::F_GETFD) } != -1 {
            GIVEN.fetch_or(1 << number, Ordering::Relaxed);
        }
    }
}

// SAFETY: the loader calls the functions of this section once, before any other code of the program; this one makes a
// system call and writes an atomic, which needs nothing to be set up.
#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = look_at_standard_descriptors;
