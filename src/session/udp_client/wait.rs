//! `udp-send --check --wait`: checks until one has a reply. Only the last one emits the states of its sockets.

use super::Config;
use super::check::{Answered, probe, proto};
use crate::event;
use crate::session::retry::{Answer, WaitReporter, deadline, next_attempt};
use crate::session::{Context, Outcome, Result};
use std::time::Instant;

/// Checks until there is a reply or the time is up.
pub(super) fn run(config: &Config, context: &mut Context) -> Result {
    let deadline = deadline(config.wait);
    let reporter = WaitReporter::start(&context.events, Answer::awaited(&config.target), deadline)?;
    loop {
        let sockets = context.sockets.attempt();
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let reply_wait = left.map_or(config.reply_wait, |left| left.min(config.reply_wait));
        let answered = probe(config, reply_wait, &sockets, context)?;
        let next = next_attempt(Instant::now(), deadline);
        if answered.row.outcome != event::Outcome::Replied {
            reporter.failed(answer(&answered, config));
            if let Some(signal) = next.or(deadline).and_then(|then| context.rest_until(then)) {
                return Ok(Outcome::stopped(signal));
            }
            if next.is_some() {
                reporter.again();
                continue;
            }
        }
        drop(reporter);
        if answered.row.outcome == event::Outcome::Replied {
            sockets.events().release();
        }
        context.events.emit(answered.event.clone());
        context.events.flush();
        answered.report(context)?;
        if answered.row.outcome == event::Outcome::Replied {
            return Ok(answered.outcome());
        }
        let (target, limit) = (&config.target, config.wait.unwrap_or_default());
        let name = answered.row.outcome.name();
        return Ok(Outcome::deadline(format!("{target}: timed out after {limit:?} (--wait): {name}")));
    }
}

/// The answer as a wait reports it.
fn answer(answered: &Answered, config: &Config) -> Answer {
    let row = &answered.row;
    Answer {
        target: config.target.to_string(),
        proto: proto(&config.target),
        peer: row.address.clone(),
        outcome: row.outcome,
        text: row.reason.clone().unwrap_or_default(),
    }
}
