//! A connection piped with the standard input and output of the program.

use super::{Incoming, InputFanout, discard, receive};
use crate::event::{Event, Events, Kind};
use crate::net::stream::ByteStream;
use crate::relay::task::{self, OutputWatch, TaskConfig};
use crate::relay::{Progress, RelayEnd};
use crate::session::stdout::Output;
use crate::sys::Result;
use crate::sys::socket::Socket;
use crate::sys::splice::Filter;
use crate::text::sanitize;
use crate::text::tag::tag;
use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

/// Standard input and output, and how a connection is piped with them.
pub(in crate::session) struct Piping {
    pub(in crate::session) output: Output,
    pub(in crate::session) watch: Rc<OutputWatch>,
    pub(in crate::session) fanout: Rc<InputFanout>,
    pub(in crate::session) relay: TaskConfig,
    pub(in crate::session) prefix: bool,
    pub(in crate::session) visible: fn() -> Option<Filter>,
    pub(in crate::session) events: Events,
    /// There is one connection alone: standard output ends with it, and progress is emitted.
    pub(in crate::session) alone: bool,
    /// The interval of progress events, and the length of the input where it is known.
    pub(in crate::session) progress: (Duration, Option<u64>),
}

/// The tag of each line of a connection (`--prefix`): its peer, whose name is as hostile as its text.
pub fn peer_tag(socket: &Socket) -> String {
    tag(sanitize::line(&socket.peer_name()))
}

impl Piping {
    /// Sends standard input to the peer and what it sends to standard output, each direction to its own end. Lines are tagged
    /// with `named`, the client that a proxy speaks for, or else with the peer.
    pub(in crate::session) async fn run(
        &self,
        client: &ByteStream,
        named: Option<SocketAddr>,
        buffer: &RefCell<Vec<u8>>,
    ) -> Result<RelayEnd> {
        if !self.alone {
            return self.relay(client, named, buffer).await;
        }
        tokio::select! {
            end = self.relay(client, named, buffer) => end,
            never = self.emit_progress(client) => match never {},
        }
    }

    async fn relay(
        &self,
        client: &ByteStream,
        named: Option<SocketAddr>,
        buffer: &RefCell<Vec<u8>>,
    ) -> Result<RelayEnd> {
        let reader = self.fanout.subscribe(false);
        if self.relay.end.send_only {
            return task::run(client, &reader, &self.watch, &self.relay, pin!(discard(client, buffer))).await;
        }
        let visible = (self.visible)();
        let incoming = if self.prefix {
            let tag = named.map_or_else(|| peer_tag(client.socket_ref()), tag);
            Incoming::lines(visible, tag)
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
            if self.alone && end.is_ok() {
                self.output.end().await;
            }
            end
        });
        let end = task::run(client, &reader, &self.watch, &self.relay, receiving).await;
        incoming.borrow_mut().finish();
        self.output.put(self.take(client, &incoming)).await;
        end
    }

    /// Waits until there is no more input.
    pub(in crate::session) async fn input_ended(&self) {
        while self.relay.has_input && !self.fanout.ended.get() {
            self.fanout.grown().await;
        }
    }

    async fn emit_progress(&self, client: &ByteStream) -> std::convert::Infallible {
        let (every, total) = self.progress;
        let mut progress = Progress::new(every, total);
        loop {
            tokio::time::sleep_until(progress.next().into()).await;
            progress.emit(client.socket_ref(), std::time::Instant::now());
        }
    }

    /// Takes the text of the client, and warns where a line is in pieces.
    fn take(&self, client: &ByteStream, incoming: &RefCell<Incoming>) -> Vec<u8> {
        // One of many connections holds no memory while it is silent.
        let spare = if self.alone { self.output.spare() } else { Vec::new() };
        let text = incoming.borrow_mut().take_into(spare);
        if let Some(split) = text.split {
            let error = client.failed("recv", io::Error::other(split.to_string())).about(Kind::Data);
            self.events.emit(Event::Warning { fault: client.socket_ref().blame(error.fault()) });
        }
        text.bytes
    }
}
