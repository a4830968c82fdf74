//! Whoever sits at the server's terminal: a member without a socket.

use super::hall::Shared;
use crate::event::Subject;
use crate::sys::{Error, Result, stdio};
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
pub(super) fn seat(hall: &Shared, front: Option<Subject>, typed: OwnedFd, hears_itself: bool) -> Result<()> {
    let (say, mut said) = mpsc::channel::<Vec<u8>>(CHUNKS);
    let listen = move || {
        let mut buffer = vec![0; CHUNK];
        while let Ok(len @ 1..) = stdio::read(typed.as_fd(), &mut buffer) {
            if say.blocking_send(buffer[..len].to_vec()).is_err() {
                return;
            }
        }
    };
    let started = std::thread::Builder::new().name("operator".into()).spawn(listen);
    started.map_err(|e| Error::new("start thread", "operator", e))?;
    hall.borrow_mut().seat_operator(front, hears_itself);
    let hall = Rc::clone(hall);
    spawn_local(async move {
        while let Some(bytes) = said.recv().await {
            poll_fn(|cx| hall.borrow_mut().poll_calm(cx)).await;
            hall.borrow_mut().operator_says(&bytes);
        }
        hall.borrow_mut().operator_leaves();
    });
    Ok(())
}
