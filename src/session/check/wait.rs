//! Rounds until every target is as wanted. Of the sockets, those of the round that ends the wait are told.

use super::super::retry::{Answer, Waiting, deadline, next_try};
use super::super::{Context, Outcome};
use super::probe::Finding;
use super::rows::Rows;
use super::scan::{Scan, ScanEnd};
use super::{counted_targets, is_wanted, wanted};
use crate::cli::Connect;
use crate::net::address::Endpoint;
use crate::scan::{Group, Tally, targets};
use crate::sys;
use std::time::Instant;

/// Waits; the error is how it ended where that says all.
pub(super) fn run(
    args: &Connect,
    groups: &[Group],
    context: &mut Context,
) -> anyhow::Result<Result<Tally, Outcome>> {
    let deadline = deadline(args.wait);
    let waiting = start(groups, deadline, context)?;
    loop {
        let sockets = context.sockets.attempt();
        let mut rows = Rows::Kept(Vec::new());
        let scan = Scan { args, groups, sockets: &sockets, deadline };
        let tally = match scan.run(&mut rows, context)? {
            ScanEnd::Over(tally) => tally,
            ScanEnd::Stopped(signal) => return Ok(Err(Outcome::stopped(signal))),
        };
        // What this machine would not do it will not do later; a name may be known later, if there is a later.
        let hopeless = tally.is_local() || (args.wait.is_none() && tally.unresolved == tally.total);
        if tally.all() || hopeless {
            drop(waiting);
            sockets.events().release();
            rows.tell(context.events.detailed(), context)?;
            return Ok(Ok(tally));
        }
        if let Some(finding) = rows.kept().iter().find(|finding| !is_wanted(args, finding.outcome)) {
            waiting.failed(answer(args, finding, tally));
        }
        let next = next_try(deadline);
        if let Some(signal) = next.or(deadline).and_then(|then| context.rest_until(then)) {
            return Ok(Err(Outcome::stopped(signal)));
        }
        if next.is_none() {
            drop(waiting);
            rows.tell(false, context)?;
            return Ok(Err(too_late(args, tally)));
        }
        waiting.again();
    }
}

fn start(groups: &[Group], deadline: Option<Instant>, context: &Context) -> sys::Result<Waiting> {
    let (group, port) = targets(groups).next().unwrap_or_default();
    let first = Endpoint { host: groups[group].0.clone(), port };
    let failed = |e| sys::Error::new("start thread", "waiting", e);
    Waiting::start(&context.events, Answer::awaited(&first), deadline).map_err(failed)
}

/// What is told of a round by the first target that is not as wanted.
fn answer(args: &Connect, finding: &Finding, Tally { good, total, .. }: Tally) -> Answer {
    let mut answer = finding.answer();
    if total > 1 {
        answer.text = format!("{}; {good} of {total} {}", answer.text, wanted(args));
    }
    answer
}

fn too_late(args: &Connect, Tally { good, total, .. }: Tally) -> Outcome {
    let limit = args.wait.unwrap_or_default();
    Outcome::deadline(format!(
        "{good} of {} {} after {limit:?} (--wait)",
        counted_targets(total),
        wanted(args)
    ))
}
