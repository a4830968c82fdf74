//! The driver of one plain connection: two threads with blocking calls, for `connect` and a plain `listen`.
//!
//! Each direction runs to its own end; the calling thread waits for both, for signals and for the deadlines of the policy.
//! Standard input is never made non-blocking, and a thread that is blocked on it is left behind.

use super::alert;
use super::facts::Facts;
use super::policy::RelayPolicy;
use super::progress::Progress;
use super::terms::{EndConfig, OutputReader, RelayEnd, Step};
use super::threads::{Shared, close, start_receiver, start_sender};
use crate::event::Kind;
use crate::sys::error::{Error, Result};
use crate::sys::fd::{self, Output};
use crate::sys::poll::{Interest, wait};
use crate::sys::signal::{Signal, Stop};
use crate::sys::socket::Socket;
use crate::sys::splice::{Filter, PumpError};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The ends of a relay, and when it is over.
pub struct RelayConfig {
    /// The bytes to send; none if absent.
    pub input: Option<OwnedFd>,
    /// The destination of received bytes; they are thrown away if absent.
    pub output: Option<Output>,
    /// Changes the bytes sent.
    pub outgoing: Option<Filter>,
    /// Changes the bytes received.
    pub incoming: Option<Filter>,
    /// When it is over.
    pub end: EndConfig,
    /// The interval of progress events while bytes move.
    pub progress_every: Duration,
    /// The length of the input, bytes, where it is known.
    pub total: Option<u64>,
}

/// How a relay ended, if not by an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relay {
    /// By the policy.
    Ended(RelayEnd),
    /// The program was asked to end.
    Stopped(Signal),
}

/// Relays until the policy ends the connection; the socket is closed, in order, on return.
pub fn run(socket: Socket, mut config: RelayConfig, stop: &Stop) -> Result<Relay> {
    let peer = socket.on();
    let failed = |e: io::Error| Error::new("relay", &peer, e);
    let socket = Arc::new(socket);
    let shared = Arc::new(Shared::new().map_err(failed)?);
    let (input, outgoing) = (config.input.take(), config.outgoing.take());
    let output = config.output.as_ref().map(AsFd::as_fd);
    let pipe = output.and_then(fd::duplicate_pipe);
    start_receiver(&socket, &shared, config.output.take(), config.incoming.take()).map_err(failed)?;
    let watched = input.as_ref().map(|i| fd::duplicate(i.as_fd())).transpose().map_err(failed)?;
    if let Some(input) = input {
        start_sender(&socket, &shared, input, outgoing).map_err(failed)?;
    }
    let policy = RelayPolicy::new(config.end, watched.is_some(), Instant::now());
    let mut driver = Driver {
        policy: policy.of_file(config.total.is_some()),
        socket: &socket,
        shared: &shared,
        peer,
        sending: watched.is_some(),
        receiving: true,
        input: watched,
        pipe,
        send_error: None,
        progress: Progress::new(config.progress_every, config.total),
    };
    let ended = driver.run(stop);
    let busy = driver.sending || driver.receiving;
    close(socket, &shared, busy);
    ended
}

/// The waiting thread: reports events to the policy and performs its steps.
struct Driver<'a> {
    policy: RelayPolicy,
    socket: &'a Socket,
    shared: &'a Shared,
    /// The input, to see whether there is more of it.
    input: Option<OwnedFd>,
    /// The output, if it is a pipe, to see whether its reader is there.
    pipe: Option<OwnedFd>,
    peer: String,
    /// Whether each thread runs.
    sending: bool,
    receiving: bool,
    /// The error that ended sending; bytes that the peer sent before are still received.
    send_error: Option<Error>,
    progress: Progress,
}

