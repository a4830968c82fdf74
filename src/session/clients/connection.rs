//! One connection of a target, relayed to its end.

use super::config::{Clients, Target};
use super::report::warn;
use super::target::TargetEnd;
use crate::event::Kind;
use crate::net::stream::ByteStream;
use crate::relay::task;
use crate::session::shared::{Incoming, Reader, Text, receive};
use crate::text::tag::tag;
use std::cell::RefCell;
use std::pin::pin;

impl Target {
    /// Relays the connection until it is over, and closes it.
    pub(super) async fn run_session(
        &self,
        clients: &Clients,
        reader: &Reader,
        stream: ByteStream,
    ) -> TargetEnd {
        if clients.config.reconnect {
            self.warn_of_loss(clients, reader.attach());
        }
        clients.printer.enter(self.index, || reader.lines());
        let incoming = RefCell::new(Incoming::lines((clients.visible)(), self.tag(clients)));
        let lines = || self.take(clients, &incoming);
        let put = async || clients.printer.put(self.index, || reader.lines(), lines).await;
        let urgent = async || clients.printer.turn(self.index).await;
        let receiving = pin!(receive(&stream, reader, &clients.buffer, &incoming, put, urgent));
        let end = tokio::select! {
            end = task::run(&stream, reader, &clients.watch, &clients.relay, receiving) => match end {
                Ok(end) => {
                    if let Some(text) = end.late() {
                        TargetEnd::Late(text)
                    } else {
                        stream.finish(&clients.buffer).await;
                        TargetEnd::Fine
                    }
                }
                Err(mut error) => {
                    error.on.clone_from(&self.title);
                    TargetEnd::Failed(error)
                }
            },
            () = clients.halted() => TargetEnd::Stopped,
        };
        incoming.borrow_mut().finish();
        if incoming.borrow().is_ready() {
            clients.printer.put(self.index, || reader.lines(), lines).await;
        }
        if clients.config.reconnect {
            reader.detach();
        }
        end
    }

    /// Takes the text of the target, and warns where a line is in pieces.
    fn take(&self, clients: &Clients, incoming: &RefCell<Incoming>) -> Text {
        let text = incoming.borrow_mut().take();
        if let Some(split) = text.split {
            warn(clients, Kind::Data, format!("{}: {split}", self.title));
        }
        text
    }

    fn tag(&self, clients: &Clients) -> String {
        if !clients.config.prefix {
            return String::new();
        }
        let tag = tag(&self.title);
        let Some(mut visible) = (clients.visible)() else { return tag };
        let mut shown = Vec::new();
        visible(tag.as_bytes(), &mut shown);
        String::from_utf8_lossy(&shown).into_owned()
    }
}
