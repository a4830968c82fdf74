//! Trying again until it works: when, for how long, and what is told meanwhile. One event a second says how far a wait has
//! come; the sockets of tries that failed are not told.

use crate::event::{Event, Events, Kind, Outcome, Proto};
use crate::net::address::Endpoint;
use crate::sys;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Between two tries.
const RETRY: Duration = Duration::from_millis(100);
/// The last try comes this long before the deadline, so that it can be answered.
const LAST_TRY: Duration = Duration::from_millis(30);
/// Between two events that say how far it has come.
const TOLD_EVERY: Duration = Duration::from_secs(1);

/// When a wait of this length ends; `None` if it is longer than clocks go.
pub fn deadline(wait: Option<Duration>) -> Option<Instant> {
    wait.and_then(|limit| Instant::now().checked_add(limit))
}

/// When to try again before `deadline`; `None` once the last try was made.
pub fn next_try(deadline: Option<Instant>) -> Option<Instant> {
    let (now, next) = (Instant::now(), Instant::now() + RETRY);
    let Some(last) = deadline.map(|d| d.checked_sub(LAST_TRY).unwrap_or(d)) else { return Some(next) };
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

/// How one target answered a try that was not the last.
#[derive(Clone, Debug)]
pub struct Answer {
    pub target: String,
    pub peer: Option<SocketAddr>,
    pub outcome: Outcome,
    pub text: String,
}

impl Answer {
    /// Nothing came yet.
    pub fn awaited(target: &Endpoint) -> Self {
        let text = "no answer yet".to_owned();
        Self { target: target.to_string(), peer: None, outcome: Outcome::Filtered, text }
    }

    /// A connection failed.
    pub fn failed(target: &Endpoint, error: &sys::Error) -> Self {
        let text = sys::error::reason(&error.source);
        Self { target: target.to_string(), peer: None, outcome: outcome_of(error.kind()), text }
    }
}

/// Tells once a second how far a wait has come, until it is dropped.
pub struct Waiting(Arc<Shared>);

struct Shared {
    progress: Mutex<Progress>,
    changed: Condvar,
}

struct Progress {
    answer: Answer,
    attempt: u64,
    /// Whether a try failed and nothing was told before.
    news: bool,
    told: bool,
    over: bool,
}

impl Waiting {
    /// Begins with the first try; `first` is what is told if it is not answered within a second.
    pub fn start(events: &Events, first: Answer, deadline: Option<Instant>) -> std::io::Result<Self> {
        let progress =
            Mutex::new(Progress { answer: first, attempt: 1, news: false, told: false, over: false });
        let shared = Arc::new(Shared { progress, changed: Condvar::new() });
        if events.enabled() {
            let (shared, events) = (Arc::clone(&shared), events.clone());
            let tell = move || shared.tell(&events, deadline);
            std::thread::Builder::new().name("waiting".into()).spawn(tell)?;
        }
        Ok(Self(shared))
    }

    /// A try failed with this answer.
    pub fn failed(&self, answer: Answer) {
        let mut progress = self.0.lock();
        progress.news = !progress.told;
        progress.answer = answer;
        self.0.changed.notify_all();
    }

    /// The next try begins.
    pub fn again(&self) {
        self.0.lock().attempt += 1;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // It is told under the lock: nothing comes after this.
        self.0.lock().over = true;
        self.0.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, events: &Events, deadline: Option<Instant>) {
        let mut progress = self.lock();
        loop {
            let quiet = |p: &mut Progress| !p.over && !p.news;
            let waited = self.changed.wait_timeout_while(progress, TOLD_EVERY, quiet);
            progress = waited.unwrap_or_else(PoisonError::into_inner).0;
            if progress.over {
                return;
            }
            (progress.news, progress.told) = (false, true);
            events.emit(progress.event(deadline));
        }
    }
}

impl Progress {
    fn event(&self, deadline: Option<Instant>) -> Event {
        let Answer { target, peer, outcome, text } = self.answer.clone();
        let left = deadline.map(|d| d.saturating_duration_since(Instant::now()).as_secs_f64().ceil());
        let text = left.map_or(text.clone(), |seconds| format!("{text}; {seconds}s left"));
        Event::Target {
            target,
            conn: None,
            proto: Proto::Tcp,
            local: None,
            peer,
            outcome,
            attempt: Some(self.attempt),
            latency_us: None,
            text: Some(text),
        }
    }
}
