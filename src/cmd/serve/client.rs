//! One client of a server for many.

use super::feed::{Feed, Mailbox, Next};
use super::lines::Lines;
use super::service::{self, Service};
use crate::cmd::stdout::{Output, Written};
use crate::event::Kind;
use crate::net::orphan::peer_is_gone;
use crate::net::relay::OnEof;
use crate::net::stream::Stream;
use crate::net::upper::Upper;
use crate::sys::pump::Filter;
use crate::sys::{Error, Result};
use std::cell::{Cell, RefCell};
use std::io::{self, Read};
use std::rc::Rc;
use std::time::Duration;
use tokio::time::Instant;

/// A client elsewhere that sent FIN may still read what is typed for it this long.
const HALF_CLOSED_PATIENCE: Duration = Duration::from_secs(10);
/// How often a client here that sent FIN is looked for.
const PEER_CHECK: Duration = Duration::from_millis(100);

/// What every client is served with.
pub(super) struct Desk {
    pub(super) service: Service,
    pub(super) output: Option<Output>,
    pub(super) feed: Option<Rc<Feed>>,
    pub(super) on_eof: OnEof,
    pub(super) eof_wait: Option<Duration>,
    pub(super) prefix: bool,
    pub(super) idle: Option<Duration>,
    pub(super) visible: fn() -> Option<Filter>,
    pub(super) buffer: RefCell<Vec<u8>>,
}

impl Desk {
    /// Serves one client to its end; `Some` if it was idle for too long.
    pub(super) async fn serve(&self, client: &Stream) -> Result<Option<Duration>> {
        let Some(limit) = self.idle else { return self.attend(client).await.map(|()| None) };
        tokio::select! {
            end = self.attend(client) => end.map(|()| None),
            () = idle(client, limit) => Ok(Some(limit)),
        }
    }

    async fn attend(&self, client: &Stream) -> Result<()> {
        match &self.service {
            Service::Pipe => self.pipe(client).await,
            Service::Echo => self.answer(client, None).await,
            Service::Upper => self.answer(client, Some(Upper::default())).await,
            Service::Discard => self.discard(client).await,
            Service::Respond(bytes) => {
                client.write_all(bytes).await.map_err(|e| failed("send", client, e))?;
                self.end(client).await
            }
            Service::Send(path) => {
                let mut file = service::open(path)?;
                let mut chunk = vec![0; super::READ];
                loop {
                    let n = file
                        .read(&mut chunk)
                        .map_err(|e| Error::new("read", path.display(), e).about(Kind::File))?;
                    if n == 0 {
                        break;
                    }
                    client.write_all(&chunk[..n]).await.map_err(|e| failed("send", client, e))?;
                }
                self.end(client).await
            }
        }
    }

    /// Sends FIN and reads until the client's: a close with unread data would reset what it has not read yet.
    async fn end(&self, client: &Stream) -> Result<()> {
        client.tracked().shutdown_write()?;
        self.discard(client).await
    }

    async fn discard(&self, client: &Stream) -> Result<()> {
        let receive = || client.receive(|socket| socket.recv(&mut self.buffer.borrow_mut()));
        while receive().await.map_err(|e| failed("recv", client, e))? > 0 {}
        Ok(())
    }

    /// Sends back what comes. The shared buffer is free again before anything is waited for.
    async fn answer(&self, client: &Stream, mut upper: Option<Upper>) -> Result<()> {
        loop {
            let mut rest = Vec::new();
            let received = client
                .receive(|socket| {
                    let mut buffer = self.buffer.borrow_mut();
                    let n = socket.recv(&mut buffer)?;
                    let answer = match &mut upper {
                        Some(upper) => {
                            upper.push(&buffer[..n], &mut rest);
                            return Ok(n);
                        }
                        None => &buffer[..n],
                    };
                    let sent = match socket.send(answer) {
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
                        answer => answer?,
                    };
                    rest.extend_from_slice(&answer[sent..]);
                    Ok(n)
                })
                .await
                .map_err(|e| failed("recv", client, e))?;
            if let (0, Some(upper)) = (received, &mut upper) {
                upper.finish(&mut rest);
            }
            client.write_all(&rest).await.map_err(|e| failed("send", client, e))?;
            if received == 0 {
                return client.tracked().shutdown_write();
            }
        }
    }

