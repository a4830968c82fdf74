//! Events of an attempt that may be repeated: held back until it is known whether the attempt is shown.

use super::Event;
use jiff::Timestamp;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The events of one attempt.
#[derive(Clone, Default)]
pub(super) struct Hold(Arc<Mutex<State>>);

/// Whether events are held back.
enum State {
    /// Kept, each with the time of its emission.
    Kept(Vec<(Timestamp, Event)>),
    /// The attempt is shown: events pass.
    Released,
}

impl Default for State {
    fn default() -> Self {
        Self::Kept(Vec::new())
    }
}

impl Hold {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps an event, or returns it if it passes.
    pub(super) fn keep(&self, event: Event) -> Option<Event> {
        match &mut *self.lock() {
            State::Kept(events) => {
                events.push((Timestamp::now(), event));
                None
            }
            State::Released => Some(event),
        }
    }

    /// Takes what is kept so far.
    pub(super) fn take(&self) -> Vec<(Timestamp, Event)> {
        match &mut *self.lock() {
            State::Kept(events) => std::mem::take(events),
            State::Released => Vec::new(),
        }
    }

    /// Passes the kept events on in order; later events pass by themselves. The lock keeps the order.
    pub(super) fn release(&self, mut pass: impl FnMut(Timestamp, Event)) {
        let mut state = self.lock();
        if let State::Kept(events) = std::mem::replace(&mut *state, State::Released) {
            for (ts, event) in events {
                pass(ts, event);
            }
        }
    }
}
