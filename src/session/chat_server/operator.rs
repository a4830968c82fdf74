//! Whoever sits at the server's terminal: a member without a socket.

use super::server::Shared;
use crate::event::Subject;
use crate::sys::{Error, Result, fd};
use std::future::poll_fn;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use tokio::sync::mpsc;
use tokio::task::spawn_local;

/// Chunks of typed text that may wait; a person types one line at a time.
const CHUNKS: usize = 16;
/// Bytes read at once.
const CHUNK: usize = 4 << 10;

/// Seats the operator, who is heard through `typed` and reads the transcript, with its own lines if it `hears_itself`.
pub(super) fn connection(
    server: &Shared,
    front: Option<Subject>,
    typed: OwnedFd,
    hears_itself: bool,
) -> Result<()> {
    let (say, mut said) = mpsc::channel::<Vec<u8>>(CHUNKS);
    let listen = move || {
        let mut buffer = vec![0; CHUNK];
        while let Ok(len @ 1..) = fd::read(typed.as_fd(), &mut buffer) {
            if say.blocking_send(buffer[..len].to_vec()).is_err() {
                return;
            }
        }
    };
    let started = std::thread::Builder::new().name("operator".into()).spawn(listen);
    started.map_err(|e| Error::new("start thread", "operator", e))?;
    server.borrow_mut().seat_operator(front, hears_itself);
    let server = Rc::clone(server);
    spawn_local(async move {
        while let Some(bytes) = said.recv().await {
            poll_fn(|cx| server.borrow_mut().poll_calm(cx)).await;
            server.borrow_mut().operator_says(&bytes);
        }
        server.borrow_mut().operator_leaves();
    });
    Ok(())
}
