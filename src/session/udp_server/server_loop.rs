//! The loop of a datagram server: sockets, standard input, signals and deadlines in turn.

use super::Config;
use super::commands::Commands;
use super::server::{Received, UdpServer};
use crate::event::{Event, Events, Kind, Span};
use crate::session::datagrams::DatagramInput;
use crate::session::wait::wait;
use crate::session::{Outcome, Result};
use crate::sys;
use crate::sys::poll::Interest;
use crate::sys::signal::Stop;
use crate::sys::socket::Socket;
use std::os::fd::AsFd;
use std::time::Instant;

/// Batches received from one socket before the other sockets, signals and deadlines are checked.
const ROUNDS: usize = 4;

/// A server, its input, and what ends it.
pub(super) struct ServerLoop<'a> {
    pub(super) config: &'a Config,
    pub(super) server: UdpServer<'a>,
    pub(super) input: Option<DatagramInput>,
    pub(super) sockets: &'a [Socket],
    pub(super) stop: &'a Stop,
    pub(super) events: &'a Events,
}

impl ServerLoop<'_> {
    /// Serves until the end.
    pub(super) fn run(mut self) -> Result {
        if let Some(input) = &mut self.input {
            input.source.forget();
        }
        let outcome = self.serve();
        let in_order = outcome.is_ok();
        let UdpServer { commands, sender, .. } = &mut self.server;
        match commands.as_mut().map_or(Ok(()), |commands| commands.end(in_order, sender)) {
            Err(error) if in_order => Err(error.into()),
            _ => outcome,
        }
    }

    fn serve(&mut self) -> Result {
        loop {
            let mut ready = self.wait()?;
            if let Some(commands) = &mut self.server.commands {
                commands.advance(&ready.split_off(self.sockets.len()), &mut self.server.sender)?;
            }
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
                return Ok(Outcome::deadline(format!("idle timeout: no datagram for {}", Span(limit))));
            }
        }
    }

    /// Waits; says which are ready: each socket, then standard input, which stays unread while it has no recipient, or what
    /// the commands wait for: they have no input.
    fn wait(&self) -> sys::Result<Vec<bool>> {
        let mut fds = Vec::with_capacity(self.sockets.len() + 2);
        fds.extend(self.sockets.iter().map(|s| (s.as_fd(), Interest::Reading)));
        let input = self.input.as_ref().filter(|_| self.server.has_recipients());
        fds.extend(input.and_then(DatagramInput::interest));
        let commands = self.server.commands.as_ref();
        fds.extend(commands.into_iter().flat_map(Commands::interests));
        let idle = self.config.idle_timeout.map(|limit| self.server.last + limit);
        wait(fds, self.stop, idle.into_iter().chain(commands.and_then(Commands::deadline)).min())
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

    /// Reads standard input once and sends it, unless every recipient expired meanwhile; returns whether the server ends
    /// with it.
    fn read_input(&mut self) -> sys::Result<bool> {
        let Some(input) = self.input.as_mut().filter(|_| self.server.has_recipients()) else {
            return Ok(false);
        };
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
