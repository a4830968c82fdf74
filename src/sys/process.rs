//! Which processes hold which sockets: `/proc/PID/fd` (proc(5)). Used by `session::table` and `sys::holder`.

use rustix::fs::{self, CWD, Mode, OFlags, RawDir};
use rustix::io::Errno;
use std::ffi::CStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The buffer of one read of a directory: some 650 descriptors.
const CAPACITY: usize = 16 * 1024;
/// `PID/fd`, `PID/comm`: ten digits at most, and the zero byte.
const PATH: usize = 16;
/// `socket:[4294967295]` has 19 bytes; a longer link is no socket.
const LINK: usize = 20;
/// The name of a process has up to 15 bytes and a newline; kernel threads have longer ones, but no sockets.
const NAME: usize = 64;

/// A process that holds at least one of the sockets asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Its name as `/proc/PID/comm` has it: any bytes.
    pub name: Vec<u8>,
}

/// Processes by the inode of their sockets.
#[derive(Debug, Default)]
pub struct Holders {
    processes: Vec<Process>,
    /// (inode, index in `processes`), sorted, each once.
    held: Vec<(u32, u32)>,
    hidden: usize,
}

impl Holders {
    /// The processes that hold the socket, by rising number.
    pub fn of(&self, inode: u32) -> impl Iterator<Item = &Process> {
        let start = self.held.partition_point(|(held, _)| *held < inode);
        let held = self.held[start..].iter().take_while(move |(held, _)| *held == inode);
        held.filter_map(|(_, process)| self.processes.get(*process as usize))
    }

    /// The number of processes whose descriptors could not be read; each may hold any socket.
    #[must_use]
    pub const fn hidden(&self) -> usize {
        self.hidden
    }
}

/// Looks for holders of the sockets with these inodes in every process of `/proc`.
///
/// A process that ends meanwhile is skipped. Descriptors that one thread has for itself are not read.
///
/// # Errors
/// `/proc` cannot be read.
pub fn holders(inodes: impl IntoIterator<Item = u32>) -> io::Result<Holders> {
    let mut wanted: Vec<u32> = inodes.into_iter().filter(|inode| *inode != 0).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let mut search = Search { wanted, found: Holders::default() };
    if !search.wanted.is_empty() {
        search.run()?;
    }
    search.found.held.sort_unstable();
    search.found.held.dedup();
    Ok(search.found)
}

struct Search {
    wanted: Vec<u32>,
    found: Holders,
}

