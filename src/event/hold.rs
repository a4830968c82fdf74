//! Events of an attempt that may be repeated: held back until it is known whether the attempt is told.

use super::Event;
use jiff::Timestamp;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where the events of one attempt wait.
#[derive(Clone, Default)]
pub(super) struct Hold(Arc<Mutex<State>>);

/// What becomes of an event.
enum State {
    /// Kept with the time it was seen.
    Kept(Vec<(Timestamp, Event)>),
    /// The attempt is told: events pass.
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

    /// Keeps an event; gives it back where it is to pass.
    pub(super) fn keep(&self, event: Event) -> Option<Event> {
        match &mut *self.lock() {
            State::Kept(events) => {
                events.push((Timestamp::now(), event));
                None
            }
            State::Released => Some(event),
        }
    }

    /// Hands over what was kept, in order, and lets everything else pass. No event overtakes another meanwhile.
    pub(super) fn release(&self, mut pass: impl FnMut(Timestamp, Event)) {
        let mut state = self.lock();
        if let State::Kept(events) = std::mem::replace(&mut *state, State::Released) {
            for (ts, event) in events {
                pass(ts, event);
            }
        }
    }
}
