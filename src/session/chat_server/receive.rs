//! What a client sends goes to the room; a write that was blocked is tried again; a client leaves.

use super::events;
use super::now::now;
use super::server::{ChatServer, Ending, collect, flush};
use crate::chat::{Flushed, MemberId, Received, RoomEvent};
use crate::event::MemberChange;
use crate::sys::error::reason;
use std::io::ErrorKind;
use std::mem;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

impl ChatServer {
    /// Writes if the client was blocked, then reads; ready when the client is to leave.
    pub(super) fn poll_client(&mut self, id: MemberId, cx: &mut Context<'_>) -> Poll<Ending> {
        let Some(connection) = self.connection(id) else { return Poll::Ready(Ending::Left) };
        if !connection.task.as_ref().is_some_and(|task| task.will_wake(cx.waker())) {
            connection.task = Some(cx.waker().clone());
        }
        if let Some(ending) = connection.ending.take() {
            // What it sent before the connection failed is still said.
            return match self.poll_read(id, cx) {
                Poll::Ready(Some(other)) if matches!(ending, Ending::Failed(_)) => Poll::Ready(other),
                _ => Poll::Ready(ending),
            };
        }
        if connection.blocked
            && let Poll::Ready(Some(ending)) = self.poll_write(id, cx)
        {
            return Poll::Ready(ending);
        }
        match self.poll_read(id, cx) {
            Poll::Ready(Some(ending)) => Poll::Ready(ending),
            _ => Poll::Pending,
        }
    }

    /// Writes what waits for a client that was blocked.
    fn poll_write(&mut self, id: MemberId, cx: &mut Context<'_>) -> Poll<Option<Ending>> {
        let stamp = self.clock.now();
        let Some(connection) = self.connections.get_mut(id.index()).and_then(Option::as_mut) else {
            return Poll::Ready(None);
        };
        let stream = Rc::clone(&connection.stream);
        let (room, events) = (&mut self.room, &self.events);
        let flushed = stream.poll_writing(cx, || match flush(room, id, &stamp, &stream, events)? {
            Flushed::Blocked => Err(ErrorKind::WouldBlock.into()),
            flushed => Ok(flushed),
        });
        self.request_measurement();
        self.wake_senders();
        let Some(connection) = self.connection(id) else { return Poll::Ready(None) };
        match ready!(flushed) {
            Ok(Flushed::TooSlow) => Poll::Ready(Some(Ending::TooSlow)),
            // TLS took more than its socket did.
            Ok(_) => match ready!(stream.poll_flush(cx)) {
                Ok(()) => {
                    connection.blocked = false;
                    Poll::Ready(None)
                }
                Err(error) => Poll::Ready(Some(Ending::Failed(error))),
            },
            Err(error) => Poll::Ready(Some(Ending::Failed(error))),
        }
    }

    /// Reads what arrived.
    fn poll_read(&mut self, id: MemberId, cx: &mut Context<'_>) -> Poll<Option<Ending>> {
        loop {
            ready!(self.poll_may_send(cx));
            let Some(connection) = self.connection(id) else { return Poll::Ready(None) };
            if !connection.rest.is_empty() {
                let rest = mem::take(&mut connection.rest);
                if let Some(ending) = self.receive(id, &rest) {
                    return Poll::Ready(Some(ending));
                }
                continue;
            }
            let stream = Rc::clone(&connection.stream);
            let mut buffer = mem::take(&mut self.buffer);
            let received = stream.poll_read(cx, &mut buffer);
            let pending = received.is_pending();
            let full = matches!(&received, Poll::Ready(Ok(len)) if *len == buffer.len());
            let ending = match received {
                Poll::Ready(Ok(0)) => Some(Ending::Left),
                Poll::Ready(Ok(len)) => self.receive(id, &buffer[..len]),
                Poll::Ready(Err(error)) => Some(Ending::Failed(error)),
                Poll::Pending => None,
            };
            self.buffer = buffer;
            if ending.is_some() {
                return Poll::Ready(ending);
            }
            if full {
                // More may be there, but other clients come first.
                cx.waker().wake_by_ref();
            }
            if full || pending {
                return Poll::Pending;
            }
        }
    }

    /// Gives the room what a client sent.
    fn receive(&mut self, id: MemberId, mut input: &[u8]) -> Option<Ending> {
        let stamp = self.clock.now();
        loop {
            let connection = self.connections.get(id.index())?.as_ref()?;
            let (stream, events, link) = (&connection.stream, &self.events, &mut self.link);
            let now = link.is_some().then(|| now(self.opened));
            self.room.set_time(now.map_or(0, |now| now.wall.as_millisecond()));
            let mut report = |event: RoomEvent<'_>| {
                if let (Some(link), Some(now)) = (link.as_mut(), now) {
                    link.happened(&event, now);
                }
                events::emit(events, stream, &event);
            };
            let received = self.room.receive(id, &mut input, &stamp, &mut report);
            if self.room.place() - self.flushed_at > self.flush_every {
                self.flush_all();
            }
            match received {
                Received::Quit => return Some(Ending::Quit),
                Received::TooSlow => return Some(Ending::TooSlow),
                Received::All => break,
                Received::Part if self.room.blocks_senders() => {
                    self.connection(id)?.rest = input.to_vec();
                    break;
                }
                Received::Part => {}
            }
        }
        self.request_flush();
        None
    }

    /// Removes a client; returns what still waits for it, if it can be sent.
    pub(super) fn leave(&mut self, id: MemberId, ending: &Ending) -> Vec<u8> {
        let stamp = self.clock.now();
        let Some(connection) = self.connections.get_mut(id.index()).and_then(Option::take) else {
            return Vec::new();
        };
        let (room, events, stream) = (&mut self.room, &self.events, &connection.stream);
        let mut unsent = Vec::new();
        if matches!(ending, Ending::Left | Ending::Quit) {
            // A failure here is one of a connection that ends anyway.
            let _ = flush(room, id, &stamp, stream, events);
            let _ = room.flush(id, &stamp, &mut |_| (), |slices| Ok(collect(slices, &mut unsent)));
        }
        let why = match ending {
            Ending::Left | Ending::Quit => None,
            Ending::TooSlow => Some("it reads too slowly".to_owned()),
            Ending::Failed(error) => Some(reason(error)),
        };
        let nick = room.nick(id).map(str::to_owned);
        let label = room.label(id).unwrap_or_default().to_owned();
        let link = &mut self.link;
        if matches!(ending, Ending::TooSlow) {
            let text = Some("disconnected".to_owned());
            events::emit_change(events, stream, MemberChange::Slow, nick.clone(), text);
        }
        let now = now(self.opened);
        let mut report = |event: RoomEvent<'_>| {
            if let Some(link) = link.as_mut() {
                link.happened(&event, now);
            }
            events::emit(events, stream, &event);
        };
        room.leave(id, why.as_deref(), &stamp, &mut report);
        if let Some(link) = link.as_mut() {
            link.left(id, &label, nick.as_deref(), why.as_deref(), now);
        }
        events::emit_change(events, stream, MemberChange::Leave, nick, why);
        self.request_flush();
        self.wake_senders();
        unsent
    }
}
