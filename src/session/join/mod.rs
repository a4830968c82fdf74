//! Two streams joined: what one peer sends the other receives, each way to its own end.
//!
//! A half-close passes through, and the other direction goes on. A connection that breaks breaks the other one as well. Each
//! direction holds at most one read of the shared buffer, or one pipe, and reads no more until that is sent: a slow peer
//! slows down its sender, and memory stays bounded.

mod direction;

#[cfg(test)]
mod tests;

use crate::net::stream::ByteStream;
use crate::sys::Error;
use direction::{Direction, Stop};
use std::cell::RefCell;
use std::io;
use std::pin::pin;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// How long what a broken connection delivered may take to reach the other peer before that is reset as well.
const GRACE: Duration = Duration::from_secs(1);
/// Between two looks at what was acknowledged, at first and at most.
const FIRST_LOOK: Duration = Duration::from_millis(1);
const LONGEST_LOOK: Duration = Duration::from_millis(50);

/// How two streams are joined.
#[derive(Clone, Copy, Debug, Default)]
pub struct JoinConfig {
    /// Ends both when nothing moved either way for this long.
    pub idle: Option<Duration>,
}

/// How a join ended where nothing broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinEnd {
    /// Both peers ended their direction, and each end was passed on.
    Done,
    /// Nothing moved for this long.
    Idle(Duration),
}

/// One of two joined streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The first stream.
    Client,
    /// The second stream.
    Target,
}

/// A join that ended because one stream broke. Both are reset when they are dropped.
#[derive(Debug)]
pub struct Broken {
    /// The stream that broke first.
    pub side: Side,
    /// What happened to it.
    pub error: Error,
}

/// Relays between two streams until both directions are over, through `buffer` or, where both are plain, splice(2).
///
/// The caller closes the streams: [`ByteStream::finish`] after [`JoinEnd::Done`], and drops them.
pub async fn join(
    client: &ByteStream,
    target: &ByteStream,
    config: &JoinConfig,
    buffer: &RefCell<Vec<u8>>,
) -> Result<JoinEnd, Broken> {
    let (forth, back) = (Direction::new(client, target, buffer), Direction::new(target, client, buffer));
    let end = tokio::select! {
        biased;
        end = both(&forth, &back) => end.map(|()| JoinEnd::Done),
        limit = idle(client, target, config.idle) => Ok(JoinEnd::Idle(limit)),
    };
    if let Err(broken) = &end {
        let intact = if broken.side == Side::Client { target } else { client };
        delivered(intact).await;
        for socket in [client, target].map(ByteStream::socket_ref) {
            if !socket.is_known_broken() {
                // It fails only where there is no connection to reset.
                let _ = socket.reset_on_close();
            }
        }
    }
    end
}

async fn both(forth: &Direction<'_>, back: &Direction<'_>) -> Result<(), Broken> {
    let (mut forth_ends, mut back_ends) = (pin!(forth.run()), pin!(back.run()));
    tokio::select! {
        biased;
        end = &mut forth_ends => {
            conclude(forth, Side::Client, end, back_ends.as_mut()).await?;
            back_ends.await.map_err(|stop| broken(back, Side::Target, stop))
        }
        end = &mut back_ends => {
            conclude(back, Side::Target, end, forth_ends.as_mut()).await?;
            forth_ends.await.map_err(|stop| broken(forth, Side::Client, stop))
        }
    }
}

/// Decides what the end of the first direction, which reads from `side`, means for the other.
///
/// A connection that refuses to be written to may have delivered an answer before it broke: the other direction goes on
/// for a moment.
async fn conclude(
    ended: &Direction<'_>,
    side: Side,
    end: Result<(), Stop>,
    other: impl Future<Output = Result<(), Stop>>,
) -> Result<(), Broken> {
    match end {
        Ok(()) => Ok(()),
        Err(stop) => {
            if matches!(stop, Stop::Writing(_)) {
                // Its own end adds nothing to the error.
                let _ = timeout(GRACE, other).await;
            }
            Err(broken(ended, side, stop))
        }
    }
}

fn broken(direction: &Direction<'_>, reads_from: Side, stop: Stop) -> Broken {
    let other = if reads_from == Side::Client { Side::Target } else { Side::Client };
    match stop {
        Stop::Reading(error) => Broken { side: reads_from, error: direction.from.failed("recv", error) },
        Stop::Writing(error) => Broken { side: other, error: direction.to.failed("send", error) },
        Stop::Local(error) => Broken { side: other, error },
    }
}

/// Waits until the peer acknowledged all that was sent, since a reset discards the rest; at most for [`GRACE`].
async fn delivered(stream: &ByteStream) {
    let socket = stream.socket_ref();
    let (until, mut pause) = (Instant::now() + GRACE, FIRST_LOOK);
    while socket.unacked() > 0 && !socket.is_over() && Instant::now() < until {
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_LOOK);
    }
}

/// Resolves once nothing moved on either stream for `limit`; never without one.
async fn idle(client: &ByteStream, target: &ByteStream, limit: Option<Duration>) -> Duration {
    let Some(limit) = limit else { return std::future::pending().await };
    let moved = || (client.socket_ref().counters(), target.socket_ref().counters());
    let (mut before, mut since) = (moved(), Instant::now());
    while since.elapsed() < limit {
        // The end may come late by an eighth of the limit.
        tokio::time::sleep_until((since + limit).min(Instant::now() + limit / 8)).await;
        let now = moved();
        if now != before {
            (before, since) = (now, Instant::now());
        }
    }
    limit
}

/// The error of a connection that is known to be broken, where the kernel names none.
fn reset() -> io::Error {
    io::Error::from_raw_os_error(libc::ECONNRESET)
}
