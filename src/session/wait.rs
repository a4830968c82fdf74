//! Waiting that ends when the program is asked to end.

use crate::sys::poll::{self, Interest};
use crate::sys::reactor::register_stop;
use crate::sys::signal::{Signal, Stop};
use crate::sys::{Error, Result};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

/// Waits until one of `fds` is ready or until `deadline`; says which are ready, in order. Fails as [`expect_running`].
pub fn wait<'a>(
    mut fds: Vec<(BorrowedFd<'a>, Interest)>,
    stop: &'a Stop,
    deadline: Option<Instant>,
) -> Result<Vec<bool>> {
    fds.push((stop.as_fd(), Interest::Reading));
    let mut ready = poll::wait(&fds, deadline).map_err(|e| Error::new("poll", "", e))?;
    ready.pop();
    expect_running(stop).map(|()| ready)
}

/// Fails once the program was asked to end: an error of kind `Interrupted`, which ends the run in order.
pub fn expect_running(stop: &Stop) -> Result<()> {
    match stop.signal() {
        Some(signal) => Err(Error::new("wait", signal.name(), io::ErrorKind::Interrupted)),
        None => Ok(()),
    }
}

/// Waits for a signal that asks the program to end.
pub async fn stopped(stop: &Stop) -> Result<Signal> {
    let failed = |e: io::Error| Error::new("epoll_ctl", "signals", e);
    let readable = register_stop(stop.clone()).map_err(failed)?;
    loop {
        if let Some(signal) = stop.signal() {
            return Ok(signal);
        }
        readable.readable().await.map_err(failed)?.clear_ready();
    }
}
