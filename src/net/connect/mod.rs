//! Connecting to the first address of a name that answers: RFC 8305's race, under one deadline.

mod race;

use self::race::{Race, Turn, describe};
use super::address::Source;
use crate::event::{Kind, Proto, Role};
use crate::sys::error::{Error, Result};
use crate::sys::options::SocketOption;
use crate::sys::poll::{Interest, wait};
use crate::sys::signal::{Signal, Stop};
use crate::sys::socket::{Connecting, Socket, SocketFactory};
use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::time::Instant;

/// How connections are opened.
pub struct Dial<'a> {
    /// Makes the sockets.
    pub sockets: &'a SocketFactory,
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
    pub fn start(&self, address: SocketAddr) -> Result<(Socket, Connecting)> {
        let socket = self.sockets.open(Proto::Tcp, Role::Client, address, self.options)?;
        if let Some(source) = self.source {
            let Some(local) = source.for_peer(address) else {
                return Err(other_family(source, address));
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
    ) -> std::result::Result<Socket, DialError> {
        let mut race = Race::new(self, addresses);
        let mut racing: Vec<Socket> = Vec::new();
        loop {
            if deadline.is_some_and(|d| Instant::now() >= d) {
                return Err(DialError::Failed(timed_out(target, addresses)));
            }
            let next = match race.turn(racing.len()) {
                Turn::Won(socket) => return Ok(socket),
                Turn::Entered(socket) => {
                    racing.push(socket);
                    continue;
                }
                Turn::Wait(next) => next,
                Turn::Lost => return Err(DialError::Failed(race.worst(target, addresses))),
            };
            let until = [deadline, next].into_iter().flatten().min();
            let mut fds = vec![(stop.as_fd(), Interest::Reading)];
            fds.extend(racing.iter().map(|s| (s.as_fd(), Interest::Writing)));
            let ready = wait(&fds, until).map_err(|e| Error::new("poll", "", e))?;
            if let Some(signal) = stop.signal() {
                return Err(DialError::Stopped(signal));
            }
            for i in (0..racing.len()).rev().filter(|i| ready[i + 1]) {
                match racing[i].finish_connect() {
                    Ok(Some(())) => return Ok(racing.swap_remove(i)),
                    Ok(None) => {}
                    Err(error) => {
                        race.failed(error);
                        racing.remove(i);
                    }
                }
            }
        }
    }
}

/// The error of a source address that cannot reach `address`, which has no errno.
fn other_family(source: Source, address: SocketAddr) -> Error {
    let family = |is_v4| if is_v4 { "IPv4" } else { "IPv6" };
    let (ours, theirs) = (family(!address.is_ipv4()), family(address.is_ipv4()));
    let from = source.ip.map_or_else(String::new, |ip| format!(" {ip}"));
    let why = io::Error::other(format!("the source address{from} is {ours}, the target {theirs}"));
    Error::new("connect", address, why).about(Kind::Address)
}

/// The error of a deadline that passed while connecting, or while the addresses were still looked up.
#[must_use]
pub fn timed_out(target: &dyn Display, addresses: &[SocketAddr]) -> Error {
    let why = io::Error::new(io::ErrorKind::TimedOut, "no answer before the deadline");
    match addresses {
        [] => Error::new("resolve", target, why),
        _ => Error::new("connect", describe(target, addresses), why),
    }
}
