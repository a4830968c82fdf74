//! tokio's runtime, and descriptors in its reactor. Registering asks for a promise that only the owner of the descriptor
//! can give.
#![allow(unsafe_code)]

use super::child::CommandGroup;
use super::error::{Error, Result};
use super::signal::Stop;
use super::socket::Socket;
use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::runtime::{Builder, LocalOptions, LocalRuntime, Runtime};

/// A runtime of one thread, with sockets and timers, whose tasks stay in it: those that it wakes itself cost no system call.
pub fn runtime() -> Result<LocalRuntime> {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
    runtime.map_err(|e| Error::new("epoll_create", "", e))
}

/// Sleeps until then; for ever without a time.
pub async fn sleep_until(then: Option<Instant>) {
    match then {
        Some(then) => tokio::time::sleep_until(then.into()).await,
        None => std::future::pending().await,
    }
}

/// A timer for a task that is polled by hand.
#[derive(Default)]
pub struct Timer(Option<Pin<Box<tokio::time::Sleep>>>);

impl Timer {
    /// Waits until `then`, in the runtime this is called in.
    pub fn poll_until(&mut self, cx: &mut Context<'_>, then: Instant) -> Poll<()> {
        let sleep = self.0.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(then.into())));
        if sleep.deadline() != then.into() {
            sleep.as_mut().reset(then.into());
        }
        sleep.as_mut().poll(cx)
    }
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

/// Puts a socket that a command has into the reactor: what it sees is the end of both directions, not the data that is the
/// command's.
pub fn register_hang_up(socket: Socket) -> io::Result<AsyncFd<Socket>> {
    // SAFETY: as above.
    Ok(unsafe { AsyncFd::register_with_interest(socket, Interest::PRIORITY) }?)
}

/// Puts the write end of a pipe into the reactor, which sees the end of its last reader alone ([`reader_left`]).
pub fn register_pipe(pipe: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` is open until it is dropped, which it is after it left the reactor.
    Ok(unsafe { AsyncFd::register_with_interest(pipe, Interest::ERROR) }?)
}

/// Waits until nobody has the read end of `pipe` any more.
pub async fn reader_left(pipe: &AsyncFd<OwnedFd>) {
    if pipe.ready(Interest::ERROR).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Puts a command into the reactor, where it is readable once it has ended.
pub fn register_command(command: CommandGroup) -> io::Result<AsyncFd<CommandGroup>> {
    // SAFETY: a `CommandGroup` keeps its one descriptor open until it is dropped, which it is after it left the reactor.
    Ok(unsafe { AsyncFd::register_with_interest(command, Interest::READABLE) }?)
}

/// Registers the stop signal with the reactor of the current runtime.
pub fn register_stop(stop: Stop) -> io::Result<AsyncFd<Stop>> {
    // SAFETY: a `Stop` shares a descriptor that stays open as long as any of its clones, this one among them.
    Ok(unsafe { AsyncFd::register_with_interest(stop, Interest::READABLE) }?)
}
