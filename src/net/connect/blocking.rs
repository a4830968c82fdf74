//! The race in a thread of its own.

use super::race::{Race, Turn};
use super::{Connector, timed_out};
use crate::event::Address;
use crate::sys::error::Error;
use crate::sys::poll::{Interest, wait};
use crate::sys::signal::{Signal, Stop};
use crate::sys::socket::Socket;
use std::fmt::Display;
use std::os::fd::AsFd;
use std::time::Instant;

/// The reason why there is no connection.
#[derive(Debug)]
pub enum ConnectError {
    /// Every address failed, or the deadline passed (kind `timeout`).
    Failed(Error),
    /// The program was asked to end.
    Stopped(Signal),
}

impl From<Error> for ConnectError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Connector<'_> {
    /// Connects to the first of `addresses` that answers, each tried a little after the one before.
    ///
    /// `target` is the name that the user typed, for the error. The losers of the race are closed.
    pub fn connect_blocking(
        &self,
        target: &(dyn Display + Sync),
        addresses: &[Address],
        deadline: Option<Instant>,
        stop: &Stop,
    ) -> Result<Socket, ConnectError> {
        let mut race = Race::new(self, addresses);
        let mut racing: Vec<Socket> = Vec::new();
        loop {
            if deadline.is_some_and(|d| Instant::now() >= d) {
                return Err(timed_out(target, addresses).into());
            }
            let next = match race.turn(racing.len()) {
                Turn::Won(socket) => return Ok(socket),
                Turn::Entered(socket) => {
                    racing.push(socket);
                    continue;
                }
                Turn::Wait(next) => next,
                Turn::Lost => return Err(race.worst(target, addresses).into()),
            };
            let until = [deadline, next].into_iter().flatten().min();
            let mut fds = vec![(stop.as_fd(), Interest::Reading)];
            fds.extend(racing.iter().map(|s| (s.as_fd(), Interest::Writing)));
            let ready = wait(&fds, until).map_err(|e| Error::new("poll", "", e))?;
            if let Some(signal) = stop.signal() {
                return Err(ConnectError::Stopped(signal));
            }
            if let Some(socket) = first_connected(&mut race, &mut racing, &ready[1..]) {
                return Ok(socket);
            }
        }
    }
}

/// Takes the answers of the sockets that are `ready`, up to the first that is connected.
fn first_connected(race: &mut Race<'_>, racing: &mut Vec<Socket>, ready: &[bool]) -> Option<Socket> {
    for i in (0..racing.len()).rev().filter(|i| ready[*i]) {
        match racing[i].finish_connect() {
            Ok(Some(())) => return Some(racing.swap_remove(i)),
            Ok(None) => {}
            Err(error) => {
                race.failed(error);
                racing.remove(i);
            }
        }
    }
    None
}
