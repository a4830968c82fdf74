//! `udp-serve`: one thread takes datagrams in batches and answers each batch before the next.
//!
//! Without connections there is nothing a task could be made for. A batch at a time, then a look at signals and
//! deadlines, keeps both alive under any flood; and poll(2), which stands only while nothing comes, costs a busy socket
//! less than a place in a reactor, which is woken for every datagram sent.

mod answer;
mod input;
mod listeners;
mod loops;
mod recipients;
mod sender;
mod server;

use super::{Context, Outcome, Result, ready};
use crate::cli::UdpServe;
use crate::event::Events;
use crate::sys::poll::{Interest, wait};
use crate::sys::signal::Stop;
use crate::sys::socket::Socket;
use crate::sys::{self, limits};
use answer::Answer;
use input::Input;
use server::{Turn, UdpServer};
use std::os::fd::AsFd;
use std::time::Instant;

/// Batches taken from one socket before the others, signals and deadlines are looked at.
const TURNS: usize = 4;

/// Runs `soquete udp-serve`.
pub fn run(args: &UdpServe, context: &mut Context) -> Result {
    let answer = Answer::of(&args.answer, context)?;
    limits::raise_descriptors();
    let sockets = listeners::open(args, context)?;
    answer.expect_to_fit(&sockets)?;
    let reads = matches!(answer, Answer::Nothing) && !args.recv_only;
    let input = reads.then(|| Input::open(args, &sockets)).transpose()?;
    ready::announce(&crate::cmd::ready(&args.own.ready), &sockets, context)?;
    let (stop, events) = (context.stop.clone(), context.events.clone());
    let server = UdpServer::new(args, answer, &sockets, context)?;
    Loop { args, server, input, sockets: &sockets, stop: &stop, events: &events }.run()
}

struct Loop<'a> {
    args: &'a UdpServe,
    server: UdpServer<'a>,
    /// Absent where standard input is not read.
    input: Option<Input>,
    sockets: &'a [Socket],
    stop: &'a Stop,
    events: &'a Events,
}

impl Loop<'_> {
    fn run(mut self) -> Result {
        loop {
            let ready = self.wait()?;
            if let Some(signal) = self.stop.signal() {
                return Ok(Outcome::stopped(signal));
            }
            for number in (0..self.sockets.len()).filter(|number| ready[number + 1]) {
                if let Some(outcome) = self.receive(number)? {
                    return Ok(outcome);
                }
            }
            if ready.get(self.sockets.len() + 1) == Some(&true)
                && let Some(outcome) = self.take_input()?
            {
                return Ok(outcome);
            }
            let (limit, last) = (self.args.idle_timeout, self.server.last);
            if let Some(limit) = limit.filter(|limit| Instant::now() >= last + *limit) {
                return Ok(Outcome::deadline(format!("idle timeout: no datagram for {limit:?}")));
            }
        }
    }

    /// Waits; says what is ready: the wish to end, each socket, and standard input where it is waited for. That waits
    /// unread for somebody to send it to.
    fn wait(&self) -> sys::Result<Vec<bool>> {
        let mut fds = vec![(self.stop.as_fd(), Interest::Reading)];
        fds.extend(self.sockets.iter().map(|s| (s.as_fd(), Interest::Reading)));
        let input = self.input.as_ref().filter(|_| self.server.has_recipients());
        let now = Instant::now();
        fds.extend(input.and_then(|input| input.source(now)).map(|fd| (fd, Interest::Reading)));
        let idle = self.args.idle_timeout.map(|limit| self.server.last + limit);
        let deadline = [idle, input.and_then(|input| input.rest(now))].into_iter().flatten().min();
        wait(&fds, deadline).map_err(|e| sys::Error::new("poll", "", e))
    }

    fn receive(&mut self, number: usize) -> sys::Result<Option<Outcome>> {
        for _ in 0..TURNS {
            match self.server.turn(number)? {
                Turn::More => {}
                Turn::Empty => break,
                Turn::Enough => return self.leave().map(Some),
                Turn::Stopped(signal) => return Ok(Some(Outcome::stopped(signal))),
            }
        }
        Ok(None)
    }

    fn take_input(&mut self) -> sys::Result<Option<Outcome>> {
        let Some(input) = self.input.as_mut().filter(|_| self.server.has_recipients()) else {
            return Ok(None);
        };
        if let Some(signal) = input.turn(&mut self.server, self.events)? {
            return Ok(Some(Outcome::stopped(signal)));
        }
        let done = input.is_over() && self.args.send_only;
        Ok(done.then(Outcome::done))
    }

    /// As many came as were wanted: sends what standard input still has for them.
    fn leave(&mut self) -> sys::Result<Outcome> {
        let input = self.input.as_mut().filter(|_| self.server.has_recipients());
        let stopped = match input {
            Some(input) => input.finish(&mut self.server, self.events)?,
            None => None,
        };
        Ok(stopped.map_or_else(Outcome::done, Outcome::stopped))
    }
}
