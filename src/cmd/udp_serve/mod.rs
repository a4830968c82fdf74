//! `udp-serve`: one thread takes datagrams in batches and answers each batch before the next.
//!
//! Without connections there is nothing a task could be made for. A batch at a time, then a look at signals and
//! deadlines, keeps both alive under any flood; and poll(2), which stands only while nothing comes, costs a busy socket
//! less than a place in a reactor, which is woken for every datagram sent.

mod answer;
mod desk;
mod doors;
mod loops;

use super::{Context, Outcome, Result, ready};
use crate::cli::UdpServe;
use crate::sys::signal::Stop;
use crate::sys::socket::Tracked;
use crate::sys::wait::{For, wait};
use crate::sys::{self, limits};
use answer::Answer;
use desk::{Desk, Turn};
use std::os::fd::AsFd;
use std::time::Instant;

/// Batches taken from one socket before the others, signals and deadlines are looked at.
const TURNS: usize = 4;

/// Runs `soquete udp-serve`.
pub fn run(args: &UdpServe, context: &mut Context) -> Result {
    let answer = Answer::of(&args.answer, context)?;
    limits::raise_descriptors();
    let sockets = doors::open(args, context)?;
    answer.expect_to_fit(&sockets)?;
    ready::announce(&args.own.ready, &sockets)?;
    let stop = context.stop.clone();
    let desk = Desk::new(args, answer, &sockets, context)?;
    serve(args, desk, &sockets, &stop)
}

fn serve(args: &UdpServe, mut desk: Desk<'_>, sockets: &[Tracked], stop: &Stop) -> Result {
    let mut fds = vec![(stop.as_fd(), For::Reading)];
    fds.extend(sockets.iter().map(|s| (s.as_fd(), For::Reading)));
    loop {
        let deadline = args.idle_timeout.map(|limit| desk.last + limit);
        let ready = wait(&fds, deadline).map_err(|e| sys::Error::new("poll", "", e))?;
        if let Some(signal) = stop.signal() {
            return Ok(Outcome::stopped(signal));
        }
        for (socket, _) in sockets.iter().zip(&ready[1..]).filter(|(_, ready)| **ready) {
            for _ in 0..TURNS {
                match desk.turn(socket)? {
                    Turn::More => {}
                    Turn::Empty => break,
                    Turn::Enough => return Ok(Outcome::done()),
                    Turn::Stopped(signal) => return Ok(Outcome::stopped(signal)),
                }
            }
        }
        if let Some(limit) = args.idle_timeout.filter(|limit| Instant::now() >= desk.last + *limit) {
            return Ok(Outcome::deadline(format!("idle timeout: no datagram for {limit:?}")));
        }
    }
}
