//! Connecting to the first address of a name that answers: RFC 8305's race, under one deadline.

use super::addr::Source;
use crate::event::{Kind, Proto, Role};
use crate::sys::error::{Error, Result};
use crate::sys::options::SocketOption;
use crate::sys::signal::{Signal, Stop};
use crate::sys::socket::{Connecting, Sockets, Tracked};
use crate::sys::wait::{For, wait};
use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// A new address is tried this long after the one before it, if that has not failed (RFC 8305 section 5).
pub const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// How connections are opened.
pub struct Dial<'a> {
    /// Makes the sockets.
    pub sockets: &'a Sockets,
    /// Set on each before it connects.
    pub options: &'a [SocketOption],
    /// The local end.
    pub source: Option<Source>,
}

/// Why no connection came about.
#[derive(Debug)]
pub enum DialError {
    /// Every address failed, or the deadline passed (kind `timeout`).
    Failed(Error),
    /// The program was asked to end.
    Stopped(Signal),
}

impl From<Error> for DialError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Dial<'_> {
    /// Opens a socket towards `address` and starts to connect it.
    pub fn start(&self, address: SocketAddr) -> Result<(Tracked, Connecting)> {
        let socket = self.sockets.open(Proto::Tcp, Role::Client, address, self.options)?;
        if let Some(source) = self.source {
            let Some(local) = source.for_peer(address) else {
                let why = io::Error::other("the source address is of the other family");
                return Err(Error::new("connect", address, why).about(Kind::Address));
            };
            socket.bind(local)?;
        }
        let progress = socket.start_connect(address)?;
        Ok((socket, progress))
    }

    /// Connects to whichever of `addresses` answers first, each tried a little after the one before.
    ///
    /// `target` is what the user typed, for the error. The losers of the race are closed.
    pub fn first(
        &self,
        target: &dyn Display,
        addresses: &[SocketAddr],
        deadline: Option<Instant>,
        stop: &Stop,
    ) -> std::result::Result<Tracked, DialError> {
        let mut untried = addresses.iter().copied();
        let mut racing: Vec<Tracked> = Vec::new();
        let mut failures = Failures::default();
        let mut next_start = Instant::now();
        loop {
            let now = Instant::now();
            if deadline.is_some_and(|d| now >= d) {
                return Err(DialError::Failed(timed_out(target, addresses)));
            }
            if racing.is_empty() || now >= next_start {
                next_start = now + ATTEMPT_DELAY;
                match untried.next().map(|address| self.start(address)) {
                    Some(Ok((socket, Connecting::Done))) => return Ok(socket),
                    Some(Ok((socket, Connecting::InProgress))) => racing.push(socket),
                    Some(Err(error)) => {
                        failures.add(error);
                        continue;
                    }
                    None if racing.is_empty() => {
                        return Err(DialError::Failed(failures.worst(target, addresses)));
                    }
                    None => next_start = now + Duration::from_hours(1),
                }
            }
            let until = deadline.map_or(next_start, |d| d.min(next_start));
            let mut fds = vec![(stop.as_fd(), For::Reading)];
            fds.extend(racing.iter().map(|s| (s.as_fd(), For::Writing)));
            let ready = wait(&fds, Some(until)).map_err(|e| Error::new("poll", "", e))?;
            if let Some(signal) = stop.signal() {
                return Err(DialError::Stopped(signal));
            }
            for i in (0..racing.len()).rev().filter(|i| ready[i + 1]) {
                match racing[i].finish_connect() {
                    Ok(Some(())) => return Ok(racing.swap_remove(i)),
                    Ok(None) => {}
                    Err(error) => {
                        failures.add(error);
                        racing.remove(i);
                        next_start = Instant::now();
                    }
                }
            }
        }
    }
}

/// The error of a deadline that passed while connecting.
#[must_use]
pub fn timed_out(target: &dyn Display, addresses: &[SocketAddr]) -> Error {
    let why = io::Error::new(io::ErrorKind::TimedOut, "no answer before the deadline");
    Error::new("connect", describe(target, addresses), why)
}

#[derive(Default)]
struct Failures(Vec<Error>);

impl Failures {
    fn add(&mut self, error: Error) {
        self.0.push(error);
    }

    /// The failure that tells most: an answer of the target before a silence, and both before a local "no".
    fn worst(self, target: &dyn Display, addresses: &[SocketAddr]) -> Error {
        let rank = |error: &Error| match error.kind() {
            Kind::Refused => 0,
            Kind::Reset => 1,
            Kind::Option | Kind::Permission | Kind::Resources => 2,
            Kind::Unreachable => 3,
            _ => 4,
        };
        let many = self.0.len() > 1;
        match self.0.into_iter().min_by_key(rank) {
            Some(error) if many && error.op == "connect" => {
                let kind = error.kind();
                Error::new("connect", describe(target, addresses), error.source).about(kind)
            }
            Some(error) => error,
            None => Error::new("connect", target, io::Error::other("no address to try")).about(Kind::Resolve),
        }
    }
}

fn describe(target: &dyn Display, addresses: &[SocketAddr]) -> String {
    let target = target.to_string();
    let list: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    if list.len() == 1 && list[0] == target { target } else { format!("{target} ({})", list.join(", ")) }
}
