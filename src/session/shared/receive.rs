//! The receiving direction of one of many connections.

use super::budget::OWN;
use super::incoming::Incoming;
use super::reader::{self, Reader};
use crate::net::stream::ByteStream;
use crate::relay::task::{InputSource, Next};
use crate::sys::Result;
use crate::sys::socket::Socket;
use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::time::Duration;
use tokio::time::Instant;

impl InputSource for Reader {
    async fn next(&self) -> Next {
        match self.next().await {
            reader::Next::Bytes => Next::Bytes,
            reader::Next::End => Next::End,
            reader::Next::Evicted => Next::Evicted,
        }
    }

    fn take(&self, write: impl FnOnce(&[IoSlice<'_>]) -> io::Result<usize>) -> io::Result<usize> {
        self.take(write)
    }

    fn excuse(&self, held: bool) {
        self.excuse(held);
    }

    async fn evicted(&self) {
        self.evicted().await;
    }

    fn has_input(&self) -> bool {
        self.has_more()
    }

    fn says_waiting(&self) -> bool {
        self.says_waiting()
    }
}

/// Receives until the peer's FIN, which ends an unfinished line; `put` takes the text of `incoming` once there is space
/// for it. Dropped, it leaves in `incoming` what was not taken yet.
///
/// A long line waits for a share of the budget before more of it is received, or until `urgent`: others wait for this very
/// line.
pub(in crate::session) async fn receive(
    stream: &ByteStream,
    reader: &Reader,
    buffer: &RefCell<Vec<u8>>,
    incoming: &RefCell<Incoming>,
    put: impl AsyncFn(),
    urgent: impl AsyncFn(),
) -> Result<()> {
    let (budget, mut share) = (reader.budget(), None);
    loop {
        let received = poll_fn(|cx| {
            let mut buffer = buffer.borrow_mut();
            stream.poll_read(cx, &mut buffer).map_ok(|n| {
                incoming.borrow_mut().push(&buffer[..n]);
                n
            })
        });
        let held = incoming.borrow().held();
        let overdue = async {
            match &share {
                // Boxed, as is the wait for a share: most connections never need either, and are smaller without.
                Some(share) => Box::pin(budget.overdue(share, held)).await,
                None => std::future::pending().await,
            }
        };
        let received = tokio::select! {
            biased;
            received = received => Some(received.map_err(|e| stream.failed("recv", e))),
            () = overdue => None,
        };
        match received {
            Some(Ok(0) | Err(_)) => incoming.borrow_mut().finish(),
            Some(Ok(_)) => {}
            None => incoming.borrow_mut().give_way(),
        }
        if incoming.borrow().is_ready() {
            reader.excused(put()).await;
        }
        match received {
            Some(Ok(0)) => return Ok(()),
            Some(Err(error)) => return Err(error),
            Some(Ok(_)) | None => {}
        }
        if incoming.borrow().held() < OWN {
            share = None;
        } else if share.is_none() {
            let enter = async {
                tokio::select! {
                    biased;
                    share = budget.enter() => Some(share),
                    () = urgent() => None,
                }
            };
            share = reader.excused(Box::pin(enter)).await;
        }
    }
}

/// Throws away what the peer sends, to its end.
pub(in crate::session) async fn discard(stream: &ByteStream, scratch: &RefCell<Vec<u8>>) -> Result<()> {
    let some = || poll_fn(|cx| stream.poll_discard(cx, &mut scratch.borrow_mut()));
    while some().await.map_err(|e| stream.failed("recv", e))? > 0 {}
    Ok(())
}

/// Resolves once nothing moved on the connection for `limit`; never without one.
pub(in crate::session) async fn idle(socket: &Socket, limit: Option<Duration>) -> Duration {
    let Some(limit) = limit else { return std::future::pending().await };
    let (mut moved, mut since) = (socket.counters(), Instant::now());
    while since.elapsed() < limit {
        // The end may come late by an eighth of the limit.
        tokio::time::sleep_until((since + limit).min(Instant::now() + limit / 8)).await;
        let now = socket.counters();
        if now != moved {
            (moved, since) = (now, Instant::now());
        }
    }
    limit
}
