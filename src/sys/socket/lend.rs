//! A socket as the standard input and output of a command.

use super::Socket;
use crate::sys::fd;
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use std::io;
use std::os::fd::{AsFd, OwnedFd};

impl Socket {
    /// Two descriptors of this socket for a command, whose calls wait. Until [`Self::take_back`] the socket is the
    /// command's to read and write; its states are observed as ever.
    pub fn lend(&self) -> io::Result<(OwnedFd, OwnedFd)> {
        self.tracker.lend();
        if let Some(watcher) = self.sockets.watcher() {
            // A FIN that the command sends is no call of ours.
            watcher.expect_acks(self.token, self.as_fd());
        }
        self.set_waiting(true)?;
        Ok((fd::duplicate(self.as_fd())?, fd::duplicate(self.as_fd())?))
    }

    /// Makes calls on the socket not wait again, once the command has ended.
    pub fn take_back(&self) -> io::Result<()> {
        self.set_waiting(false)
    }

    /// Whether the connection broke: it is over, and not because both ends closed it.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.tracker.observe();
        self.tracker.is_broken()
    }

    /// The flag belongs to the open file, which the descriptors of a command share (`fcntl(2)`).
    fn set_waiting(&self, waits: bool) -> io::Result<()> {
        let mut flags = fcntl_getfl(self.as_fd())?;
        flags.set(OFlags::NONBLOCK, !waits);
        Ok(fcntl_setfl(self.as_fd(), flags)?)
    }
}
