//! tokio's runtime, and descriptors in its reactor. Registering asks for a promise that only the owner of the descriptor can give.
#![allow(unsafe_code)]

use super::error::{Error, Result};
use super::signal::Stop;
use super::socket::Socket;
use std::io;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::runtime::{Builder, Runtime};

/// A runtime of one thread, with sockets and timers.
pub fn runtime() -> Result<Runtime> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(|e| Error::new("epoll_create", "", e))
}

/// A runtime of `workers` threads beside the one that waits in it, with sockets and timers.
pub fn threaded_runtime(workers: usize) -> Result<Runtime> {
    let runtime = Builder::new_multi_thread().worker_threads(workers).enable_all().build();
    runtime.map_err(|e| Error::new("epoll_create", "", e))
}

/// Puts a socket into the reactor of the runtime this is called in.
pub fn register(socket: Socket) -> io::Result<AsyncFd<Socket>> {
    // SAFETY: a `Socket` keeps its one descriptor open until it is dropped, which it is after it left the reactor.
    Ok(unsafe { AsyncFd::register(socket) }?)
}

/// Registers the stop signal with the reactor of the current runtime.
pub fn register_stop(stop: Stop) -> io::Result<AsyncFd<Stop>> {
    // SAFETY: a `Stop` shares a descriptor that stays open as long as any of its clones, this one among them.
    Ok(unsafe { AsyncFd::register_with_interest(stop, Interest::READABLE) }?)
}
