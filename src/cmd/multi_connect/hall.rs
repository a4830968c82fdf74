//! What all targets share.

use super::printer::Printer;
use crate::cmd::many::Terms;
use crate::event::Events;
use crate::net::addr::Source;
use crate::net::resolve::Lookup;
use crate::sys::options::SocketOption;
use crate::sys::pump::Filter;
use crate::sys::socket::Sockets;
use std::cell::{Cell, RefCell};
use std::time::Duration;
use tokio::sync::Notify;

/// How targets are connected and talked to.
pub(super) struct Hall {
    pub(super) sockets: Sockets,
    pub(super) events: Events,
    pub(super) options: Vec<SocketOption>,
    pub(super) source: Option<Source>,
    pub(super) lookup: Lookup,
    /// How long a target may be without a connection.
    pub(super) timeout: Option<Duration>,
    pub(super) reconnect: bool,
    pub(super) terms: Terms,
    pub(super) prefix: bool,
    pub(super) visible: fn() -> Option<Filter>,
    pub(super) printer: Printer,
    /// Takes one read at a time: a silent target costs no buffer.
    pub(super) buffer: RefCell<Vec<u8>>,
    pub(super) closing: Closing,
}

/// The wish to end.
#[derive(Default)]
pub(super) struct Closing {
    wanted: Cell<bool>,
    bell: Notify,
}

impl Hall {
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
