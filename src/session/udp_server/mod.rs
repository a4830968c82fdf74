//! The datagram server of `udp-serve`: one thread receives datagrams in batches and answers each batch before the next.
//!
//! There are no connections, and so nothing to make tasks of. After a few batches of one socket the server checks signals,
//! deadlines and the other sockets, so that no flood delays them. It waits by poll(2), and only while every queue is empty,
//! which costs a busy socket less than a registration with a reactor, which wakes for every datagram sent.

mod answer;
mod listeners;
mod loop_guard;
mod recipients;
mod sender;
mod server;

pub use answer::Answer;
pub use listeners::Membership;

use super::datagrams::{DatagramInput, InputConfig};
use super::ready::{self, Ready};
use super::wait::wait;
use super::{Context, Outcome, Result};
use crate::event::{Event, Events, Kind};
use crate::net::bind::BindTarget;
use crate::sys::options::SocketOption;
use crate::sys::poll::Interest;
use crate::sys::signal::Stop;
use crate::sys::socket::Socket;
use crate::sys::{self, limits};
use server::{Received, UdpServer};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// Batches received from one socket before the other sockets, signals and deadlines are checked.
const ROUNDS: usize = 4;

/// What a datagram server does.
pub struct Config {
    /// The addresses to bind.
    pub bind: BindTarget,
    /// The multicast groups to join.
    pub groups: Vec<Membership>,
    /// Set before bind.
    pub options: Vec<SocketOption>,
    /// Where readiness is announced.
    pub ready: Ready,
    /// What each datagram is answered with.
    pub answer: Answer,
    /// Standard input, which is sent to the peers; absent if it is not read.
    pub input: Option<InputConfig>,
    /// Input goes to every peer heard lately, instead of the last one.
    pub to_all: bool,
    /// The server ends with its input.
    pub ends_with_input: bool,
    /// Datagrams are written to standard output.
    pub shows: bool,
    /// Each datagram written ends with a line feed.
    pub lines: bool,
    /// The server ends after this many datagrams.
    pub count: Option<u64>,
    /// The server ends when no datagram came for this long.
    pub idle_timeout: Option<Duration>,
}

/// Serves until a signal, a deadline, the last datagram wanted, or the end of input.
pub fn run(config: &Config, context: &mut Context) -> Result {
    limits::raise_descriptors();
    let sockets = listeners::open(config, context)?;
    let limit = listeners::longest_datagram(&sockets);
    config.answer.expect_to_fit(limit)?;
    let input =
        config.input.map(|input| DatagramInput::open(input, limit, 1, &"standard input")).transpose()?;
    ready::announce(&config.ready, &sockets, context)?;
    let (stop, events) = (context.stop.clone(), context.events.clone());
    let server = UdpServer::new(config, &sockets, context, &stop)?;
    ServerLoop { config, server, input, sockets: &sockets, stop: &stop, events: &events }.run()
}

struct ServerLoop<'a> {
    config: &'a Config,
    server: UdpServer<'a>,
    input: Option<DatagramInput>,
    sockets: &'a [Socket],
    stop: &'a Stop,
    events: &'a Events,
}

impl ServerLoop<'_> {
    fn run(mut self) -> Result {
        if let Some(input) = &mut self.input {
            input.source.forget();
        }
        loop {
            let ready = self.wait()?;
            for number in (0..self.sockets.len()).filter(|number| ready[*number]) {
                if self.receive(number)? {
                    self.send_rest()?;
                    return Ok(Outcome::done());
                }
            }
            if ready.get(self.sockets.len()) == Some(&true) && self.read_input()? {
                return Ok(Outcome::done());
            }
            let (limit, last) = (self.config.idle_timeout, self.server.last);
            if let Some(limit) = limit.filter(|limit| Instant::now() >= last + *limit) {
                return Ok(Outcome::deadline(format!("idle timeout: no datagram for {limit:?}")));
            }
        }
    }

    /// Waits; says which are ready: each socket, then standard input. That stays unread while it has no recipient.
    fn wait(&self) -> sys::Result<Vec<bool>> {
        let mut fds = Vec::with_capacity(self.sockets.len() + 2);
        fds.extend(self.sockets.iter().map(|s| (s.as_fd(), Interest::Reading)));
        let input = self.input.as_ref().filter(|_| self.server.has_recipients());
        fds.extend(input.and_then(DatagramInput::interest));
        wait(fds, self.stop, self.config.idle_timeout.map(|limit| self.server.last + limit))
    }

    /// Receives some batches; returns whether that was the last datagram wanted.
    fn receive(&mut self, number: usize) -> sys::Result<bool> {
        for _ in 0..ROUNDS {
            match self.server.receive(number)? {
                Received::More => {}
                Received::All => break,
                Received::Last => return Ok(true),
            }
        }
        Ok(false)
    }

    /// Reads standard input once and sends it; returns whether the server ends with it.
    fn read_input(&mut self) -> sys::Result<bool> {
        let Some(input) = &mut self.input else { return Ok(false) };
        read_and_send(input, &mut self.server, self.events)?;
        Ok(input.is_over() && self.config.ends_with_input)
    }

    /// Sends what standard input still holds, a last line without its end too, to the peers there are.
    fn send_rest(&mut self) -> sys::Result<()> {
        let Some(input) = self.input.as_mut().filter(|_| self.server.has_recipients()) else {
            return Ok(());
        };
        let Some(available) = input.available() else { return Ok(()) };
        let mut read = 0;
        while read < available && !input.is_over() {
            read += read_and_send(input, &mut self.server, self.events)? as u64;
        }
        input.end()?;
        self.server.send(&mut input.source)
    }
}

/// Reads `input` once, and sends the datagrams that are complete; returns how many bytes were read.
fn read_and_send(
    input: &mut DatagramInput,
    server: &mut UdpServer<'_>,
    events: &Events,
) -> sys::Result<usize> {
    let read = match input.read() {
        // The server goes on without input.
        Err(error) if error.kind() == Kind::File => {
            events.emit(Event::Warning { fault: error.fault() });
            input.end()?;
            0
        }
        read => read?,
    };
    server.send(&mut input.source)?;
    Ok(read)
}
