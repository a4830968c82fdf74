//! The targets, the configuration they share, and what their tasks work with.

use super::name::Name;
use super::printer::Printer;
use crate::event::Events;
use crate::exit::Exit;
use crate::net::address;
use crate::relay::task::{OutputWatch, TaskConfig};
use crate::relay::{EndConfig, OutputReader};
use crate::session::opening::Opening;
use crate::session::retry::REPORT_INTERVAL;
use crate::session::{Outcome, Stdio};
use crate::sys::socket::SocketFactory;
use crate::sys::splice::Filter;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// The targets, and how each is connected and relayed.
pub struct Config {
    /// One connection each.
    pub targets: Vec<Target>,
    /// How each is opened.
    pub opening: Opening,
    /// How long a target may be without a connection.
    pub timeout: Option<Duration>,
    /// Connects again to a target that fails or closes.
    pub reconnect: bool,
    /// Prints answers in the order of the targets; a target holds up the others for this long.
    pub ordered: Option<Duration>,
    /// Tags each line with its target.
    pub prefix: bool,
    /// When a connection is over.
    pub end: EndConfig,
    /// Its lines go to every target, and theirs to it.
    pub stdio: Stdio,
}

/// One of the targets.
pub struct Target {
    /// As the user named it.
    pub(super) title: String,
    pub(super) name: Rc<Name>,
    pub(super) port: u16,
    /// Its place in the order of targets.
    pub(super) index: usize,
}

impl Target {
    /// Where it is.
    #[must_use]
    pub fn address(&self) -> address::Target {
        self.name.target(self.port)
    }
}

/// What the tasks of all targets work with.
pub(super) struct Clients {
    pub(super) sockets: SocketFactory,
    pub(super) events: Events,
    pub(super) config: Config,
    pub(super) relay: TaskConfig,
    pub(super) watch: OutputWatch,
    pub(super) visible: fn() -> Option<Filter>,
    pub(super) printer: Printer,
    /// Takes one read at a time: a silent target costs no buffer.
    pub(super) buffer: RefCell<Vec<u8>>,
    pub(super) stop: StopRequest,
    /// When an attempt was last reported.
    pub(super) reported: Cell<Option<Instant>>,
}

/// The request to end.
#[derive(Default)]
pub(super) struct StopRequest {
    made: Cell<bool>,
    changed: Notify,
}

impl Clients {
    /// Asks every target to end.
    pub(super) fn halt(&self) {
        self.stop.made.set(true);
        self.stop.changed.notify_waiters();
    }

    /// Waits for [`Self::halt`].
    pub(super) async fn halted(&self) {
        while !self.stop.made.get() {
            self.stop.changed.notified().await;
        }
    }

    /// The outcome of targets that all ended well, perhaps because nobody reads what they send.
    pub(super) fn unless_unread(&self, outcome: Outcome) -> Outcome {
        let is_unread = self.watch.reader() != OutputReader::Present;
        if is_unread && outcome.exit == Exit::Done { Outcome::output_closed() } else { outcome }
    }

    /// Whether a repeated attempt is reported: for all targets together one a second.
    pub(super) fn may_report(&self) -> bool {
        let is_due = self.reported.get().is_none_or(|at| at.elapsed() >= REPORT_INTERVAL);
        if is_due {
            self.reported.set(Some(Instant::now()));
        }
        is_due
    }
}
