//! One client of a server for many: the services that need nothing but its connection.

use super::service::{self, Service};
use super::show::{Show, Shown};
use crate::event::Kind;
use crate::net::stream::ByteStream;
use crate::relay::RelayEnd;
use crate::session::shared::{Piping, discard, idle, read_in_thread};
use crate::sys::{Error, Result};
use crate::text::upper::Upper;
use std::cell::RefCell;
use std::fs::File;
use std::future::poll_fn;
use std::io::{self, IoSlice, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::task::{Poll, ready};
use std::time::Duration;
use tokio::io::AsyncWriteExt;

/// Bytes one read takes; the buffer is shared by all clients, so a client that is silent costs none.
pub(super) const READ: usize = 256 << 10;
/// Bytes one read of `--send` takes, of each client.
const FILE_READ: usize = 64 << 10;

/// What every client is served with.
pub(super) struct ConnectionHandler {
    pub(super) service: Service,
    /// Of [`Service::Pipe`].
    pub(super) piping: Option<Piping>,
    pub(super) idle: Option<Duration>,
    /// Of every other service.
    pub(super) show: Option<Show>,
    /// Takes one read at a time: a silent client costs no buffer.
    pub(super) buffer: RefCell<Vec<u8>>,
}

impl ConnectionHandler {
    /// Serves one client to its end; `named` is the client that a proxy speaks for.
    pub(super) async fn serve(&self, client: &ByteStream, named: Option<SocketAddr>) -> Result<RelayEnd> {
        if let Some(piping) = &self.piping {
            return piping.run(client, named, &self.buffer).await;
        }
        let shown = self.show.as_ref().map(|show| show.client(client));
        let end = tokio::select! {
            end = self.attend(client, shown.as_ref()) => end.map(|()| RelayEnd::Done),
            limit = idle(client.socket_ref(), self.idle) => Ok(RelayEnd::Idle(limit)),
        };
        if let Some(shown) = &shown {
            shown.finish().await;
        }
        end
    }

    async fn attend(&self, client: &ByteStream, shown: Option<&Shown<'_>>) -> Result<()> {
        match &self.service {
            Service::Echo => return self.answer(client, None, shown).await,
            Service::Upper => return self.answer(client, Some(Upper::default()), shown).await,
            Service::Respond(bytes) => send(client, bytes).await?,
            Service::Send(path) => send_file(client, path).await?,
            Service::Stream(path) => send_pipe(client, path).await?,
            // Commands, forwarding and proxies have their own way through the server.
            Service::Discard
            | Service::Pipe
            | Service::Command(_)
            | Service::Proxy(_)
            | Service::Forward(_) => {
                return self.receive(client, shown).await;
            }
        }
        // FIN, and then what the client still sends: a close with unread data would reset what it has not read yet.
        client.shutdown_write().await?;
        self.receive(client, shown).await
    }

    /// Discards or shows what the client sends.
    async fn receive(&self, client: &ByteStream, shown: Option<&Shown<'_>>) -> Result<()> {
        match shown {
            Some(shown) => shown.receive(client, &self.buffer).await,
            None => discard(client, &self.buffer).await,
        }
    }

    /// Sends back what the client sends. The shared buffer is free again before anything is waited for.
    async fn answer(
        &self,
        client: &ByteStream,
        mut upper: Option<Upper>,
        shown: Option<&Shown<'_>>,
    ) -> Result<()> {
        loop {
            let mut rest = Vec::new();
            let received = poll_fn(|cx| {
                let mut buffer = self.buffer.borrow_mut();
                let received = ready!(client.poll_read(cx, &mut buffer))?;
                let bytes = &buffer[..received];
                if let Some(shown) = shown {
                    shown.push(bytes);
                }
                match &mut upper {
                    Some(upper) => upper.push(bytes, &mut rest),
                    None if bytes.is_empty() => {}
                    None => {
                        let sent = match client.try_write(&[IoSlice::new(bytes)]) {
                            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
                            answer => answer?,
                        };
                        rest.extend_from_slice(&bytes[sent..]);
                    }
                }
                Poll::Ready(Ok(received))
            });
            let received = received.await.map_err(|e| failed("recv", client, e))?;
            if let (0, Some(upper)) = (received, &mut upper) {
                upper.finish(&mut rest);
            }
            if let Some(shown) = shown {
                shown.put().await;
            }
            send(client, &rest).await?;
            if received == 0 {
                return client.shutdown_write().await;
            }
        }
    }
}

async fn send(mut client: &ByteStream, bytes: &[u8]) -> Result<()> {
    let sent = async {
        client.write_all(bytes).await?;
        client.flush().await
    };
    sent.await.map_err(|e| failed("send", client, e))
}

async fn send_file(client: &ByteStream, path: &Path) -> Result<()> {
    let mut file = service::open(path)?;
    let mut chunk = vec![0; FILE_READ];
    loop {
        match file.read(&mut chunk).map_err(|e| unreadable(path, e))? {
            0 => return Ok(()),
            n => send(client, &chunk[..n]).await?,
        }
    }
}

async fn send_pipe(client: &ByteStream, path: &Path) -> Result<()> {
    let pipe = path.to_owned();
    let mut chunks = read_in_thread(move || Ok(File::open(pipe)?.into())).map_err(|e| unreadable(path, e))?;
    while let Some(chunk) = chunks.recv().await {
        send(client, &chunk.map_err(|e| unreadable(path, e))?).await?;
    }
    Ok(())
}

fn unreadable(path: &Path, error: io::Error) -> Error {
    Error::new("read", path.display(), error).about(Kind::File)
}

fn failed(op: &'static str, client: &ByteStream, error: io::Error) -> Error {
    client.failed(op, error)
}
