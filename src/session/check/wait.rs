//! Rounds until every target is as wanted. Only the last round emits the states of its sockets.

use super::super::retry::{Answer, WaitReporter, deadline, next_attempt};
use super::super::{Context, Outcome};
use super::Config;
use super::finding::Finding;
use super::round::{Round, RoundEnd};
use super::rows::Rows;
use crate::scan::{Tally, targets};
use crate::sys;
use std::time::Instant;

/// Runs rounds; the inner error is an outcome other than a verdict.
pub(super) fn run(config: &Config, context: &mut Context) -> anyhow::Result<Result<Tally, Outcome>> {
    let deadline = deadline(config.wait);
    let reporter = start(config, deadline, context)?;
    loop {
        let sockets = context.sockets.attempt();
        let mut rows = Rows::Held(Vec::new());
        let round = Round { config, sockets: &sockets, deadline };
        let tally = match round.run(&mut rows, context)? {
            RoundEnd::Complete(tally) => tally,
            RoundEnd::Stopped(signal) => return Ok(Err(Outcome::stopped(signal))),
        };
        if tally.is_final(config.wait.is_some()) {
            drop(reporter);
            sockets.events().release();
            rows.write(context.events.detailed(), context)?;
            return Ok(Ok(tally));
        }
        if let Some(finding) = rows.held().iter().find(|finding| !config.wanted.is_met(finding.outcome)) {
            reporter.failed(answer(config, finding, tally));
        }
        let next = next_attempt(Instant::now(), deadline);
        if let Some(signal) = next.or(deadline).and_then(|then| context.rest_until(then)) {
            return Ok(Err(Outcome::stopped(signal)));
        }
        if next.is_none() {
            drop(reporter);
            rows.write(false, context)?;
            let limit = config.wait.unwrap_or_default();
            return Ok(Err(Outcome::deadline(format!(
                "timed out after {limit:?} (--wait): {}",
                config.count(tally)
            ))));
        }
        reporter.again();
    }
}

fn start(config: &Config, deadline: Option<Instant>, context: &Context) -> sys::Result<WaitReporter> {
    let (group, port) = targets(&config.groups).next().unwrap_or_default();
    let first = config.groups[group].target(port);
    WaitReporter::start(&context.events, Answer::awaited(&first), deadline)
}

/// The first target that is not as wanted stands for the round.
fn answer(config: &Config, finding: &Finding, tally: Tally) -> Answer {
    let mut answer = finding.answer();
    if tally.total > 1 {
        let (Tally { good, total, .. }, wanted) = (tally, config.wanted.name());
        answer.text = format!("{}; {good} of {total} {wanted}", answer.text);
    }
    answer
}
