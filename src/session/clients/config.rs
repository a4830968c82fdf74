//! What all targets share.

use super::printer::Printer;
use crate::event::Events;
use crate::net::address::Source;
use crate::net::resolve::Lookup;
use crate::session::shared::RelayTerms;
use crate::sys::options::SocketOption;
use crate::sys::socket::SocketFactory;
use crate::sys::splice::Filter;
use std::cell::{Cell, RefCell};
use std::time::Duration;
use tokio::sync::Notify;

/// How targets are connected and talked to.
pub(super) struct ClientConfig {
    pub(super) sockets: SocketFactory,
    pub(super) events: Events,
    pub(super) options: Vec<SocketOption>,
    pub(super) source: Option<Source>,
    pub(super) lookup: Lookup,
    /// How long a target may be without a connection.
    pub(super) timeout: Option<Duration>,
    pub(super) reconnect: bool,
    pub(super) terms: RelayTerms,
    pub(super) prefix: bool,
    pub(super) visible: fn() -> Option<Filter>,
    pub(super) printer: Printer,
    /// Takes one read at a time: a silent target costs no buffer.
    pub(super) buffer: RefCell<Vec<u8>>,
    pub(super) closing: StopRequest,
}

/// The wish to end.
#[derive(Default)]
pub(super) struct StopRequest {
    wanted: Cell<bool>,
    bell: Notify,
}

impl ClientConfig {
    /// Asks every target to come to an end.
    pub(super) fn halt(&self) {
        self.closing.wanted.set(true);
        self.closing.bell.notify_waiters();
    }

    /// Waits until that was asked.
    pub(super) async fn halted(&self) {
        while !self.closing.wanted.get() {
            self.closing.bell.notified().await;
        }
    }
}
