//! The bus of a room: transports the messages of the link. Only the tasks of the bus wait for the bus.

use super::now::now;
use super::server::{ChatServer, Shared};
use crate::chat::bus::{Link, LinkConfig, spoken};
use crate::event::{BusChange, BusFields, Event, Kind};
use crate::net::bus::{Bus, Nats, Options, Received, random};
use crate::session::Context;
use crate::session::wait::stopped;
use crate::sys::{Error, Result};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::spawn_local;
use tokio::time::{interval, timeout};

/// How often the time is looked at.
const TICK: Duration = Duration::from_millis(500);
/// How long the last messages may take at the end.
const FAREWELL: Duration = Duration::from_secs(1);
/// Bytes of messages that wait because a member of the room is waited for; one more is dropped, and asked for again.
const INBOX: usize = 8 << 20;

/// The bus of a room.
pub struct Config {
    /// Where it is.
    pub options: Options,
    /// The name of the room.
    pub room: String,
}

/// A room on its bus.
pub(super) struct OnBus {
    bus: Rc<Nats>,
    subject: String,
}

/// Connects to the bus, and loads the history of the room. `port` distinguishes the rooms of one machine.
pub(super) async fn connect(
    config: &Config,
    port: Option<u16>,
    server: &Shared,
    context: &Context,
) -> Result<OnBus> {
    let bus = tokio::select! {
        bus = Nats::connect(&config.options) => Rc::new(bus?),
        signal = stopped(&context.stop) => {
            return Err(Error::new("wait", signal?.name(), io::ErrorKind::Interrupted));
        }
    };
    let subject = format!("soquete.room.{}", config.room);
    let none = || Error::new("getrandom", "", io::Error::other("the system provides no random numbers"));
    let rules = server.borrow().rules;
    let link = Link::new(&LinkConfig {
        machine: machine(port),
        random: random().ok_or_else(none)?,
        limit: rules.slow_limit,
        max_line: rules.max_line,
    });
    let subjects = link.subjects().map(|below| format!("{subject}{below}"));
    bus.subscribe(subjects.to_vec()).await?;
    server.borrow_mut().join_bus(link, &subject, &bus.address());
    if rules.history > 0 {
        recall(&bus, &subject, rules.history, server).await;
    }
    server.borrow_mut().greet();
    Ok(OnBus { bus, subject })
}

/// The name of this machine among others: its host's, and the port.
fn machine(port: Option<u16>) -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match (host.trim(), port) {
        (host, Some(port)) => format!("{host}:{port}"),
        ("", None) => "?".to_owned(),
        (host, None) => host.to_owned(),
    }
}

/// Fetches the last lines for new members, if the bus keeps some.
async fn recall(bus: &Nats, subject: &str, wanted: usize, server: &Shared) {
    let (mut messages, mut lines) = (Vec::new(), 0);
    let mut more = |payload: Vec<u8>| {
        lines += spoken(&payload);
        messages.push(payload);
        lines < wanted
    };
    if let Err(why) = bus.recall(subject, &mut more).await {
        let text = format!("--history is limited to the lines of this run: {why}");
        server.borrow().events.warn(Kind::Other, "recall", text);
    }
    server.borrow_mut().recall(messages.iter().rev());
}

impl OnBus {
    /// Starts the tasks of the bus.
    pub(super) fn start(&self, server: &Shared) {
        spawn_local(receive(Rc::clone(&self.bus), Rc::clone(server)));
        spawn_local(send(Rc::clone(&self.bus), self.subject.clone(), Rc::clone(server)));
        let server = Rc::clone(server);
        spawn_local(async move {
            let mut ticks = interval(TICK);
            loop {
                ticks.tick().await;
                server.borrow_mut().tick();
            }
        });
    }

    /// Sends what waits, and says that this machine ends.
    pub(super) async fn leave(&self, server: &Shared) {
        let last = async {
            send_all(&self.bus, &self.subject, server).await;
            let farewell = server.borrow().link.as_ref().map(Link::farewell);
            if let Some((below, payload)) = farewell {
                self.bus.publish(format!("{}{below}", self.subject), payload).await;
            }
        };
        let _ = timeout(FAREWELL, last).await;
    }
}

async fn send(bus: Rc<Nats>, subject: String, server: Shared) {
    let waiting = Rc::clone(&server.borrow().bus_waiting);
    loop {
        send_all(&bus, &subject, &server).await;
        waiting.notified().await;
    }
}

/// Sends one message at a time: while the bus takes one, what is said meanwhile becomes the next.
async fn send_all(bus: &Nats, subject: &str, server: &Shared) {
    loop {
        let next = server.borrow_mut().link.as_mut().and_then(Link::next_message);
        let Some(message) = next else { return };
        bus.publish(format!("{subject}{}", message.subject), message.payload).await;
    }
}

async fn receive(bus: Rc<Nats>, server: Shared) {
    let (mut inbox, mut bytes) = (VecDeque::new(), 0);
    loop {
        let received = tokio::select! {
            biased;
            () = poll_fn(|cx| server.borrow_mut().poll_may_send(cx)), if !inbox.is_empty() => {
                let payload: Vec<u8> = inbox.pop_front().unwrap_or_default();
                bytes -= payload.len();
                server.borrow_mut().hear(&payload);
                continue;
            }
            received = bus.receive() => received,
        };
        match received {
            Received::Message(payload) if inbox.is_empty() && server.borrow().may_send() => {
                server.borrow_mut().hear(&payload);
            }
            Received::Message(payload) if bytes + payload.len() <= INBOX => {
                bytes += payload.len();
                inbox.push_back(payload);
            }
            Received::Message(_) => server.borrow().warn_of_overrun(1),
            Received::Overrun(messages) => server.borrow().warn_of_overrun(messages),
            Received::Lost => server.borrow_mut().lose_bus(),
            Received::Restored => server.borrow_mut().restore_bus(),
            Received::Complaint(text) => server.borrow().events.warn(Kind::Other, "bus", text),
        }
    }
}

impl ChatServer {
    fn join_bus(&mut self, link: Link, subject: &str, url: &str) {
        self.link = Some(link);
        self.bus = Some((subject.to_owned(), url.to_owned()));
    }

    fn greet(&mut self) {
        let now = now(self.opened);
        if let Some(link) = &mut self.link {
            link.greet(&self.room, now);
        }
        self.emit_bus(BusChange::Connected, None, None);
    }

    pub(super) fn emit_bus(&self, what: BusChange, lines: Option<u64>, machine: Option<String>) {
        let Some((subject, url)) = self.bus.clone() else { return };
        self.events.emit(Event::Bus { what, bus: BusFields { subject, url, lines, machine } });
    }

    fn warn_of_overrun(&self, messages: u64) {
        let text =
            format!("{messages} messages were dropped because they arrived too fast; requesting them again");
        self.events.warn(Kind::Data, "bus", text);
    }
}
