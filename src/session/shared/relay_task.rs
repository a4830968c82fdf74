//! One connection piped with the input and the output that all share; each direction runs to its own end.

use super::budget::OWN;
use super::incoming::Incoming;
use super::reader::{Next, Reader};
use crate::event::{Event, Fault, Kind};
use crate::net::stream::Stream;
use crate::relay::facts::Facts;
use crate::relay::policy::RelayPolicy;
use crate::relay::terms::Step;
use crate::relay::{EndConfig, RelayEnd, WAITING, unacked};
use crate::sys::socket::Socket;
use crate::sys::{Error, Result};
use std::cell::{Cell, RefCell};
use std::io;
use std::pin::{Pin, pin};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// When a connection is over.
#[derive(Clone, Copy)]
pub(in crate::session) struct RelayTerms {
    /// As for a single connection.
    pub(in crate::session) end: EndConfig,
    /// Whether standard input is sent at all.
    pub(in crate::session) has_input: bool,
    /// Whether a connection that waits for nothing but the input says so, once for all.
    pub(in crate::session) says_waiting: bool,
}

/// The policy of one connection and what its two directions tell it.
struct Relaying {
    policy: RefCell<RelayPolicy>,
    changed: Notify,
    /// Nobody is going to be sent more.
    input_stopped: Notify,
    unsent: RefCell<Option<Error>>,
    received: Cell<bool>,
}

/// Sends the input while `receiving` runs, until the policy says that it is enough.
///
/// An error of sending is told once the peer's last words are received. What is awaited is pinned where it is made: moved,
/// it would take its room several times over, for each of a thousand connections.
pub(in crate::session) async fn relay_task(
    stream: &Stream,
    reader: &Reader,
    terms: &RelayTerms,
    receiving: Pin<&mut impl Future<Output = Result<()>>>,
) -> Result<RelayEnd> {
    let now = || Instant::now().into_std();
    let relaying = Relaying {
        policy: RefCell::new(RelayPolicy::new(terms.end, terms.has_input, now())),
        changed: Notify::new(),
        input_stopped: Notify::new(),
        unsent: RefCell::default(),
        received: Cell::new(false),
    };
    let send = pin!(async {
        if !terms.has_input {
            return Ok(());
        }
        let sent = tokio::select! {
            biased;
            sent = send_all(stream, reader) => sent,
            () = relaying.input_stopped.notified() => return Ok(()),
        };
        match sent {
            Err(error) if error.kind() == Kind::Data => return Err(error),
            Err(error) => {
                relaying.unsent.replace(Some(error));
                relaying.policy.borrow_mut().sending_failed(now());
            }
            Ok(()) => relaying.policy.borrow_mut().input_ended(now()),
        }
        relaying.changed.notify_one();
        Ok(())
    });
    let receive = pin!(async {
        receiving.await?;
        relaying.received.set(true);
        relaying.policy.borrow_mut().peer_ended(now());
        relaying.changed.notify_one();
        // The policy decides what the end of one direction means to the other.
        Ok::<_, Error>(())
    });
    let both = async {
        tokio::try_join!(send, receive)?;
        std::future::pending().await
    };
    let end = tokio::select! {
        biased;
        end = both => end,
        end = relaying.decide(stream, reader, terms) => end,
    };
    // What the peer said last is received by now.
    relaying.unsent.take().map_or(end, Err)
}

impl Relaying {
    /// Does what the policy says, until it says that it is enough.
    async fn decide(&self, stream: &Stream, reader: &Reader, terms: &RelayTerms) -> Result<RelayEnd> {
        let socket = stream.socket_ref();
        let facts = Facts { socket, has_input: || reader.has_more() };
        let broken = |op| socket.broken_by().map(|error| failed(op, stream, error));
        loop {
            if self.received.get()
                && let Some(error) = self.unsent.take()
            {
                return Err(error);
            }
            let step = self.policy.borrow_mut().step(Instant::now().into_std(), &facts);
            match step {
                // It fails only when the connection ended meanwhile, which the receiving side reports.
                Step::SendFin => drop(socket.shutdown_write()),
                Step::StopInput => self.input_stopped.notify_one(),
                Step::ProbePeer => socket.probe_peer(),
                Step::SayWaiting if terms.says_waiting && reader.says_waiting() => {
                    let text = WAITING.to_owned();
                    let fault =
                        Fault { kind: Kind::Waiting, op: None, errno: None, conn: None, peer: None, text };
                    socket.emit(|_| Event::Warning { fault: socket.blame(fault) });
                }
                Step::SayWaiting => {}
                Step::End(RelayEnd::Done) => return broken("close").map_or(Ok(RelayEnd::Done), Err),
                Step::Gone => return Ok(RelayEnd::Done),
                Step::End(end) => return Ok(end),
                Step::Broken => {
                    let reset = || failed("send", stream, io::Error::from_raw_os_error(libc::ECONNRESET));
                    return Err(broken("send").unwrap_or_else(reset));
                }
                Step::Unacked(bytes) => return Err(unacked(&peer(stream), bytes)),
                Step::Wait(until) => {
                    tokio::select! {
                        () = self.changed.notified() => {}
                        () = sleep_until(until.map(Instant::from_std)) => {}
                    }
                }
            }
        }
    }
}