impl Driver<'_> {
    fn run(&mut self, stop: &Stop) -> Result<Relay> {
        loop {
            let until = match self.handle_events()? {
                Ok(until) => until,
                Err(ended) => return Ok(ended),
            };
            let next = until.map_or(self.progress.next(), |until| until.min(self.progress.next()));
            self.wait(next, stop).map_err(|e| Error::new("poll", &self.peer, e))?;
            self.shared.event_fd.clear();
            if let Some(signal) = stop.signal() {
                return Ok(Relay::Stopped(signal));
            }
        }
    }

    /// Waits for an event or `next`. Received bytes that nobody reads show that the reader of the output is gone; with a peer
    /// that is silent its pipe does.
    fn wait(&mut self, next: Instant, stop: &Stop) -> io::Result<()> {
        let events = [(self.shared.event_fd.as_fd(), Interest::Reading), (stop.as_fd(), Interest::Reading)];
        let Some(pipe) = &self.pipe else { return wait(&events, Some(next)).map(drop) };
        let [event, stopped] = events;
        if wait(&[event, stopped, (pipe.as_fd(), Interest::Hangup)], Some(next))?[2] {
            self.pipe = None;
            self.policy.output_read_by(OutputReader::Left);
        }
        Ok(())
    }

    /// Handles all events; returns until when to wait, or how the relay ended.
    fn handle_events(&mut self) -> Result<std::result::Result<Option<Instant>, Relay>> {
        self.take_sent()?;
        if self.shared.ends().unread {
            self.pipe = None;
            self.policy.output_read_by(OutputReader::Missed);
        }
        self.take_received()?;
        self.progress.emit(self.socket, Instant::now());
        if !self.receiving
            && let Some(error) = self.send_error.take()
        {
            return Err(error);
        }
        loop {
            match self.step() {
                Step::Wait(until) => return Ok(Ok(until)),
                // It fails only when the connection ended meanwhile, which the receiving side reports.
                Step::SendFin => drop(self.socket.shutdown_write()),
                Step::StopInput => {}
                Step::ProbePeer => self.socket.probe_peer(),
                Step::SayWaiting => super::warn_waiting(self.socket),
                Step::End(end @ (RelayEnd::Done | RelayEnd::OutputClosed)) => return self.done(end).map(Err),
                Step::Gone => return Ok(Err(Relay::Ended(RelayEnd::Done))),
                Step::End(end) => return Ok(Err(Relay::Ended(end))),
                Step::Broken => return Err(self.reset()),
                Step::Unacked(bytes) => return Err(super::unacked(&self.peer, bytes)),
            }
        }
    }

    fn step(&mut self) -> Step {
        let input = self.input.as_ref();
        let has_input = || {
            let readable = |fd: &OwnedFd| wait(&[(fd.as_fd(), Interest::Reading)], Some(Instant::now()));
            input.is_some_and(|fd| readable(fd).is_ok_and(|ready| ready[0]))
        };
        self.policy.step(Instant::now(), &Facts { socket: self.socket, has_input, is_tls: false })
    }

    fn done(&mut self, end: RelayEnd) -> Result<Relay> {
        if let Some(error) = self.send_error.take() {
            return Err(error);
        }
        match self.socket.broken_by() {
            Some(error) => Err(Error::new("close", &self.peer, error)),
            None if self.shared.ends().alert && self.socket.counters().0 == alert::LENGTH as u64 => {
                let why = io::Error::other("the server speaks TLS: it answered with an alert; type --tls");
                Err(Error::new("recv", &self.peer, why).about(Kind::Tls))
            }
            None => Ok(Relay::Ended(end)),
        }
    }

    /// The error of a FIN that was followed by RST while more was to be sent: the last bytes sent may be lost.
    fn reset(&self) -> Error {
        let error = self.socket.broken_by();
        Error::new(
            "send",
            &self.peer,
            error.unwrap_or_else(|| io::Error::from_raw_os_error(libc::ECONNRESET)),
        )
    }

    fn take_sent(&mut self) -> Result<()> {
        let Some(end) = self.shared.ends().sent.take() else { return Ok(()) };
        self.sending = false;
        match end {
            Ok(()) => self.policy.input_ended(Instant::now()),
            Err(PumpError::Socket(error)) => {
                self.send_error = Some(Error::new("send", &self.peer, error));
                self.policy.sending_failed(Instant::now());
            }
            Err(PumpError::Local(error)) => return Err(Error::new("read", "input", error).about(Kind::File)),
        }
        Ok(())
    }

    fn take_received(&mut self) -> Result<()> {
        let Some(end) = self.shared.ends().received.take() else { return Ok(()) };
        self.receiving = false;
        self.pipe = None;
        match end {
            Ok(()) => self.policy.peer_ended(Instant::now()),
            Err(PumpError::Socket(error)) => return Err(Error::new("recv", &self.peer, error)),
            Err(PumpError::Local(error)) => {
                return Err(Error::new("write", "output", error).about(Kind::File));
            }
        }
        Ok(())
    }
}
