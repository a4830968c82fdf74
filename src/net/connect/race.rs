//! RFC 8305's race over the addresses of a name: whose turn it is, and the runner for a runtime.
//!
//! `dial` runs the same race for a thread of its own.

use super::Dial;
use crate::event::Kind;
use crate::net::stream::Stream;
use crate::sys::error::{Error, Result};
use crate::sys::socket::{Connecting, Socket};
use std::fmt::Display;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::task::Poll;
use std::time::{Duration, Instant};

/// A new address is tried this long after the one before it, if that has not failed (RFC 8305 section 5).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// The order of attempts, and what became of those that failed.
pub(super) struct Race<'a> {
    dial: &'a Dial<'a>,
    untried: std::slice::Iter<'a, SocketAddr>,
    failures: Vec<Error>,
    next_start: Instant,
}

/// What a race does next.
pub(super) enum Turn {
    /// This connection stands.
    Won(Socket),
    /// One more attempt is under way.
    Entered(Socket),
    /// Answers are awaited; at this time, if there is one, another address has its turn.
    Wait(Option<Instant>),
    /// Every address failed.
    Lost,
}

impl<'a> Race<'a> {
    pub(super) fn new(dial: &'a Dial<'a>, addresses: &'a [SocketAddr]) -> Self {
        Self { dial, untried: addresses.iter(), failures: Vec::new(), next_start: Instant::now() }
    }

    /// The next step while `under_way` attempts are awaited.
    pub(super) fn turn(&mut self, under_way: usize) -> Turn {
        loop {
            let now = Instant::now();
            if under_way > 0 && now < self.next_start {
                return Turn::Wait((self.untried.len() > 0).then_some(self.next_start));
            }
            let Some(&address) = self.untried.next() else {
                return if under_way == 0 { Turn::Lost } else { Turn::Wait(None) };
            };
            match self.dial.start(address) {
                Ok((socket, Connecting::Done)) => return Turn::Won(socket),
                Ok((socket, Connecting::InProgress)) => {
                    self.next_start = now + ATTEMPT_DELAY;
                    return Turn::Entered(socket);
                }
                Err(error) => self.failed(error),
            }
        }
    }

    /// An attempt failed: the next address need not wait.
    pub(super) fn failed(&mut self, error: Error) {
        self.failures.push(error);
        self.next_start = Instant::now();
    }

    /// The failure that tells most: an answer of the target before a silence, and both before a local "no".
    pub(super) fn worst(self, target: &dyn Display, addresses: &[SocketAddr]) -> Error {
        let rank = |error: &Error| match error.kind() {
            Kind::Refused => 0,
            Kind::Reset => 1,
            Kind::Option | Kind::Permission | Kind::Resources => 2,
            Kind::Unreachable => 3,
            _ => 4,
        };
        let many = self.failures.len() > 1;
        match self.failures.into_iter().min_by_key(rank) {
            Some(error) if many && error.op == "connect" => {
                let kind = error.kind();
                Error::new("connect", describe(target, addresses), error.source).about(kind)
            }
            Some(error) => error,
            None => Error::new("connect", target, io::Error::other("no address to try")).about(Kind::Resolve),
        }
    }
}

impl Dial<'_> {
    /// As [`Dial::first`] in the runtime this is called in, without a deadline: who waits no longer drops it.
    pub async fn race(&self, target: &dyn Display, addresses: &[SocketAddr]) -> Result<Stream> {
        let mut race = Race::new(self, addresses);
        let mut racing: Vec<Stream> = Vec::new();
        loop {
            let until = match race.turn(racing.len()) {
                Turn::Won(socket) => return Stream::new(socket),
                Turn::Entered(socket) => {
                    racing.push(Stream::new(socket)?);
                    continue;
                }
                Turn::Wait(until) => until,
                Turn::Lost => return Err(race.worst(target, addresses)),
            };
            let (place, answer) = tokio::select! {
                answer = first_answer(&racing) => answer,
                () = sleep_until(until) => continue,
            };
            let stream = racing.swap_remove(place);
            match answer {
                Ok(()) => return Ok(stream),
                Err(error) => race.failed(error),
            }
        }
    }
}

async fn first_answer(racing: &[Stream]) -> (usize, Result<()>) {
    poll_fn(|cx| {
        let mut answers = racing.iter().map(|stream| stream.poll_connected(cx)).enumerate();
        let ready = answers.find_map(|(place, answer)| match answer {
            Poll::Ready(answer) => Some((place, answer)),
            Poll::Pending => None,
        });
        ready.map_or(Poll::Pending, Poll::Ready)
    })
    .await
}

async fn sleep_until(then: Option<Instant>) {
    match then {
        Some(then) => tokio::time::sleep_until(then.into()).await,
        None => std::future::pending().await,
    }
}

/// A target with the addresses it stands for.
pub(super) fn describe(target: &dyn Display, addresses: &[SocketAddr]) -> String {
    let target = target.to_string();
    let list: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    if list.len() == 1 && list[0] == target { target } else { format!("{target} ({})", list.join(", ")) }
}
