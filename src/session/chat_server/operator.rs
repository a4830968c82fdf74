//! The operator: the person at the server's terminal, a member without a socket; or the program whose lines come by a pipe.

use super::server::Shared;
use crate::event::Subject;
use crate::sys::blocking;
use crate::sys::{Error, Result};
use std::future::poll_fn;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use tokio::sync::mpsc;
use tokio::task::spawn_local;

/// Chunks of typed text that may wait; a person types one line at a time.
const CHUNKS: usize = 16;
/// Bytes read at once.
const CHUNK: usize = 4 << 10;

/// Adds the operator, whose lines come from `typed`, and who reads the transcript, with its own lines if `echo`.
pub(super) fn join(server: &Shared, listener: Option<Subject>, typed: OwnedFd, echo: bool) -> Result<()> {
    server.borrow_mut().join_operator(listener, echo);
    read_lines(server, typed)
}

/// Gives the room the lines of the pipe `input`.
pub(super) fn join_program(server: &Shared, listener: Option<Subject>, input: OwnedFd) -> Result<()> {
    server.borrow_mut().join_program(listener);
    read_lines(server, input)
}

/// Starts the thread that reads `typed`, and the task that gives the room what it read.
fn read_lines(server: &Shared, typed: OwnedFd) -> Result<()> {
    let (sender, mut chunks) = mpsc::channel::<Vec<u8>>(CHUNKS);
    let read = move || {
        let mut buffer = vec![0; CHUNK];
        while let Ok(len @ 1..) = blocking::read(typed.as_fd(), &mut buffer) {
            if sender.blocking_send(buffer[..len].to_vec()).is_err() {
                return;
            }
        }
    };
    let started = std::thread::Builder::new().name("operator".into()).spawn(read);
    started.map_err(|e| Error::new("start thread", "operator", e))?;
    let server = Rc::clone(server);
    spawn_local(async move {
        while let Some(bytes) = chunks.recv().await {
            poll_fn(|cx| server.borrow_mut().poll_may_send(cx)).await;
            server.borrow_mut().receive_from_operator(&bytes);
        }
        server.borrow_mut().retire_operator();
    });
    Ok(())
}