/// What is sent first goes alone until it is acknowledged: many connections at once are what fills a server's queues.
async fn send_all(stream: &Stream, reader: &Reader) -> Result<()> {
    let (mut began, mut heard) = (false, false);
    loop {
        let next = reader.next().await;
        if began && !heard && matches!(next, Next::Bytes) {
            tokio::select! {
                biased;
                () = stream.first_data_acked() => heard = true,
                () = reader.evicted() => return Err(too_slow(stream)),
            }
        }
        match next {
            Next::Bytes => {
                let send = stream.send(|socket| {
                    reader.take(|slices| match slices {
                        [one] => socket.send(one),
                        many => socket.send_vectored(many),
                    })
                });
                tokio::select! {
                    answer = send => began = answer.map_err(|e| failed("send", stream, e))? > 0,
                    () = reader.evicted() => return Err(too_slow(stream)),
                }
            }
            Next::End => return Ok(()),
            Next::Evicted => return Err(too_slow(stream)),
        }
    }
}

/// Receives until the peer's FIN, which ends an unfinished line; `put` takes what `incoming` makes of it, once there is
/// room for it. Given up, what was not taken yet is still there.
///
/// A long line waits for a place before more of it is received, or until `urgent`: others wait for this very line.
pub(in crate::session) async fn receive(
    stream: &Stream,
    reader: &Reader,
    buffer: &RefCell<Vec<u8>>,
    incoming: &RefCell<Incoming>,
    put: impl AsyncFn(),
    urgent: impl AsyncFn(),
) -> Result<()> {
    let (budget, mut share) = (reader.budget(), None);
    loop {
        let received = stream.receive(|socket: &Socket| {
            let mut buffer = buffer.borrow_mut();
            let n = socket.recv(&mut buffer)?;
            incoming.borrow_mut().push(&buffer[..n]);
            Ok(n)
        });
        let held = incoming.borrow().held();
        let overdue = async {
            match &share {
                // Boxed, as is the way in: most connections never come to that, and need not be larger for it.
                Some(share) => Box::pin(budget.overdue(share, held)).await,
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

/// Resolves once nothing moved on the connection for `limit`; never without one.
pub(in crate::session) async fn idle(stream: &Stream, limit: Option<Duration>) -> Duration {
    let Some(limit) = limit else { return std::future::pending().await };
    let (mut moved, mut since) = (stream.socket_ref().counters(), Instant::now());
    while since.elapsed() < limit {
        // An eighth of the limit is as late as the end may come.
        tokio::time::sleep_until((since + limit).min(Instant::now() + limit / 8)).await;
        let now = stream.socket_ref().counters();
        if now != moved {
            (moved, since) = (now, Instant::now());
        }
    }
    limit
}

async fn sleep_until(then: Option<Instant>) {
    match then {
        Some(then) => tokio::time::sleep_until(then).await,
        None => std::future::pending().await,
    }
}

fn peer(stream: &Stream) -> String {
    stream.socket_ref().peer().map(|a| a.to_string()).unwrap_or_default()
}

fn failed(op: &'static str, stream: &Stream, error: io::Error) -> Error {
    Error::new(op, peer(stream), error)
}

/// Lets the peer go, with a reset: what it did not get must not look like the end.
fn too_slow(stream: &Stream) -> Error {
    // If it fails the connection is over already.
    let _ = stream.socket_ref().reset_on_close();
    failed("send", stream, io::Error::other("reads too slowly and held the others up; let go"))
        .about(Kind::Data)
}
