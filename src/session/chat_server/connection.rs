//! One client from its arrival to its farewell: one task.

use super::server::{Ending, Shared};
use crate::event::Event;
use crate::net::stream::ByteStream;
use crate::sys::Result;
use crate::sys::socket::Socket;
use std::future::poll_fn;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// How long a client that leaves may take to read what it had still to be told.
const FAREWELL: Duration = Duration::from_secs(5);
/// How long a client is waited for after our FIN: closing while it still sends would reset the connection and lose
/// what was just written to it (RFC 1122 4.2.2.13).
const LINGER: Duration = Duration::from_secs(1);
/// Bytes thrown away at once while waiting for a client to close.
const SCRAP: usize = 4 << 10;

/// Attends to a client until it is gone.
pub(super) async fn attend(socket: Socket, server: Shared) -> Result<()> {
    socket.emit_options();
    let stream = Rc::new(ByteStream::new(socket)?);
    let entered = server.borrow_mut().enter(&stream);
    let id = match entered {
        Ok(id) => id,
        Err(why) => {
            let last_words = server.borrow_mut().refusal(&why);
            stream.socket_ref().emit(|socket| Event::Refuse { socket, reason: why });
            Box::pin(part(&stream, last_words, true)).await;
            return Ok(());
        }
    };
    let ending = poll_fn(|cx| server.borrow_mut().turn(id, cx)).await;
    let unsent = server.borrow_mut().depart(id, &ending);
    drop(server);
    match ending {
        Ending::Left => Box::pin(part(&stream, unsent, false)).await,
        Ending::Quit => Box::pin(part(&stream, unsent, true)).await,
        // A reset, so that its side does not take the cut for an ending; refused, it is closed in order.
        Ending::TooSlow => drop(stream.socket_ref().reset_on_close()),
        Ending::Failed(_) => {}
    }
    Ok(())
}

/// Sends the last words; with `linger` our FIN comes first and the client's is waited for.
async fn part(mut stream: &ByteStream, unsent: Vec<u8>, linger: bool) {
    // Whoever does not take its last words, or breaks the connection over them, is gone all the same.
    let _ = timeout(FAREWELL, stream.write_all(&unsent)).await;
    if linger && stream.shutdown_write().await.is_ok() {
        let _ = timeout(LINGER, outlast(stream)).await;
    }
}

/// Reads what comes until the client closes.
async fn outlast(mut stream: &ByteStream) {
    let mut scrap = [0; SCRAP];
    while stream.read(&mut scrap).await.is_ok_and(|len| len > 0) {}
}
