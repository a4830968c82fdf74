//! The file of a UNIX server's socket (unix(7), "Pathname sockets"): created with its mode, never over another server's, and
//! removed with the socket.

use rustix::fs::{Access, AtFlags, CWD, FlockOperation, Mode, OFlags};
use rustix::fs::{accessat, flock, open, statat, unlink};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use rustix::process::umask;
use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Looks for the lock of a directory, and the pause between two: another server has it for the time of a few system calls.
const LOOKS: u32 = 50;
const PAUSE: Duration = Duration::from_millis(2);

/// The file of a bound socket. Dropping it removes the file, unless another has taken its place.
pub(super) struct SocketFile {
    path: PathBuf,
    /// Device and inode of the file.
    id: (u64, u64),
}

impl SocketFile {
    /// Calls `bind`, which makes the socket `path`, with the permissions `mode`. The file of a socket that no process has is
    /// replaced; every other file stays, and is an error.
    pub(super) fn bind(path: &[u8], mode: u32, bind: impl FnOnce() -> Result<(), Errno>) -> io::Result<Self> {
        let path = Path::new(OsStr::from_bytes(path));
        // Of two servers that find the same dead socket the second must not remove what the first one made.
        let _lock = lock_directory(path);
        remove_dead(path)?;
        with_mode(mode, bind)?;
        let id = id(path)?;
        Ok(Self { path: path.to_owned(), id })
    }

    /// Whether this process, as the user it is now, may remove the file (unlink(2)).
    pub(super) fn is_removable(&self) -> bool {
        let parent = directory_of(&self.path);
        let (Ok(folder), Ok(file)) =
            (statat(CWD, parent, AtFlags::empty()), statat(CWD, &self.path, AtFlags::SYMLINK_NOFOLLOW))
        else {
            return false;
        };
        let user = rustix::process::geteuid();
        let is_sticky = Mode::from_raw_mode(folder.st_mode).contains(Mode::SVTX);
        let owns = user.is_root() || [folder.st_uid, file.st_uid].contains(&user.as_raw());
        accessat(CWD, parent, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS).is_ok()
            && (owns || !is_sticky)
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if id(&self.path).is_ok_and(|id| id == self.id) {
            // Who may not remove it leaves it to the next server.
            let _ = unlink(&self.path);
        }
    }
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Holds the lock (flock(2)) of the directory of `path`, if it can be had: a directory that cannot be read, or whose lock
/// stays taken, is used without.
fn lock_directory(path: &Path) -> Option<OwnedFd> {
    let directory = directory_of(path);
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = open(directory, flags, Mode::empty()).ok()?;
    for _ in 0..LOOKS {
        match flock(&directory, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Some(directory),
            Err(Errno::WOULDBLOCK) => std::thread::park_timeout(PAUSE),
            Err(_) => return None,
        }
    }
    None
}

/// Removes the socket `path` if no process has it.
fn remove_dead(path: &Path) -> io::Result<()> {
    let Ok(found) = statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW) else { return Ok(()) };
    if rustix::fs::FileType::from_raw_mode(found.st_mode) != rustix::fs::FileType::Socket {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "exists and is not a socket"));
    }
    match is_held(path) {
        Ok(true) => Err(Errno::ADDRINUSE.into()),
        Ok(false) => Ok(unlink(path)?),
        Err(error) => Err(error.into()),
    }
}

/// Whether a process has the socket `path`. A server of streams is asked by a datagram socket, which it refuses for its
/// type (EPROTOTYPE): a connection would be accepted, and served.
fn is_held(path: &Path) -> Result<bool, Errno> {
    let probe = socket_with(
        AddressFamily::UNIX,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
        None,
    )?;
    match connect(&probe, &SocketAddrUnix::new(path)?) {
        Err(Errno::CONNREFUSED | Errno::NOENT) => Ok(false),
        // Nobody but its owner and root may ask, and then it is as good as taken.
        Ok(()) | Err(Errno::PROTOTYPE | Errno::ACCESS | Errno::PERM | Errno::AGAIN) => Ok(true),
        Err(error) => Err(error),
    }
}

/// Calls `bind` under the umask that leaves `mode` of a socket's 0777; chmod(2) after it would come too late for 0600.
fn with_mode(mode: u32, bind: impl FnOnce() -> Result<(), Errno>) -> Result<(), Errno> {
    // The umask is that of the process; nothing else of this program changes it.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let before = umask(Mode::from_raw_mode(!mode & 0o777));
    let answer = bind();
    umask(before);
    answer
}

fn id(path: &Path) -> io::Result<(u64, u64)> {
    let found = statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok((found.st_dev, found.st_ino))
}
