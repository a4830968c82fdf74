//! One client from its accept to its close: one task.

use super::server::{Ending, Shared};
use crate::event::Event;
use crate::net::stream::ByteStream;
use crate::session::tls::TlsServer;
use crate::sys::Result;
use crate::sys::socket::Socket;
use std::future::poll_fn;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// How long a client that leaves may take to read what still waits for it.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(5);
/// How long to wait for a client's FIN after ours: closing while it still sends would reset the connection and lose
/// what was just written to it (RFC 1122 4.2.2.13).
const FIN_TIMEOUT: Duration = Duration::from_secs(1);
/// Bytes discarded at once while waiting for a client's FIN.
const DISCARDED: usize = 4 << 10;

/// Runs a client until its connection is closed.
pub(super) async fn run(socket: Socket, tls: Option<Rc<TlsServer>>, server: Shared) -> Result<()> {
    socket.emit_options();
    let mut stream = ByteStream::new(socket)?;
    let taps = server.borrow().taps.clone();
    if let Some(tls) = tls {
        let subject = stream.socket_ref().subject();
        stream = Box::pin(tls.secure(stream)).await.inspect_err(|error| {
            let mut fault = error.fault();
            (fault.conn, fault.peer) = (Some(subject.conn), subject.peer);
            server.borrow().events.emit(Event::Warning { fault });
        })?;
    }
    let stream = Rc::new(stream.tapped(taps.as_deref()));
    let joined = server.borrow_mut().join(&stream);
    let id = match joined {
        Ok(id) => id,
        Err(why) => {
            let refusal = server.borrow_mut().refusal(&why);
            stream.socket_ref().emit(|socket| Event::Refuse { socket, reason: why });
            Box::pin(close(&stream, refusal, true)).await;
            return Ok(());
        }
    };
    let ending = poll_fn(|cx| server.borrow_mut().poll_client(id, cx)).await;
    let unsent = server.borrow_mut().leave(id, &ending);
    drop(server);
    match ending {
        Ending::Left => Box::pin(close(&stream, unsent, false)).await,
        Ending::Quit => Box::pin(close(&stream, unsent, true)).await,
        // A reset, so that its side does not take it for an orderly end; if it is refused, the close is orderly.
        Ending::TooSlow => drop(stream.socket_ref().reset_on_close()),
        Ending::Failed(_) => {}
    }
    Ok(())
}

/// Sends what is unsent; with `fin_first` our FIN precedes the client's, which is waited for.
async fn close(mut stream: &ByteStream, unsent: Vec<u8>, fin_first: bool) {
    // A client that does not take it, or breaks the connection meanwhile, is closed all the same.
    let sent = async {
        stream.write_all(&unsent).await?;
        stream.flush().await
    };
    let _ = timeout(FLUSH_TIMEOUT, sent).await;
    // With TLS the client waits for close_notify.
    if (fin_first || stream.is_tls()) && stream.shutdown_write().await.is_ok() {
        let _ = timeout(FIN_TIMEOUT, discard(stream)).await;
    }
}

/// Receives and discards until the client's FIN.
async fn discard(mut stream: &ByteStream) {
    let mut buffer = [0; DISCARDED];
    while stream.read(&mut buffer).await.is_ok_and(|len| len > 0) {}
}
