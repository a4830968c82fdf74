//! The race in a runtime.

use super::race::{Race, Turn};
use super::{Connector, timed_out};
use crate::event::Address;
use crate::net::stream::ByteStream;
use crate::sys::error::Result;
use crate::sys::reactor::sleep_until;
use std::fmt::Display;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Instant;

impl Connector<'_> {
    /// As [`Self::connect`], until `deadline`.
    pub async fn connect_before(
        &self,
        target: &(dyn Display + Sync),
        addresses: &[Address],
        deadline: Option<Instant>,
    ) -> Result<ByteStream> {
        tokio::select! {
            biased;
            connected = self.connect(target, addresses) => connected,
            () = sleep_until(deadline) => Err(timed_out(target, addresses)),
        }
    }

    /// As [`Connector::connect_blocking`] in the runtime this is called in, without a deadline: the caller drops it.
    pub async fn connect(&self, target: &(dyn Display + Sync), addresses: &[Address]) -> Result<ByteStream> {
        let mut race = Race::new(self, addresses);
        let mut racing: Vec<ByteStream> = Vec::new();
        loop {
            let until = match race.turn(racing.len()) {
                Turn::Won(socket) => return ByteStream::new(socket),
                Turn::Entered(socket) => {
                    racing.push(ByteStream::new(socket)?);
                    continue;
                }
                Turn::Wait(until) => until,
                Turn::Lost => return Err(race.worst(target, addresses)),
            };
            let (index, answer) = tokio::select! {
                answer = first_answer(&racing) => answer,
                () = sleep_until(until) => continue,
            };
            let stream = racing.swap_remove(index);
            match answer {
                Ok(()) => return Ok(stream),
                Err(error) => race.failed(error),
            }
        }
    }
}

async fn first_answer(racing: &[ByteStream]) -> (usize, Result<()>) {
    poll_fn(|cx| {
        let mut answers = racing.iter().map(|stream| stream.poll_connected(cx)).enumerate();
        let ready = answers.find_map(|(index, answer)| match answer {
            Poll::Ready(answer) => Some((index, answer)),
            Poll::Pending => None,
        });
        ready.map_or(Poll::Pending, Poll::Ready)
    })
    .await
}
