//! The server's side of the link of a room with other machines.

use super::events;
use super::now::now;
use super::server::ChatServer;
use crate::chat::bus::LinkEvent;
use crate::event::{BusChange, Kind, MemberChange};
use crate::text::number::counted;

impl ChatServer {
    /// Takes a message of another machine.
    pub(super) fn hear(&mut self, payload: &[u8]) {
        let mut happened = Vec::new();
        let now = now(self.opened);
        if let Some(link) = &mut self.link {
            link.receive(payload, &mut self.room, now, &mut |event| happened.push(event));
        }
        self.report(happened);
        if self.room.place() - self.flushed_at > self.flush_every {
            self.flush_all();
        }
        self.request_flush();
        self.bus_waiting.notify_one();
    }

    /// Does what the time asks for.
    pub(super) fn tick(&mut self) {
        let mut happened = Vec::new();
        let now = now(self.opened);
        if let Some(link) = &mut self.link {
            link.tick(&mut self.room, now, &mut |event| happened.push(event));
        }
        self.report(happened);
        if self.room.place() != self.flushed_at {
            self.request_flush();
        }
        self.bus_waiting.notify_one();
    }

    /// Lets new members read messages of the past.
    pub(super) fn recall<'a>(&mut self, messages: impl Iterator<Item = &'a Vec<u8>>) {
        let now = now(self.opened);
        if let Some(link) = &mut self.link {
            messages.for_each(|payload| link.recall(payload, &mut self.room, now));
        }
    }

    /// Notes that the connection to the bus is lost, and notifies all members.
    pub(super) fn lose_bus(&mut self) {
        let Some(link) = self.link.as_mut().filter(|link| link.is_connected()) else { return };
        link.disconnected();
        self.tell_all("connection to the bus lost: the room continues on this machine only");
        self.emit_bus(BusChange::Lost, None, None);
    }

    /// Notes that the connection to the bus is restored, and notifies all members.
    pub(super) fn restore_bus(&mut self) {
        let now = now(self.opened);
        let Some(link) = self.link.as_mut().filter(|link| !link.is_connected()) else { return };
        link.reconnected(&self.room, now);
        self.tell_all("connection to the bus restored");
        self.emit_bus(BusChange::Restored, None, None);
        self.bus_waiting.notify_one();
    }

    fn tell_all(&mut self, text: &str) {
        let stamp = self.clock.now();
        self.room.tell_all(text, &stamp, false);
        self.request_flush();
    }

    fn report(&mut self, happened: Vec<LinkEvent>) {
        for event in happened {
            match event {
                LinkEvent::Lost { machine, lines } => {
                    self.emit_bus(BusChange::Undelivered, Some(lines), Some(machine));
                }
                LinkEvent::Unsent(lines) => {
                    let lost = counted(lines, "line", "lines");
                    self.tell_all(&format!("{lost} sent here did not reach the other machines"));
                    self.emit_bus(BusChange::Undelivered, Some(lines), None);
                }
                LinkEvent::NickLost(id, nick) => {
                    let text =
                        Some(format!("before: {nick}; that nick was already taken on another machine"));
                    if let Some(connection) = self.connection(id) {
                        let stream = std::rc::Rc::clone(&connection.stream);
                        events::emit_change(&self.events, &stream, MemberChange::Nick, None, text);
                    }
                }
                LinkEvent::Refused(messages, why) => {
                    let refused = counted(messages, "message was", "messages were");
                    self.events.warn(
                        Kind::Data,
                        "bus",
                        format!("{refused} ignored; reason for the last: {why}"),
                    );
                }
            }
        }
    }
}
