//! What clients send to a service, on standard output (`--show`).

use crate::net::stream::ByteStream;
use crate::session::shared::{Incoming, peer_tag};
use crate::session::stdout::Output;
use crate::sys::Result;
use crate::sys::splice::Filter;
use std::cell::RefCell;
use std::future::poll_fn;

/// Standard output, and how clients are shown there.
pub(super) struct Show {
    pub(super) output: Output,
    pub(super) visible: fn() -> Option<Filter>,
    pub(super) prefix: bool,
}

/// What one client sends.
pub(super) struct Shown<'a> {
    output: &'a Output,
    incoming: RefCell<Incoming>,
}

impl Show {
    pub(super) fn client(&self, client: &ByteStream) -> Shown<'_> {
        let visible = (self.visible)();
        let incoming = if self.prefix {
            Incoming::lines(visible, peer_tag(client.socket_ref()))
        } else {
            Incoming::bytes(visible)
        };
        Shown { output: &self.output, incoming: RefCell::new(incoming) }
    }
}

impl Shown<'_> {
    /// Adds received bytes; the beginning of a long line does not wait for its end.
    pub(super) fn push(&self, bytes: &[u8]) {
        self.incoming.borrow_mut().push_bounded(bytes);
    }

    /// Writes what can be shown, once standard output takes it.
    pub(super) async fn put(&self) {
        if self.incoming.borrow().is_ready() {
            self.output.put_with(|| self.incoming.borrow_mut().take().bytes).await;
        }
    }

    /// Shows the last line, whole or not.
    pub(super) async fn finish(&self) {
        self.incoming.borrow_mut().finish();
        self.put().await;
    }

    /// Shows all that the client still sends.
    pub(super) async fn receive(&self, client: &ByteStream, buffer: &RefCell<Vec<u8>>) -> Result<()> {
        loop {
            let received = poll_fn(|cx| {
                let mut buffer = buffer.borrow_mut();
                client.poll_read(cx, &mut buffer).map_ok(|len| {
                    self.push(&buffer[..len]);
                    len
                })
            });
            if received.await.map_err(|e| client.failed("recv", e))? == 0 {
                return Ok(());
            }
            self.put().await;
        }
    }
}
