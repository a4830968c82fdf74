//! One HTTP request passed on, and its response passed back; the bytes of both bodies stay as they are.

use super::incoming::Incoming;
use super::response::answer;
use super::{finish, send};
use crate::event::Kind;
use crate::net::proxy::http::{Body, Request, Response, forward_request, forward_response, parse_response};
use crate::net::proxy::{Malformed, Parsed};
use crate::net::stream::ByteStream;
use crate::relay::RelayEnd;
use crate::session::shared;
use crate::sys::{Error, Result};
use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::io;
use std::pin::pin;
use std::time::Duration;

/// How long a server may take for a request where no limit is given: a client that half-closed may be gone.
const IDLE_LIMIT: Duration = Duration::from_mins(10);

/// A request for the server itself.
pub(super) struct Origin {
    method: String,
    head: Vec<u8>,
    body: Body,
    /// The client got the first of its response.
    answered: Cell<bool>,
}

/// The end of the way to the server.
enum Upload {
    /// The server reads no more; its response is awaited all the same.
    Ignored,
    /// The client's request broke off.
    Failed(Error),
}

impl Origin {
    pub(super) fn new(request: &Request, authority: &str, path: &str, body: Body) -> Self {
        let head = forward_request(request, authority, path);
        Self { method: request.method.clone(), head, body, answered: Cell::new(false) }
    }

    /// Sends the request to `target`, and its response to the client. A response that breaks off resets the client; where
    /// none came, or one that is no HTTP, it gets one of the proxy itself.
    pub(super) async fn relay(
        mut self,
        mut incoming: Incoming<'_>,
        target: &ByteStream,
        idle: Option<Duration>,
    ) -> Result<RelayEnd> {
        let (client, buffer) = (incoming.stream(), incoming.buffer());
        let rest = incoming.rest();
        let (head, body) =
            (std::mem::take(&mut self.head), std::mem::replace(&mut self.body, Body::Length(0)));
        let broken_off = async {
            match upload(client, target, buffer, &head, body, rest).await {
                Ok(()) => {
                    // Nothing more of the client counts, but that it is gone.
                    poll_fn(|cx| client.poll_broken(cx)).await;
                    client.failed("send", io::Error::from_raw_os_error(libc::ECONNRESET))
                }
                Err(Upload::Failed(error)) => error,
                Err(Upload::Ignored) => pending().await,
            }
        };
        let (broken_off, download) = (pin!(broken_off), pin!(self.download(client, target, buffer)));
        let end = tokio::select! {
            biased;
            end = download => match end {
                Err(error) if !self.answered.get() => {
                    let answer = answer(502, "no HTTP response from the destination", "");
                    if send(client, &answer).await.is_ok() {
                        finish(client, buffer).await;
                        return Err(error);
                    }
                    Err(error)
                }
                end => end.map(|()| RelayEnd::Done),
            },
            error = broken_off => Err(error),
            limit = shared::idle(client.socket_ref(), idle.or(Some(IDLE_LIMIT))) => Ok(RelayEnd::Idle(limit)),
        };
        if end.is_err() {
            for stream in [client, target] {
                // It fails only where there is no connection to reset.
                let _ = stream.socket_ref().reset_on_close();
            }
        }
        end
    }

    async fn download(
        &self,
        client: &ByteStream,
        target: &ByteStream,
        buffer: &RefCell<Vec<u8>>,
    ) -> Result<()> {
        let (mut bytes, mut scratch) = (Vec::new(), Vec::new());
        let mut body = loop {
            let response = response(target, buffer, &mut bytes).await?;
            self.answered.set(true);
            send(client, &forward_response(&response)).await?;
            if response.status >= 200 {
                break Body::of_response(&self.method, &response).map_err(|why| malformed(target, why))?;
            }
        };
        loop {
            let count = body.advance(&bytes).map_err(|why| malformed(target, why))?;
            send(client, &bytes[..count]).await?;
            if body.is_done() {
                return Ok(());
            }
            receive(target, buffer, &mut scratch).await?;
            std::mem::swap(&mut bytes, &mut scratch);
            scratch.clear();
            match (bytes.is_empty(), &body) {
                (true, Body::UntilClose) => return Ok(()),
                (true, _) => {
                    return Err(malformed(
                        target,
                        Malformed("the response is shorter than its Content-Length"),
                    ));
                }
                (false, _) => {}
            }
        }
    }
}

async fn upload(
    client: &ByteStream,
    target: &ByteStream,
    buffer: &RefCell<Vec<u8>>,
    head: &[u8],
    mut body: Body,
    mut bytes: Vec<u8>,
) -> std::result::Result<(), Upload> {
    let to_target = async |bytes: &[u8]| send(target, bytes).await.map_err(|_| Upload::Ignored);
    to_target(head).await?;
    loop {
        let count = body.advance(&bytes).map_err(|why| Upload::Failed(malformed(client, why)))?;
        to_target(&bytes[..count]).await?;
        if body.is_done() {
            return Ok(());
        }
        bytes.clear();
        receive(client, buffer, &mut bytes).await.map_err(Upload::Failed)?;
        if bytes.is_empty() {
            return Err(Upload::Failed(malformed(
                client,
                Malformed("the request is shorter than its Content-Length"),
            )));
        }
    }
}

/// The next head of a response; what came behind it is left in `bytes`.
async fn response(target: &ByteStream, buffer: &RefCell<Vec<u8>>, bytes: &mut Vec<u8>) -> Result<Response> {
    loop {
        match parse_response(bytes).map_err(|why| malformed(target, why))? {
            Parsed::Whole(response, length) => {
                bytes.drain(..length);
                return Ok(response);
            }
            Parsed::Missing(_) => {
                let before = bytes.len();
                receive(target, buffer, bytes).await?;
                if bytes.len() == before {
                    return Err(malformed(
                        target,
                        Malformed("the server closed the connection before its response"),
                    ));
                }
            }
        }
    }
}

/// Appends what one read receives; nothing at the end of the stream.
async fn receive(stream: &ByteStream, buffer: &RefCell<Vec<u8>>, bytes: &mut Vec<u8>) -> Result<()> {
    let received = poll_fn(|cx| {
        let mut buffer = buffer.borrow_mut();
        stream.poll_read(cx, &mut buffer).map_ok(|count| bytes.extend_from_slice(&buffer[..count]))
    });
    received.await.map_err(|e| stream.failed("recv", e))
}

fn malformed(stream: &ByteStream, why: Malformed) -> Error {
    Error::new("http proxy", stream.socket_ref().on(), io::Error::other(why.0)).about(Kind::Proxy)
}
