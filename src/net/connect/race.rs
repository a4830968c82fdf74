//! The order of attempts in RFC 8305's race over the addresses of a name. A driver waits for the answers.

use super::Connector;
use crate::event::{Address, Kind};
use crate::sys::error::Error;
use crate::sys::socket::{Connecting, Socket};
use std::fmt::Display;
use std::io;
use std::time::{Duration, Instant};

/// A new address is tried this long after the one before it, if that has not failed (RFC 8305 section 5).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// A UNIX server whose accept queue is full is retried after this long: no descriptor reports free space in it (unix(7)).
const QUEUE_DELAY: Duration = Duration::from_millis(5);

/// The attempts to come, and the errors of those that failed.
pub(super) struct Race<'a> {
    connector: &'a Connector<'a>,
    untried: std::slice::Iter<'a, Address>,
    /// A UNIX server whose accept queue is full: connect(2) is called again for the same socket.
    queueing: Option<(Socket, &'a Address)>,
    failures: Vec<Error>,
    next_start: Instant,
}

/// The next step of a race.
pub(super) enum Turn {
    /// This socket is connected.
    Won(Socket),
    /// One more attempt is under way.
    Entered(Socket),
    /// Answers are awaited; at this time, if there is one, another address is to be tried.
    Wait(Option<Instant>),
    /// Every address failed.
    Lost,
}

impl<'a> Race<'a> {
    pub(super) fn new(connector: &'a Connector<'a>, addresses: &'a [Address]) -> Self {
        let (untried, next_start) = (addresses.iter(), Instant::now());
        Self { connector, untried, queueing: None, failures: Vec::new(), next_start }
    }

    /// The next step while `under_way` attempts are awaited.
    pub(super) fn turn(&mut self, under_way: usize) -> Turn {
        loop {
            let now = Instant::now();
            let (idle, queues) = (under_way == 0, self.queueing.is_some());
            if (queues || !idle) && now < self.next_start {
                return Turn::Wait((queues || self.untried.len() > 0).then_some(self.next_start));
            }
            let entry = self.queueing.take().map(Ok).or_else(|| {
                let address = self.untried.next()?;
                Some(self.connector.open(address).map(|socket| (socket, address)))
            });
            let (socket, address) = match entry {
                Some(Ok(entry)) => entry,
                Some(Err(error)) => {
                    self.failed(error);
                    continue;
                }
                None => return if idle { Turn::Lost } else { Turn::Wait(None) },
            };
            match socket.start_connect(address) {
                Ok(Connecting::Done) => return Turn::Won(socket),
                Ok(Connecting::InProgress) => {
                    self.next_start = now + ATTEMPT_DELAY;
                    return Turn::Entered(socket);
                }
                Err(error) if error.errno() == Some(libc::EAGAIN) && address.inet().is_none() => {
                    self.queueing = Some((socket, address));
                    self.next_start = now + QUEUE_DELAY;
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

    /// The most informative failure: an answer of the target before a silence, and both before an error of this machine.
    pub(super) fn worst(self, target: &(dyn Display + Sync), addresses: &[Address]) -> Error {
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

/// A target with the addresses it stands for.
pub(super) fn describe(target: &(dyn Display + Sync), addresses: &[Address]) -> String {
    let target = target.to_string();
    let list: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    if list.len() == 1 && list[0] == target { target } else { format!("{target} ({})", list.join(", ")) }
}