    /// Standard input to the client, what it sends to standard output; each direction to its own end.
    async fn pipe(&self, client: &Stream) -> Result<()> {
        let (Some(feed), Some(output)) = (&self.feed, &self.output) else { return Ok(()) };
        let mailbox = feed.subscribe();
        let (input_over, peer_over) = (Cell::new(None), Cell::new(None));
        let send = async {
            let end = self.send_feed(client, feed, &mailbox).await;
            input_over.set(Some(Instant::now()));
            end
        };
        let receive = async {
            let end = self.receive_into(client, output).await;
            peer_over.set(Some(Instant::now()));
            end
        };
        let both = async { tokio::try_join!(send, receive) };
        tokio::select! {
            ends = both => ends.map(drop),
            () = self.enough(client, &input_over, &peer_over) => Ok(()),
        }
    }

    async fn send_feed(&self, client: &Stream, feed: &Feed, mailbox: &Mailbox) -> Result<()> {
        loop {
            match feed.next(mailbox).await {
                Next::Chunk(chunk) => {
                    let sent = tokio::select! {
                        sent = client.write_all(&chunk) => Some(sent),
                        () = feed.dismissal(mailbox) => None,
                    };
                    sent.map_or_else(|| Err(too_slow(client)), |s| s.map_err(|e| failed("send", client, e)))?;
                    feed.sent(mailbox, chunk.len());
                }
                Next::End if self.on_eof == OnEof::HalfClose => return client.tracked().shutdown_write(),
                Next::End => return Ok(()),
                Next::Dismissed => return Err(too_slow(client)),
            }
        }
    }

    async fn receive_into(&self, client: &Stream, output: &Output) -> Result<()> {
        let mut visible = (self.visible)();
        let tag = client.tracked().peer().map_or_else(|| "[?] ".into(), |a| format!("[{a}] "));
        let mut lines = self.prefix.then(|| Lines::new(tag));
        loop {
            let mut chunk = Vec::new();
            let received = client.receive(|socket| {
                let mut buffer = self.buffer.borrow_mut();
                let n = socket.recv(&mut buffer)?;
                let mut shown = Vec::new();
                let bytes = match &mut visible {
                    Some(filter) => {
                        filter(&buffer[..n], &mut shown);
                        &shown
                    }
                    None => &buffer[..n],
                };
                match &mut lines {
                    Some(lines) => lines.push(bytes, &mut chunk),
                    None => chunk.extend_from_slice(bytes),
                }
                Ok(n)
            });
            let received = received.await.map_err(|e| failed("recv", client, e));
            if let (Ok(0) | Err(_), Some(lines)) = (&received, &mut lines) {
                lines.finish(&mut chunk);
            }
            if !chunk.is_empty() {
                output.put(chunk).await;
            }
            if received? == 0 {
                return Ok(());
            }
        }
    }

    /// Resolves when one side is over and waiting for the other makes no sense any more.
    async fn enough(&self, client: &Stream, input: &Cell<Option<Instant>>, peer: &Cell<Option<Instant>>) {
        loop {
            tokio::time::sleep(PEER_CHECK).await;
            if let Some(at) = input.get() {
                let waited = self.eof_wait.is_some_and(|limit| at.elapsed() >= limit);
                if waited || self.on_eof == OnEof::Close {
                    return;
                }
            }
            if let Some(at) = peer.get() {
                let gone = peer_is_gone(client.tracked());
                if gone.unwrap_or_else(|| at.elapsed() >= HALF_CLOSED_PATIENCE) {
                    return;
                }
            }
        }
    }

    /// Waits for what is still on its way to standard output.
    pub(super) async fn close(&self, written: Option<Written>) {
        if let (Some(output), Some(written)) = (&self.output, written) {
            // A failure was told when it came.
            let _ = written.finish(output).await;
        }
    }
}

async fn idle(client: &Stream, limit: Duration) {
    let (mut moved, mut since) = (client.tracked().counters(), Instant::now());
    while since.elapsed() < limit {
        // An eighth of the limit is as late as the end may come.
        tokio::time::sleep_until((since + limit).min(Instant::now() + limit / 8)).await;
        let now = client.tracked().counters();
        if now != moved {
            (moved, since) = (now, Instant::now());
        }
    }
}

fn failed(op: &'static str, client: &Stream, error: io::Error) -> Error {
    Error::new(op, client.tracked().peer().map(|a| a.to_string()).unwrap_or_default(), error)
}

fn too_slow(client: &Stream) -> Error {
    failed("send", client, io::Error::other("took nothing for too long; let go")).about(Kind::Data)
}
