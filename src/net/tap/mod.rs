//! What watches or slows the bytes of a stream on their way: copies into files, a limit of the rate, a pause between lines.
//! The bytes are those that are sent and received, before TLS and after it.

mod direction;
mod dump;
mod file;
mod throttle;

use crate::event::{Events, Kind};
use crate::sys::error::{Error, Result};
use crate::sys::fd;
use crate::sys::reactor::Timer;
use crate::sys::signal::Stop;
use crate::sys::socket::Socket;
use direction::Direction;
use dump::{Dump, Way};
use file::TapFile;
use std::fmt::{self, Display};
use std::fs::OpenOptions;
use std::io::{self, IoSlice};
use std::num::NonZero;
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use throttle::Throttle;

/// What is done to each connection of a run.
#[derive(Clone, Debug, Default)]
pub struct TapConfig {
    /// Received bytes are written here.
    pub output: Option<PathBuf>,
    /// And so are those sent.
    pub both: bool,
    /// Both directions are written here in hexadecimal.
    pub hex_dump: Option<DumpTarget>,
    /// Files are appended to instead of emptied.
    pub append: bool,
    /// The most bytes a second, each way.
    pub rate: Option<NonZero<u64>>,
    /// The pause after each line sent.
    pub delay: Option<Duration>,
}

/// Where a hex dump goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DumpTarget {
    /// Standard error.
    Stderr,
    /// A file.
    File(PathBuf),
}

/// The taps of a run, whose connections share their files.
pub struct Taps {
    copy: Option<TapFile>,
    both: bool,
    dump: Option<TapFile>,
    /// The dump goes to standard error.
    stderr: bool,
    rate: Option<NonZero<u64>>,
    delay: Option<Duration>,
}

/// The tap of one stream.
pub struct Tap {
    incoming: Mutex<Direction>,
    outgoing: Mutex<Direction>,
    /// The last write waits for the tap, not for the socket.
    held: AtomicBool,
}

impl Taps {
    /// Opens the files; `None` where nothing is tapped. `events` gets a warning when a file cannot be written.
    pub fn open(config: &TapConfig, events: &Events) -> Result<Option<Self>> {
        let file = |path: &Path| open(path, config.append, events);
        let taps = Self {
            copy: config.output.as_deref().map(file).transpose()?,
            both: config.both,
            dump: match &config.hex_dump {
                None => None,
                Some(DumpTarget::File(path)) => Some(file(path)?),
                Some(DumpTarget::Stderr) => Some(start("standard error", events, || Ok(fd::errors()))?),
            },
            stderr: config.hex_dump == Some(DumpTarget::Stderr),
            rate: config.rate,
            delay: config.delay,
        };
        let any = taps.copy.is_some() || taps.dump.is_some() || taps.rate.is_some() || taps.delay.is_some();
        Ok(any.then_some(taps))
    }

    /// Whether a dump goes to standard error.
    #[must_use]
    pub const fn uses_stderr(&self) -> bool {
        self.stderr
    }

    /// The tap of the stream over `socket`.
    #[must_use]
    pub fn tap(&self, socket: &Socket) -> Tap {
        let (conn, now) = (socket.conn(), Instant::now());
        let name = |address: Option<String>| address.unwrap_or_else(|| "?".to_owned());
        let local = name(socket.local().map(|address| address.to_string()));
        let peer = name(socket.peer().map(|address| address.to_string()));
        let direction = |way: Way| {
            let sends = way == Way::Sent;
            let delay = self.delay.filter(|_| sends);
            let is_limited = self.rate.is_some() || delay.is_some();
            Mutex::new(Direction {
                copy: self.copy.clone().filter(|_| !sends || self.both),
                dump: self.dump.clone().map(|file| (file, Dump::new(way, conn, &local, &peer))),
                throttle: is_limited.then(|| Throttle::new(self.rate, delay, now)),
                timer: Timer::default(),
            })
        };
        Tap {
            incoming: direction(Way::Received),
            outgoing: direction(Way::Sent),
            held: AtomicBool::new(false),
        }
    }

    /// Waits until the files have everything, or take nothing more after `stop`. Returns the first failure of one.
    pub fn finish(&self, stop: &Stop) -> Result<()> {
        let ends = self.copy.iter().chain(&self.dump).map(|file| file.finish(stop));
        // All of them are waited for.
        ends.fold(Ok(()), Result::and)
    }
}

impl fmt::Debug for Taps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Taps").field("rate", &self.rate).field("delay", &self.delay).finish_non_exhaustive()
    }
}

impl Tap {
    /// Receives by `read` once bytes may pass.
    pub(super) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
        read: impl FnOnce(&mut Context<'_>, &mut [u8]) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let mut incoming = lock(&self.incoming);
        ready!(incoming.poll_open(cx));
        let len = buffer.len().min(incoming.limit());
        let received = ready!(read(cx, &mut buffer[..len]))?;
        incoming.passed(&[IoSlice::new(buffer)], received);
        Poll::Ready(Ok(received))
    }

    /// Sends by `write` what may pass now, or answers `WouldBlock`.
    pub(super) fn try_write(
        &self,
        parts: &[IoSlice<'_>],
        write: impl FnOnce(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut outgoing = lock(&self.outgoing);
        if !outgoing.is_open() {
            self.held.store(true, Ordering::Relaxed);
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let parts = outgoing.clip(parts);
        let sent = write(&parts)?;
        outgoing.passed(&parts, sent);
        Ok(sent)
    }

    /// Waits until bytes may be sent.
    pub(super) fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<()> {
        let open = lock(&self.outgoing).poll_open(cx);
        self.held.store(open.is_pending(), Ordering::Relaxed);
        open
    }

    /// Whether the last write waits for the tap, not for the socket.
    pub(super) fn is_held(&self) -> bool {
        self.held.load(Ordering::Relaxed)
    }
}

fn lock(direction: &Mutex<Direction>) -> MutexGuard<'_, Direction> {
    direction.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens a file; a named pipe is opened by the thread that writes it, which waits for a reader (fifo(7)).
fn open(path: &Path, append: bool, events: &Events) -> Result<TapFile> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).append(append).truncate(!append);
    if path.metadata().is_ok_and(|found| found.file_type().is_fifo()) {
        let pipe = path.to_owned();
        return start(path.display(), events, move || options.open(pipe));
    }
    let file = options.open(path).map_err(|e| cannot_open(path.display(), e))?;
    start(path.display(), events, || Ok(file))
}

fn start<F: AsFd>(
    name: impl Display,
    events: &Events,
    open: impl FnOnce() -> io::Result<F> + Send + 'static,
) -> Result<TapFile> {
    TapFile::start(name.to_string(), events.clone(), open).map_err(|e| cannot_open(name, e))
}

fn cannot_open(name: impl Display, error: io::Error) -> Error {
    Error::new("open", name, error).about(Kind::File)
}
