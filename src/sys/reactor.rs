//! Descriptors in tokio's reactor. Registering asks for a promise that only the owner of the descriptor can give.
#![allow(unsafe_code)]

use super::signal::Stop;
use super::socket::Tracked;
use std::io;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Puts a socket into the reactor of the runtime this is called in.
pub fn register(socket: Tracked) -> io::Result<AsyncFd<Tracked>> {
    // SAFETY: a `Tracked` keeps its one descriptor open until it is dropped, which it is after it left the reactor.
    Ok(unsafe { AsyncFd::register(socket) }?)
}

/// Puts the wish to end into the reactor of the runtime this is called in.
pub fn register_stop(stop: Stop) -> io::Result<AsyncFd<Stop>> {
    // SAFETY: a `Stop` shares a descriptor that stays open as long as any of its clones, this one among them.
    Ok(unsafe { AsyncFd::register_with_interest(stop, Interest::READABLE) }?)
}
