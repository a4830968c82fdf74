//! Calls that know neither deadlines nor signals, made in a thread that is left behind where it is not waited for.

use super::poll::{EventFd, Interest, wait};
use super::signal::Stop;
use std::io;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// What became of such a call.
pub enum Detached<T> {
    /// It was made; this is its answer.
    Done(T),
    /// The deadline passed.
    Late,
    /// The program was asked to end.
    Stopped,
}

/// Makes `call` in a thread of this name, and waits for it until `deadline` or `stop`.
pub fn run_detached<T: Send + 'static>(
    name: &str,
    deadline: Option<Instant>,
    stop: &Stop,
    call: impl FnOnce() -> T + Send + 'static,
) -> io::Result<Detached<T>> {
    let answer = Arc::new((Mutex::new(None), EventFd::new()?));
    let theirs = Arc::clone(&answer);
    let run = move || {
        let found = call();
        *theirs.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
        theirs.1.signal();
    };
    std::thread::Builder::new().name(name.into()).spawn(run)?;
    let fds = [(answer.1.as_fd(), Interest::Reading), (stop.as_fd(), Interest::Reading)];
    let ready = wait(&fds, deadline)?;
    if ready[0]
        && let Some(found) = answer.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    {
        return Ok(Detached::Done(found));
    }
    Ok(if ready[1] { Detached::Stopped } else { Detached::Late })
}
