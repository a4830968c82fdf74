//! A client's turns: what it sent goes to the room, what it could not take before is tried again; and its leave.

use super::events;
use super::server::{ChatServer, Ending, collect, deliver};
use crate::chat::{Flow, Id, Verdict};
use crate::event::MemberChange;
use crate::sys::error::reason;
use std::io::ErrorKind;
use std::mem;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

impl ChatServer {
    /// One turn of a client's task: writes if it was blocked, then reads; resolves when the client is to leave.
    pub(super) fn turn(&mut self, id: Id, cx: &mut Context<'_>) -> Poll<Ending> {
        let Some(connection) = self.connection(id) else { return Poll::Ready(Ending::Left) };
        if !connection.task.as_ref().is_some_and(|task| task.will_wake(cx.waker())) {
            connection.task = Some(cx.waker().clone());
        }
        if let Some(ending) = connection.ending.take() {
            // What it said before the connection failed was still said.
            return match self.read(id, cx) {
                Poll::Ready(Some(other)) if matches!(ending, Ending::Failed(_)) => Poll::Ready(other),
                _ => Poll::Ready(ending),
            };
        }
        if connection.blocked
            && let Poll::Ready(Some(ending)) = self.write(id, cx)
        {
            return Poll::Ready(ending);
        }
        match self.read(id, cx) {
            Poll::Ready(Some(ending)) => Poll::Ready(ending),
            _ => Poll::Pending,
        }
    }

    /// Writes what waits for a client that was blocked.
    fn write(&mut self, id: Id, cx: &mut Context<'_>) -> Poll<Option<Ending>> {
        let stamp = self.clock.now();
        let Some(connection) = self.connections.get_mut(id.index()).and_then(Option::as_mut) else {
            return Poll::Ready(None);
        };
        let stream = Rc::clone(&connection.stream);
        let (room, events) = (&mut self.room, &self.events);
        let done = stream.poll_send(cx, |_| match deliver(room, id, &stamp, &stream, events)? {
            Flow::Blocked => Err(ErrorKind::WouldBlock.into()),
            flow => Ok(flow),
        });
        self.want_review();
        self.release_talkers();
        let Some(connection) = self.connection(id) else { return Poll::Ready(None) };
        match ready!(done) {
            Ok(Flow::TooSlow) => Poll::Ready(Some(Ending::TooSlow)),
            Ok(_) => {
                connection.blocked = false;
                Poll::Ready(None)
            }
            Err(error) => Poll::Ready(Some(Ending::Failed(error))),
        }
    }

    /// Reads what came.
    fn read(&mut self, id: Id, cx: &mut Context<'_>) -> Poll<Option<Ending>> {
        loop {
            ready!(self.poll_calm(cx));
            let Some(connection) = self.connection(id) else { return Poll::Ready(None) };
            if !connection.rest.is_empty() {
                let rest = mem::take(&mut connection.rest);
                if let Some(ending) = self.hear(id, &rest) {
                    return Poll::Ready(Some(ending));
                }
                continue;
            }
            let stream = Rc::clone(&connection.stream);
            let mut buffer = mem::take(&mut self.buffer);
            let received = stream.poll_receive(cx, &mut buffer);
            let pending = received.is_pending();
            let full = matches!(&received, Poll::Ready(Ok(len)) if *len == buffer.len());
            let ending = match received {
                Poll::Ready(Ok(0)) => Some(Ending::Left),
                Poll::Ready(Ok(len)) => self.hear(id, &buffer[..len]),
                Poll::Ready(Err(error)) => Some(Ending::Failed(error)),
                Poll::Pending => None,
            };
            self.buffer = buffer;
            if ending.is_some() {
                return Poll::Ready(ending);
            }
            if full {
                // More is there, but others have their turn first.
                cx.waker().wake_by_ref();
            }
            if full || pending {
                return Poll::Pending;
            }
        }
    }

    /// Gives the room what a client sent.
    fn hear(&mut self, id: Id, mut input: &[u8]) -> Option<Ending> {
        let stamp = self.clock.now();
        loop {
            let connection = self.connections.get(id.index())?.as_ref()?;
            let (stream, events) = (&connection.stream, &self.events);
            let verdict =
                self.room.receive(id, &mut input, &stamp, &mut |what| events::tell(events, stream, &what));
            if self.room.place() - self.passed > self.pass_every {
                self.flush_all();
            }
            match verdict {
                Verdict::Quit => return Some(Ending::Quit),
                Verdict::TooSlow => return Some(Ending::TooSlow),
                Verdict::Stay => break,
                Verdict::Pause if self.room.crowded() => {
                    self.connection(id)?.rest = input.to_vec();
                    break;
                }
                Verdict::Pause => {}
            }
        }
        self.want_pass();
        None
    }

    /// Lets a client out; what it had still to be told, if it can be.
    pub(super) fn depart(&mut self, id: Id, ending: &Ending) -> Vec<u8> {
        let stamp = self.clock.now();
        let Some(connection) = self.connections.get_mut(id.index()).and_then(Option::take) else {
            return Vec::new();
        };
        let (room, events, stream) = (&mut self.room, &self.events, &connection.stream);
        let mut unsent = Vec::new();
        if matches!(ending, Ending::Left | Ending::Quit) {
            // A failure here is one of a connection that is over anyway.
            let _ = deliver(room, id, &stamp, stream, events);
            let _ = room.flush(id, &stamp, &mut |_| (), |parts| Ok(collect(parts, &mut unsent)));
        }
        let why = match ending {
            Ending::Left | Ending::Quit => None,
            Ending::TooSlow => Some("it reads too slowly".to_owned()),
            Ending::Failed(error) => Some(reason(error)),
        };
        let nick = room.nick(id).map(str::to_owned);
        if matches!(ending, Ending::TooSlow) {
            events::tell_change(
                events,
                stream,
                MemberChange::Slow,
                nick.clone(),
                Some("it is cut off".to_owned()),
            );
        }
        room.leave(id, why.as_deref(), &stamp, &mut |what| events::tell(events, stream, &what));
        events::tell_change(events, stream, MemberChange::Leave, nick, why);
        self.want_pass();
        self.release_talkers();
        unsent
    }
}
