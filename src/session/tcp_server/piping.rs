//! The service that pipes every client with the standard input and output of the program.

use super::calls::{discard, failed};
use crate::event::{Event, Events, Kind};
use crate::net::stream::ByteStream;
use crate::relay::RelayEnd;
use crate::relay::task::{self, TaskConfig};
use crate::session::shared::{Incoming, InputFanout, receive};
use crate::session::stdout::Output;
use crate::sys::Result;
use crate::sys::splice::Filter;
use crate::text::tag::peer_tag;
use std::cell::RefCell;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

/// Standard input and output, and how a connection is piped with them.
pub(super) struct Piping {
    pub(super) output: Output,
    pub(super) fanout: Rc<InputFanout>,
    pub(super) relay: TaskConfig,
    pub(super) prefix: bool,
    pub(super) visible: fn() -> Option<Filter>,
    pub(super) events: Events,
}

impl Piping {
    /// Sends standard input to the client and what it sends to standard output, each direction to its own end; `Some` if
    /// the connection was idle for too long.
    pub(super) async fn run(
        &self,
        client: &ByteStream,
        buffer: &RefCell<Vec<u8>>,
    ) -> Result<Option<Duration>> {
        let reader = self.fanout.subscribe(false);
        if self.relay.end.send_only {
            let end = task::run(client, &reader, &self.relay, pin!(discard(client, buffer))).await;
            return end.map(idle_for);
        }
        let visible = (self.visible)();
        let incoming = if self.prefix {
            Incoming::lines(visible, peer_tag(client.socket_ref().peer()))
        } else {
            Incoming::bytes(visible)
        };
        let incoming = RefCell::new(incoming);
        let put = async || self.output.put_with(|| self.take(client, &incoming)).await;
        let receiving = pin!(async {
            let end = receive(client, &reader, buffer, &incoming, put, std::future::pending).await;
            // Nothing can complete a last line after the client's FIN, though it may still be sent to.
            incoming.borrow_mut().finish();
            let last = self.take(client, &incoming);
            self.output.put(last).await;
            end
        });
        let end = task::run(client, &reader, &self.relay, receiving).await;
        incoming.borrow_mut().finish();
        self.output.put(self.take(client, &incoming)).await;
        end.map(idle_for)
    }

    /// Takes the text of the client, and warns where a line is in pieces.
    fn take(&self, client: &ByteStream, incoming: &RefCell<Incoming>) -> Vec<u8> {
        let text = incoming.borrow_mut().take();
        if let Some(split) = text.split {
            let error = failed("recv", client, io::Error::other(split.to_string())).about(Kind::Data);
            self.events.emit(Event::Warning { fault: client.socket_ref().blame(error.fault()) });
        }
        text.bytes
    }
}

fn idle_for(end: RelayEnd) -> Option<Duration> {
    match end {
        RelayEnd::Idle(limit) => Some(limit),
        RelayEnd::Done | RelayEnd::EofWait(_) => None,
    }
}
