//! Warnings in a line of code.

use super::queue::Events;
use super::{Event, Fault, Kind};

impl Events {
    /// Emits a warning that concerns no single socket.
    pub fn warn(&self, kind: Kind, op: &str, text: impl Into<String>) {
        self.emit(Event::Warning {
            fault: Fault {
                kind,
                op: Some(op.to_owned()),
                errno: None,
                conn: None,
                peer: None,
                text: text.into(),
            },
        });
    }
}