impl Search {
    fn run(&mut self) -> io::Result<()> {
        let proc = open(CWD, c"/proc")?;
        let mut pids = Vec::new();
        each_name(proc.as_fd(), &mut |name| pids.extend(number(name.to_bytes())))?;
        pids.sort_unstable();
        for pid in pids {
            match self.process(proc.as_fd(), pid) {
                Err(Errno::ACCESS | Errno::PERM) => self.found.hidden += 1,
                // It has ended, or is about to.
                Err(Errno::NOENT | Errno::SRCH) | Ok(()) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn process(&mut self, proc: BorrowedFd<'_>, pid: u32) -> Result<(), Errno> {
        let descriptors = open(proc, &Path::new(pid, b"/fd"))?;
        let before = self.found.held.len();
        let index = u32::try_from(self.found.processes.len()).map_err(|_| Errno::OVERFLOW)?;
        let Self { wanted, found } = self;
        each_name(descriptors.as_fd(), &mut |name| {
            if let Some(inode) = socket(descriptors.as_fd(), name)
                && wanted.binary_search(&inode).is_ok()
            {
                found.held.push((inode, index));
            }
        })?;
        if found.held.len() > before {
            found.processes.push(Process { pid, name: name(proc, pid) });
        }
        Ok(())
    }
}

fn open(at: BorrowedFd<'_>, path: &CStr) -> Result<OwnedFd, Errno> {
    fs::openat(at, path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

fn each_name(directory: BorrowedFd<'_>, visit: &mut dyn FnMut(&CStr)) -> Result<(), Errno> {
    let mut buffer = [const { MaybeUninit::uninit() }; CAPACITY];
    let mut names = RawDir::new(directory, &mut buffer);
    while let Some(entry) = names.next() {
        visit(entry?.file_name());
    }
    Ok(())
}

/// The inode of the socket behind a descriptor; `None` if it is none, or was closed meanwhile.
fn socket(descriptors: BorrowedFd<'_>, name: &CStr) -> Option<u32> {
    let mut buffer = [MaybeUninit::uninit(); LINK];
    let (link, _) = fs::readlinkat_raw(descriptors, name, &mut buffer).ok()?;
    number(link.strip_prefix(b"socket:[")?.strip_suffix(b"]")?)
}

fn name(proc: BorrowedFd<'_>, pid: u32) -> Vec<u8> {
    let mut buffer = [0; NAME];
    let file = fs::openat(proc, &*Path::new(pid, b"/comm"), OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
    let length = file.and_then(|file| rustix::io::read(file, &mut buffer)).unwrap_or(0);
    buffer[..length].strip_suffix(b"\n").unwrap_or(&buffer[..length]).to_vec()
}

fn number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u32, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u32::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// A path below `/proc`, without an allocation.
struct Path([u8; PATH]);

impl Path {
    fn new(pid: u32, below: &[u8]) -> Self {
        let mut digits = [0; 10];
        let (mut start, mut left) = (digits.len(), pid);
        while left > 0 || start == digits.len() {
            start -= 1;
            digits[start] = b'0' + (left % 10) as u8;
            left /= 10;
        }
        let mut path = [0; PATH];
        let all = digits[start..].iter().chain(below);
        path.iter_mut().take(PATH - 1).zip(all).for_each(|(to, from)| *to = *from);
        Self(path)
    }
}

impl std::ops::Deref for Path {
    type Target = CStr;

    fn deref(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.0).unwrap_or_default()
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)] // plain sockets to look for
mod tests {
    use super::*;
    use std::net::UdpSocket;
    use std::process::{Command, Stdio};

    fn inode(fd: impl AsFd) -> u32 {
        fs::fstat(fd).unwrap().st_ino.try_into().unwrap()
    }

    #[test]
    fn every_process_that_holds_a_socket_is_named_once() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let again = socket.try_clone().unwrap();
        let other = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut child = Command::new("cat")
            .stdin(Stdio::piped())
            .stdout(OwnedFd::from(socket.try_clone().unwrap()))
            .spawn()
            .unwrap();
        let found = holders([inode(&socket), inode(&other), 0]).unwrap();
        let own = std::process::id();
        // Another test's child may hold everything for a moment, between fork and exec.
        for pid in [own, child.id()] {
            assert_eq!(found.of(inode(&socket)).filter(|p| p.pid == pid).count(), 1);
        }
        let cat = found.of(inode(&socket)).find(|p| p.pid == child.id()).unwrap();
        assert_eq!(cat.name, b"cat");
        assert!(found.of(inode(&other)).any(|p| p.pid == own && !p.name.is_empty()));
        assert!(found.of(inode(&other)).all(|p| p.pid != child.id()));
        assert_eq!(found.of(0).count(), 0);
        assert_eq!(inode(&again), inode(&socket));
        drop(child.stdin.take());
        child.wait().unwrap();
    }

    #[test]
    fn numbers_are_read_and_written_whole() {
        for pid in [0, 7, 4_194_304, u32::MAX] {
            let path = Path::new(pid, b"/fd");
            assert_eq!(path.to_str().unwrap(), format!("{pid}/fd"));
            assert_eq!(number(pid.to_string().as_bytes()), Some(pid));
        }
        assert_eq!(Path::new(u32::MAX, b"/comm").to_str().unwrap(), "4294967295/comm");
        for word in ["", "self", "1a", "4294967296"] {
            assert_eq!(number(word.as_bytes()), None, "{word}");
        }
    }
}
