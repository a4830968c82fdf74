//! Readers that are far behind: their rate is measured, and the senders wait for them.

use super::server::{ChatServer, Shared};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How often the rates are measured while a reader is far behind and not known to be slow.
const MEASURE_EVERY: Duration = Duration::from_millis(50);
/// How often while all readers that are far behind are known to be slow.
const MEASURE_SLOW_EVERY: Duration = Duration::from_secs(1);

/// Measures the rate of readers that are far behind; never ends.
pub(super) async fn measure_lag(server: Shared) {
    let pressed = Rc::clone(&server.borrow().pressed);
    loop {
        let (is_pressed, is_measured) = {
            let server = server.borrow();
            (server.room.is_pressed(), server.room.is_measured())
        };
        match (is_pressed, is_measured) {
            (true, _) => sleep(MEASURE_EVERY).await,
            // A reader that is far behind from now on is measured at once.
            (false, true) => drop(timeout(MEASURE_SLOW_EVERY, pressed.notified()).await),
            (false, false) => pressed.notified().await,
        }
        server.borrow_mut().measure_lag();
    }
}

impl ChatServer {
    fn measure_lag(&mut self) {
        let connections = &self.connections;
        self.room.measure_lag(self.opened.elapsed(), |id, written| {
            let connection = connections.get(id.index()).and_then(Option::as_ref);
            let unacked = connection.map_or(0, |connection| connection.stream.socket_ref().unacknowledged());
            written.saturating_sub(unacked)
        });
        // A reader that is found too slow is disconnected even if nothing more is said.
        self.request_flush();
        self.wake_senders();
    }

    /// Starts the measurement if a reader is far behind.
    pub(super) fn request_measurement(&self) {
        if self.room.is_pressed() {
            self.pressed.notify_one();
        }
    }

    /// Whether the senders need not wait for a reader.
    pub(super) fn may_send(&self) -> bool {
        !self.room.blocks_senders()
    }

    /// Ready once the senders need not wait for a reader.
    pub(super) fn poll_may_send(&mut self, cx: &Context<'_>) -> Poll<()> {
        if !self.room.blocks_senders() {
            return Poll::Ready(());
        }
        if self.waiting_senders.last().is_none_or(|last| !last.will_wake(cx.waker())) {
            self.waiting_senders.push(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Wakes the senders if they need not wait any more.
    pub(super) fn wake_senders(&mut self) {
        if !self.room.blocks_senders() {
            self.waiting_senders.drain(..).for_each(Waker::wake);
        }
    }
}
