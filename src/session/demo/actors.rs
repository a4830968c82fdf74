//! The ends of a conversation as a lesson has them in hand: each an engine in a thread of its own.

use crate::exit::Exit;
use crate::session::{Outcome, Result};
use crate::sys::signal::{Signal, StopRequest};
use crate::sys::{Error, blocking, tty};
use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::mpsc::Receiver;
use std::thread::JoinHandle;
use std::time::Duration;

/// Nothing on loopback takes this long: a demo that fails is better than one that hangs.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// How long the end of the demo waits for the end of an engine.
const END_TIMEOUT: Duration = Duration::from_secs(1);

/// An engine in a thread of its own; dropped, it is asked to end, and waited for.
pub(super) struct Actor {
    pub(super) name: &'static str,
    pub(super) stop: StopRequest,
    pub(super) end: Receiver<Result>,
    pub(super) thread: JoinHandle<()>,
}

/// A server, its address, and what is typed into it, if it sends that.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) actor: Actor,
    pub(super) typed: Option<OwnedFd>,
}

/// A client, what is typed into it, and what it received.
pub(super) struct Client {
    pub(super) actor: Actor,
    pub(super) typed: Option<OwnedFd>,
    pub(super) received: OwnedFd,
}

impl Client {
    /// Types a line.
    pub(super) fn say(&self, line: &str) -> anyhow::Result<()> {
        self.actor.type_line(self.typed.as_ref(), line)
    }
}

impl Server {
    /// Types a line.
    pub(super) fn say(&self, line: &str) -> anyhow::Result<()> {
        self.actor.type_line(self.typed.as_ref(), line)
    }
}

impl Actor {
    fn type_line(&self, typed: Option<&OwnedFd>, line: &str) -> anyhow::Result<()> {
        let line = format!("{line}\n");
        let written = typed.map_or(Ok(()), |typed| blocking::write_all(typed.as_fd(), line.as_bytes()));
        written.or_else(|error| {
            // Its engine ended, most likely with an error of its own.
            self.finish()?;
            Err(Error::new("write", self.name, error).into())
        })
    }

    /// Waits for the end of the engine; an end that no lesson has is an error.
    pub(super) fn finish(&self) -> anyhow::Result<()> {
        match self.end.recv_timeout(PATIENCE).unwrap_or_else(|_| Err(late(self.name).into()))? {
            Outcome { exit: Exit::Done | Exit::Signalled(_), .. } => Ok(()),
            Outcome { cause, .. } => Err(Error::new("run", self.name, io::Error::other(cause)).into()),
        }
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        self.stop.make(Signal::Terminate);
        let _ = self.end.recv_timeout(END_TIMEOUT);
    }
}

/// The error of an end that takes too long.
pub(super) fn late(name: &'static str) -> Error {
    Error::new("wait for", name, io::ErrorKind::TimedOut)
}

/// Input of an actor: its reading and its writing end.
pub(super) fn pipe() -> anyhow::Result<(OwnedFd, OwnedFd)> {
    Ok(tty::pipe().map_err(|e| Error::new("pipe for", "the demo", e))?)
}

/// An output that nobody reads.
pub(super) fn nowhere() -> anyhow::Result<OwnedFd> {
    let null = File::options().write(true).open("/dev/null");
    Ok(null.map_err(|e| Error::new("open", "/dev/null", e))?.into())
}
