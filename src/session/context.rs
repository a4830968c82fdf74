//! What an engine works with, and the one that a command is given.

use super::capture::Capture;
use crate::event::Events;
use crate::event::ladder::Ladder;
use crate::event::report::Report;
use crate::sys;
use crate::sys::echo::EchoedInterrupt;
use crate::sys::passed::PassedSocket;
use crate::sys::poll::{Interest, wait};
use crate::sys::service::ServiceManager;
use crate::sys::signal::{Signal, Stop};
use crate::sys::socket::SocketFactory;
use crate::sys::splice::Filter;
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a command and its engine work with.
pub struct Context {
    /// Where events go.
    pub events: Events,
    /// The packets of the sockets, where they are wanted; ended by `Capture::finish`.
    pub capture: Option<Capture>,
    /// Makes sockets.
    pub sockets: SocketFactory,
    /// The wish to end.
    pub stop: Stop,
    /// Whether Ctrl-C left the cursor in the middle of a line.
    pub echoed: Arc<EchoedInterrupt>,
    /// Takes the rows of a report.
    pub report: Box<dyn Report>,
    /// Draws conversations in place of events, for the demo.
    pub ladder: Option<Box<dyn Ladder>>,
    /// Whether the program is in a network of its own, for the demo.
    pub own_network: Option<sys::Result<()>>,
    /// Whether scripts read the output.
    pub json: bool,
    /// Makes a peer's bytes safe for the terminal they go to, and gives them the colour of received text; `None` if they do
    /// not go to one.
    pub visible: fn() -> Option<Filter>,
    /// The same without a colour.
    pub safe: fn() -> Option<Filter>,
    /// Whether what is shown on standard output is coloured.
    pub colour: bool,
    /// The descriptor events go to, if it is a terminal.
    pub events_on_terminal: Option<RawFd>,
    /// Where a server reports that it is ready (`--ready-fd`).
    pub ready_fd: Option<OwnedFd>,
    /// The service manager that started the program.
    pub service: Option<ServiceManager>,
    /// Sockets that another program made, in place of those an address stands for.
    pub passed: Vec<PassedSocket>,
    /// How often progress is reported.
    pub progress_every: Duration,
}

impl Context {
    /// The same for an engine in a thread of its own, which `stop` ends: it has no terminal, and reports no readiness.
    #[must_use]
    pub fn part(&self, stop: Stop) -> Self {
        Self {
            events: self.events.clone(),
            sockets: self.sockets.clone(),
            stop,
            echoed: Arc::clone(&self.echoed),
            report: self.report.again(),
            ladder: None,
            own_network: None,
            events_on_terminal: None,
            ready_fd: None,
            capture: None,
            service: None,
            passed: Vec::new(),
            ..*self
        }
    }

    /// What a relay does to received bytes on their way to standard output: they are made safe for a terminal, and the events
    /// before them are written first where those go to the same file.
    #[must_use]
    pub fn incoming(&self) -> Option<Filter> {
        let mut visible = (self.visible)();
        if !self.events.shares_output() {
            return visible;
        }
        let events = self.events.clone();
        Some(Box::new(move |bytes, out| {
            events.before_output();
            match &mut visible {
                Some(visible) => visible(bytes, out),
                None => out.extend_from_slice(bytes),
            }
        }))
    }

    /// Rests until `then`, or until the program is asked to end.
    #[must_use]
    pub fn rest_until(&self, then: Instant) -> Option<Signal> {
        // If waiting itself fails the rest is short; the caller only tries again sooner.
        let _ = wait(&[(self.stop.as_fd(), Interest::Reading)], Some(then));
        self.stop.signal()
    }
}
