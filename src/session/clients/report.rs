//! The events of one target.

use super::config::{Clients, Target};
use super::target::TargetEnd;
use crate::event::{Event, Fault, Kind, Outcome, Span, Subject};
use crate::session::retry::outcome_of;
use crate::session::shared::Lost;
use crate::sys::error::reason;
use crate::text::number::counted;
use std::time::{Duration, Instant};

impl Target {
    pub(super) fn emit_connected(&self, clients: &Clients, subject: &Subject, latency: Duration) {
        clients.events.emit(self.event(Some(subject), Outcome::Connected, None, Some(latency), None));
    }

    pub(super) fn emit_disconnected(&self, clients: &Clients, subject: &Subject, end: &TargetEnd) {
        let text = match end {
            TargetEnd::Fine => None,
            TargetEnd::Late(text) => Some(text.clone()),
            TargetEnd::Failed(error) => Some(reason(&error.source)),
            TargetEnd::Stopped => Some("ended by a signal".into()),
        };
        clients.events.emit(self.event(Some(subject), Outcome::Disconnected, None, None, text));
    }

    pub(super) fn emit_not_connected(&self, clients: &Clients, end: &TargetEnd) {
        if let TargetEnd::Failed(error) = end {
            let text = Some(reason(&error.source));
            clients.events.emit(self.event(None, outcome_of(error.kind()), None, None, text));
        }
    }

    /// Reports an attempt that failed again, if a report is due.
    pub(super) fn report_attempt(&self, clients: &Clients, end: &TargetEnd, attempt: u64) {
        if let TargetEnd::Failed(error) = end
            && clients.may_report()
        {
            let text = Some(reason(&error.source));
            clients.events.emit(self.event(None, outcome_of(error.kind()), Some(attempt), None, text));
        }
    }

    fn event(
        &self,
        subject: Option<&Subject>,
        outcome: Outcome,
        attempt: Option<u64>,
        latency: Option<Duration>,
        text: Option<String>,
    ) -> Event {
        Event::Target {
            target: self.title.clone(),
            conn: subject.map(|s| s.conn),
            proto: self.name.proto(),
            local: subject.and_then(|s| s.local.clone()),
            peer: subject.and_then(|s| s.peer.clone()),
            outcome,
            attempt,
            latency_us: latency.map(|t| u64::try_from(t.as_micros()).unwrap_or(u64::MAX)),
            text,
        }
    }

    /// Emits the error of an end that is final, and returns that end.
    pub(super) fn finish(&self, clients: &Clients, end: TargetEnd, subject: Option<Subject>) -> TargetEnd {
        let mut fault = match &end {
            TargetEnd::Fine | TargetEnd::Stopped => return end,
            // It ends the program, which reports it.
            TargetEnd::Failed(error) if error.kind() == Kind::Option => return end,
            TargetEnd::Failed(error) => error.fault(),
            TargetEnd::Late(text) => fault(Kind::Timeout, format!("{}: {text}", self.title)),
        };
        fault.conn = subject.as_ref().map(|s| s.conn);
        fault.peer = subject.and_then(|s| s.peer);
        clients.events.emit(Event::Error { fault });
        end
    }

    /// Warns of an end after which the target is connected again.
    pub(super) fn warn_of_retry(&self, clients: &Clients, end: &TargetEnd, wait: Duration) {
        let (kind, what) = match end {
            TargetEnd::Failed(error) => (error.kind(), error.to_string()),
            TargetEnd::Late(text) => (Kind::Timeout, format!("{}: {text}", self.title)),
            TargetEnd::Fine | TargetEnd::Stopped => {
                (Kind::Other, format!("{}: closed by the peer", self.title))
            }
        };
        let wait = Duration::from_millis(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        clients.reported.set(Some(Instant::now()));
        warn(clients, kind, format!("{what}; reconnecting in {}", Span(wait)));
    }

    /// Warns of input that the target missed while it was disconnected.
    pub(super) fn warn_of_loss(&self, clients: &Clients, lost: Lost) {
        if lost.bytes > 0 {
            let Lost { lines, bytes } = lost;
            let (lines, bytes) = (counted(lines, "line", "lines"), counted(bytes, "byte", "bytes"));
            let text = format!("{}: dropped {lines} ({bytes}) of input while disconnected", self.title);
            warn(clients, Kind::Data, text);
        }
    }
}

pub(super) fn warn(clients: &Clients, kind: Kind, text: String) {
    clients.events.emit(Event::Warning { fault: fault(kind, text) });
}

fn fault(kind: Kind, text: String) -> Fault {
    Fault { kind, op: None, errno: None, conn: None, peer: None, text }
}
