//! One client of a server, from its accept to its end.

use super::Server;
use crate::sys::socket::Socket;
use std::rc::Rc;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::yield_now;

/// Serves a client from its handshake to its end. Without `--keep-open` handshakes run at the same time, and the first
/// client whose handshake is done is the only one that is served.
pub(super) async fn run_client(server: Rc<Server>, socket: Socket, place: Option<OwnedSemaphorePermit>) {
    let opened = tokio::select! {
        biased;
        () = server.is_taken() => None,
        opened = server.handshakes.open(socket) => Some(opened),
    };
    let end = match opened {
        None => None,
        // Another client may do better.
        Some(Err(_)) if server.handshakes.are_any() => None,
        Some(_) if !server.keep_open && server.taken.replace(true) => None,
        Some(opened) => {
            if !server.keep_open {
                server.changed.notify_waiters();
                // The listeners close first.
                yield_now().await;
            }
            Some(match opened {
                Ok((stream, named)) => server.serve(stream, named).await,
                Err(error) => Err(error),
            })
        }
    };
    drop(place);
    if let (Some(end), false) = (end, server.keep_open) {
        server.only_end.replace(Some(end));
    }
    server.count(-1);
}
