//! Calls on a client's connection that several services make.

use crate::net::stream::ByteStream;
use crate::sys::{Error, Result};
use std::cell::RefCell;
use std::future::poll_fn;
use std::io;

/// Bytes one read takes; the buffer is shared by all clients, so a client that is silent costs none.
pub(super) const READ: usize = 64 << 10;

/// Throws away what the client sends, to its end.
pub(super) async fn discard(client: &ByteStream, scratch: &RefCell<Vec<u8>>) -> Result<()> {
    let some = || poll_fn(|cx| client.poll_discard(cx, &mut scratch.borrow_mut()));
    while some().await.map_err(|e| failed("recv", client, e))? > 0 {}
    Ok(())
}

pub(super) fn failed(op: &'static str, client: &ByteStream, error: io::Error) -> Error {
    Error::new(op, client.socket_ref().on(), error)
}
