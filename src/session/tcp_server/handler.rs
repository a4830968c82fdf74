//! One client of a server for many.

use super::service::{self, Service};
use crate::event::{Event, Events, Kind};
use crate::net::stream::Stream;
use crate::relay::RelayEnd;
use crate::session::shared::{Incoming, InputFanout, RelayTerms, idle, read_in_thread, receive, relay_task};
use crate::session::stdout::{Output, Written};
use crate::sys::splice::{self, Filter};
use crate::sys::{Error, Result};
use crate::text::tag::peer_tag;
use crate::text::upper::Upper;
use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read};
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

/// What every client is served with.
pub(super) struct ConnectionHandler {
    pub(super) service: Service,
    pub(super) output: Option<Output>,
    pub(super) fanout: Option<Rc<InputFanout>>,
    pub(super) terms: RelayTerms,
    /// What clients send is thrown away.
    pub(super) send_only: bool,
    pub(super) prefix: bool,
    pub(super) idle: Option<Duration>,
    pub(super) visible: fn() -> Option<Filter>,
    pub(super) events: Events,
    pub(super) buffer: RefCell<Vec<u8>>,
}

impl ConnectionHandler {
    /// Serves one client to its end; `Some` if it was idle for too long.
    pub(super) async fn serve(&self, client: &Stream) -> Result<Option<Duration>> {
        if matches!(self.service, Service::Pipe) {
            return self.pipe(client).await;
        }
        tokio::select! {
            end = self.attend(client) => end.map(|()| None),
            limit = idle(client, self.idle) => Ok(Some(limit)),
        }
    }

    async fn attend(&self, client: &Stream) -> Result<()> {
        match &self.service {
            Service::Pipe => self.pipe(client).await.map(drop),
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
            Service::Stream(path) => {
                let failed_to_read = |e| Error::new("read", path.display(), e).about(Kind::File);
                let pipe = path.clone();
                let mut chunks =
                    read_in_thread(move || Ok(File::open(pipe)?.into())).map_err(failed_to_read)?;
                while let Some(chunk) = chunks.recv().await {
                    let chunk = chunk.map_err(failed_to_read)?;
                    client.write_all(&chunk).await.map_err(|e| failed("send", client, e))?;
                }
                self.end(client).await
            }
        }
    }

    /// Sends FIN and reads until the client's: a close with unread data would reset what it has not read yet.
    async fn end(&self, client: &Stream) -> Result<()> {
        client.socket_ref().shutdown_write()?;
        self.discard(client).await
    }

    async fn discard(&self, client: &Stream) -> Result<()> {
        let receive = || client.receive(|socket| splice::discard_some(socket, &mut self.buffer.borrow_mut()));
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
                return client.socket_ref().shutdown_write();
            }
        }
    }

    /// Standard input to the client, what it sends to standard output; each direction to its own end.
    async fn pipe(&self, client: &Stream) -> Result<Option<Duration>> {
        let (Some(fanout), Some(output)) = (&self.fanout, &self.output) else { return Ok(None) };
        let visible = (self.visible)();
        let tag = self.prefix.then(|| peer_tag(client.socket_ref().peer()));
        let incoming = RefCell::new(match tag {
            Some(tag) => Incoming::lines(visible, tag),
            None => Incoming::bytes(visible),
        });
        let reader = fanout.subscribe(false);
        if self.send_only {
            let end = relay_task(client, &reader, &self.terms, pin!(self.discard(client))).await;
            return end.map(idle_for);
        }
        let put = async || output.put_with(|| self.take(client, &incoming)).await;
        let receiving = pin!(async {
            let end = receive(client, &reader, &self.buffer, &incoming, put, std::future::pending).await;
            // Nothing can complete a last line after the client's FIN, though it may still be sent to.
            incoming.borrow_mut().finish();
            let last = self.take(client, &incoming);
            output.put(last).await;
            end
        });
        let end = relay_task(client, &reader, &self.terms, receiving).await;
        incoming.borrow_mut().finish();
        output.put(self.take(client, &incoming)).await;
        end.map(idle_for)
    }

    /// Takes what the client said, and tells where a line is in pieces.
    fn take(&self, client: &Stream, incoming: &RefCell<Incoming>) -> Vec<u8> {
        let text = incoming.borrow_mut().take();
        if let Some(split) = text.split {
            let error = failed("recv", client, io::Error::other(split.to_string())).about(Kind::Data);
            self.events.emit(Event::Warning { fault: client.socket_ref().blame(error.fault()) });
        }
        text.bytes
    }

    /// Waits for what is still on its way to standard output.
    pub(super) async fn close(&self, written: Option<Written>) {
        if let (Some(output), Some(written)) = (&self.output, written) {
            // A failure was told when it came.
            let _ = written.finish(output).await;
        }
    }
}

fn idle_for(end: RelayEnd) -> Option<Duration> {
    match end {
        RelayEnd::Idle(limit) => Some(limit),
        RelayEnd::Done | RelayEnd::EofWait(_) => None,
    }
}

fn failed(op: &'static str, client: &Stream, error: io::Error) -> Error {
    Error::new(op, client.socket_ref().peer().map(|a| a.to_string()).unwrap_or_default(), error)
}
