//! Attempts repeated until one succeeds: when, for how long, and one event a second about the progress. The sockets of
//! failed attempts emit nothing.

use crate::event::{Address, Event, Events, Kind, Outcome, Proto};
use crate::net::address::Target;
use crate::sys;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Between two attempts.
const INTERVAL: Duration = Duration::from_millis(100);
/// The last attempt begins this long before the deadline, so that it can be answered.
const LAST_ATTEMPT: Duration = Duration::from_millis(30);
/// Between two events about the progress.
pub const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// When a wait of this length ends; `None` if it is longer than clocks go.
pub fn deadline(wait: Option<Duration>) -> Option<Instant> {
    wait.and_then(|limit| Instant::now().checked_add(limit))
}

/// When to try again before `deadline`; `None` after the last attempt.
pub fn next_attempt(now: Instant, deadline: Option<Instant>) -> Option<Instant> {
    let next = now + INTERVAL;
    let Some(last) = deadline.map(|d| d.checked_sub(LAST_ATTEMPT).unwrap_or(d)) else { return Some(next) };
    (now < last).then(|| next.min(last))
}

/// What an error of an attempt says about the target.
pub const fn outcome_of(kind: Kind) -> Outcome {
    match kind {
        Kind::Refused | Kind::Reset => Outcome::Closed,
        Kind::Unreachable | Kind::Timeout => Outcome::Filtered,
        Kind::Resolve => Outcome::Unresolved,
        _ => Outcome::Failed,
    }
}

/// The answer of one target to an attempt that was not the last.
#[derive(Clone, Debug)]
pub struct Answer {
    pub target: String,
    pub proto: Proto,
    pub peer: Option<Address>,
    pub outcome: Outcome,
    pub text: String,
}

impl Answer {
    /// None so far.
    pub fn awaited(target: &Target) -> Self {
        let text = "no answer yet".to_owned();
        Self {
            target: target.to_string(),
            proto: target.stream_proto(),
            peer: None,
            outcome: Outcome::Filtered,
            text,
        }
    }

    /// A connection failed.
    pub fn failed(target: &Target, error: &sys::Error) -> Self {
        let text = sys::error::reason(&error.source);
        let (outcome, proto) = (outcome_of(error.kind()), target.stream_proto());
        Self { target: target.to_string(), proto, peer: None, outcome, text }
    }
}

/// Emits an event about the progress of a wait once a second, in a thread of its own, until it is dropped.
pub struct WaitReporter(Arc<Shared>);

struct Shared {
    progress: Mutex<Progress>,
    changed: Condvar,
}

struct Progress {
    answer: Answer,
    attempt: u64,
    /// Whether an attempt failed before anything was reported: that is reported at once.
    first_failure: bool,
    reported: bool,
    over: bool,
}

impl WaitReporter {
    /// Begins with the first attempt; `first` is reported if that has no answer within a second.
    pub fn start(events: &Events, first: Answer, deadline: Option<Instant>) -> sys::Result<Self> {
        let progress = Mutex::new(Progress {
            answer: first,
            attempt: 1,
            first_failure: false,
            reported: false,
            over: false,
        });
        let shared = Arc::new(Shared { progress, changed: Condvar::new() });
        if events.enabled() {
            let (shared, events) = (Arc::clone(&shared), events.clone());
            let report = move || shared.report(&events, deadline);
            let thread = std::thread::Builder::new().name("waiting".into()).spawn(report);
            thread.map_err(|e| sys::Error::new("start thread", "waiting", e))?;
        }
        Ok(Self(shared))
    }

    /// An attempt failed with this answer.
    pub fn failed(&self, answer: Answer) {
        let mut progress = self.0.lock();
        progress.first_failure = !progress.reported;
        progress.answer = answer;
        self.0.changed.notify_all();
    }

    /// The next attempt begins.
    pub fn again(&self) {
        self.0.lock().attempt += 1;
    }
}

impl Drop for WaitReporter {
    fn drop(&mut self) {
        // The thread emits while it holds the lock: no event follows this.
        self.0.lock().over = true;
        self.0.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn report(&self, events: &Events, deadline: Option<Instant>) {
        let mut progress = self.lock();
        loop {
            let quiet = |p: &mut Progress| !p.over && !p.first_failure;
            let waited = self.changed.wait_timeout_while(progress, REPORT_INTERVAL, quiet);
            progress = waited.unwrap_or_else(PoisonError::into_inner).0;
            if progress.over {
                return;
            }
            (progress.first_failure, progress.reported) = (false, true);
            events.emit(progress.event(deadline));
        }
    }
}

impl Progress {
    fn event(&self, deadline: Option<Instant>) -> Event {
        let Answer { target, proto, peer, outcome, text } = self.answer.clone();
        let left = deadline.map(|d| d.saturating_duration_since(Instant::now()).as_secs_f64().ceil());
        let text = left.map_or(text.clone(), |seconds| format!("{text}; {seconds}s left"));
        Event::Target {
            target,
            conn: None,
            proto,
            local: None,
            peer,
            outcome,
            attempt: Some(self.attempt),
            latency_us: None,
            text: Some(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_attempt_leaves_time_for_its_answer() {
        let now = Instant::now();
        let after = |millis| now + Duration::from_millis(millis);
        assert_eq!(next_attempt(now, None), Some(after(100)));
        assert_eq!(next_attempt(now, Some(after(500))), Some(after(100)));
        assert_eq!(next_attempt(now, Some(after(90))), Some(after(60)));
        assert_eq!(next_attempt(now, Some(after(30))), None);
    }
}
