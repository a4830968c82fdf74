//! One connection piped with the input and the output that all share; each direction runs to its own end.

use super::incoming::Incoming;
use super::reader::{Next, Reader};
use super::room::OWN;
use crate::event::Kind;
use crate::net::orphan::peer_is_gone;
use crate::net::relay::OnEof;
use crate::net::stream::Stream;
use crate::sys::socket::Tracked;
use crate::sys::{Error, Result};
use std::cell::{Cell, RefCell};
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// A peer elsewhere that sent FIN may still read what is typed for it this long.
const HALF_CLOSED_PATIENCE: Duration = Duration::from_secs(10);
/// How often a peer here that sent FIN is looked for.
const PEER_CHECK: Duration = Duration::from_millis(100);

/// When a connection is over.
pub(in crate::cmd) struct Terms {
    /// At the end of the input.
    pub(in crate::cmd) on_eof: OnEof,
    /// Bounds the waiting for the peer after that.
    pub(in crate::cmd) eof_wait: Option<Duration>,
    /// The peer's FIN is the end, though it may still read: nobody is going to type more for it.
    pub(in crate::cmd) ends_with_peer: bool,
}

/// How it ended, if not by an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cmd) enum Ending {
    /// Both directions are done, or one is and the other makes no sense any more.
    Over,
    /// The peer was still open this long after the end of the input.
    EofWait(Duration),
}

/// Which directions are done, and since when.
#[derive(Default)]
struct Progress {
    input: Cell<Option<Instant>>,
    peer: Cell<Option<Instant>>,
    changed: Notify,
}

/// Sends the input while `receiving` runs, until both are done or the terms say that it is enough.
///
/// An error of sending is told once the peer's last words are received. What is awaited is pinned where it is made: moved,
/// it would take its room several times over, for each of a thousand connections.
pub(in crate::cmd) async fn talk(
    stream: &Stream,
    reader: &Reader,
    terms: &Terms,
    receiving: Pin<&mut impl Future<Output = Result<()>>>,
) -> Result<Ending> {
    let progress = Progress::default();
    let unsent = Cell::new(None);
    let send = pin!(async {
        match send_all(stream, reader, terms.on_eof).await {
            Err(error) if error.kind() == Kind::Data => return Err(error),
            Err(error) => unsent.set(Some(error)),
            Ok(()) => {}
        }
        progress.input.set(Some(Instant::now()));
        progress.changed.notify_one();
        Ok(())
    });
    let receive = pin!(async {
        let end = receiving.await;
        progress.peer.set(Some(Instant::now()));
        progress.changed.notify_one();
        end
    });
    let both = async { tokio::try_join!(send, receive) };
    let ending = tokio::select! {
        ends = both => ends.map(|_| Ending::Over)?,
        ending = enough(stream, terms, &progress) => ending,
    };
    unsent.take().map_or(Ok(ending), Err)
}

/// What is sent first goes alone until it is acknowledged: many connections at once are what fills a server's queues.
async fn send_all(stream: &Stream, reader: &Reader, on_eof: OnEof) -> Result<()> {
    let (mut began, mut heard) = (false, false);
    loop {
        let next = reader.next().await;
        if began && !heard {
            tokio::select! {
                biased;
                () = stream.heard() => heard = true,
                () = reader.dismissal() => return Err(too_slow(stream)),
            }
        }
        match next {
            Next::Bytes => {
                let send = stream.send(|socket| {
                    reader.take(|one, other| match other {
                        [] => socket.send(one),
                        _ => socket.send_vectored(&[IoSlice::new(one), IoSlice::new(other)]),
                    })
                });
                tokio::select! {
                    answer = send => began = answer.map_err(|e| failed("send", stream, e))? > 0,
                    () = reader.dismissal() => return Err(too_slow(stream)),
                }
            }
            Next::End if on_eof == OnEof::HalfClose => return stream.tracked().shutdown_write(),
            Next::End => return Ok(()),
            Next::Dismissed => return Err(too_slow(stream)),
        }
    }
}

/// Receives until the peer's FIN, which ends an unfinished line; `put` takes what `incoming` makes of it, once there is
/// room for it. Given up, what was not taken yet is still there.
///
/// A long line waits for a place before more of it is received, or until `urgent`: others wait for this very line.
pub(in crate::cmd) async fn receive(
    stream: &Stream,
    reader: &Reader,
    buffer: &RefCell<Vec<u8>>,
    incoming: &RefCell<Incoming>,
    put: impl AsyncFn(),
    urgent: impl AsyncFn(),
) -> Result<()> {
    let (room, mut place) = (reader.room(), None);
    loop {
        let received = stream.receive(|socket: &Tracked| {
            let mut buffer = buffer.borrow_mut();
            let n = socket.recv(&mut buffer)?;
            incoming.borrow_mut().push(&buffer[..n]);
            Ok(n)
        });
        let held = incoming.borrow().held();
        let overdue = async {
            match &place {
                // Boxed, as is the way in: most connections never come to that, and need not be larger for it.
                Some(place) => Box::pin(room.overdue(place, held)).await,
                None => std::future::pending().await,
            }
        };
        let received = tokio::select! {
            biased;
            received = received => Some(received.map_err(|e| failed("recv", stream, e))),
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
            place = None;
        } else if place.is_none() {
            let enter = async {
                tokio::select! {
                    biased;
                    place = room.enter() => Some(place),
                    () = urgent() => None,
                }
            };
            place = reader.excused(Box::pin(enter)).await;
        }
    }
}

/// Resolves when one side is over and waiting for the other makes no sense any more.
async fn enough(stream: &Stream, terms: &Terms, progress: &Progress) -> Ending {
    loop {
        let changed = progress.changed.notified();
        match (progress.input.get(), progress.peer.get()) {
            (Some(_), None) if terms.on_eof == OnEof::Close => return Ending::Over,
            (Some(at), None) => match terms.eof_wait {
                Some(limit) if at.elapsed() >= limit => return Ending::EofWait(limit),
                Some(limit) => drop(tokio::time::timeout_at(at + limit, changed).await),
                None => changed.await,
            },
            (None, Some(at)) => {
                let gone = || peer_is_gone(stream.tracked());
                if terms.ends_with_peer || gone().unwrap_or_else(|| at.elapsed() >= HALF_CLOSED_PATIENCE) {
                    return Ending::Over;
                }
                let _ = tokio::time::timeout(PEER_CHECK, changed).await;
            }
            (None, None) | (Some(_), Some(_)) => changed.await,
        }
    }
}

/// Resolves once nothing moved on the connection for `limit`; never without one.
pub(in crate::cmd) async fn idle(stream: &Stream, limit: Option<Duration>) -> Duration {
    let Some(limit) = limit else { return std::future::pending().await };
    let (mut moved, mut since) = (stream.tracked().counters(), Instant::now());
    while since.elapsed() < limit {
        // An eighth of the limit is as late as the end may come.
        tokio::time::sleep_until((since + limit).min(Instant::now() + limit / 8)).await;
        let now = stream.tracked().counters();
        if now != moved {
            (moved, since) = (now, Instant::now());
        }
    }
    limit
}

fn failed(op: &'static str, stream: &Stream, error: io::Error) -> Error {
    Error::new(op, stream.tracked().peer().map(|a| a.to_string()).unwrap_or_default(), error)
}

/// Lets the peer go, with a reset: what it did not get must not look like the end.
fn too_slow(stream: &Stream) -> Error {
    // If it fails the connection is over already.
    let _ = stream.tracked().reset_on_close();
    failed("send", stream, io::Error::other("reads too slowly and held the others up; let go"))
        .about(Kind::Data)
}
