//! Rounds again and again: a row for each try, then the statistics of each target.

use super::super::{Context, Outcome, stdout};
use super::Config;
use super::finding::place;
use super::round::{Round, RoundEnd};
use super::rows::{Counted, Rows};
use crate::event::Kind;
use crate::event::report::{Row, StatisticsRow};
use crate::scan::{Latencies, Tally, targets};
use crate::sys::{self, Error};
use std::io;
use std::time::{Duration, Instant};

/// Targets that statistics are kept of: each takes up to 100 KiB.
const TARGETS: usize = 1024;

/// How often a check is made.
#[derive(Clone, Copy, Debug)]
pub struct Repeat {
    /// How many times; `None` until the program is asked to end.
    pub tries: Option<u64>,
    /// From the start of one try to the start of the next; one that takes longer is followed by the next at once.
    pub interval: Duration,
}

/// Runs rounds; the inner error is the outcome of a run that a signal ended. The tally is that of all tries.
pub(super) fn run(
    config: &Config,
    repeat: Repeat,
    context: &mut Context,
) -> anyhow::Result<Result<Tally, Outcome>> {
    let mut rows = Rows::Counted(Counted { latencies: latencies(config)?, number: 0, next: 0 });
    let (sockets, mut all) = (context.sockets.clone(), Tally::default());
    let mut stopped = None;
    while repeat.tries.is_none_or(|tries| rows.number() < tries) {
        let started = Instant::now();
        rows.begin_round();
        match (Round { config, sockets: &sockets, deadline: None }).run(&mut rows, context)? {
            RoundEnd::Complete(tally) => all.add(tally),
            RoundEnd::Stopped(signal) => stopped = Some(signal),
        }
        let is_last = repeat.tries.is_some_and(|tries| rows.number() >= tries);
        if stopped.is_none() && !is_last {
            stopped = started.checked_add(repeat.interval).and_then(|next| context.rest_until(next));
        }
        if stopped.is_some() {
            break;
        }
    }
    if let Rows::Counted(counted) = rows {
        report(config, &counted.latencies, context).map_err(stdout::failure)?;
    }
    Ok(stopped.map_or(Ok(all), |signal| Err(Outcome::stopped(signal))))
}

/// Room for the latencies of each target.
fn latencies(config: &Config) -> sys::Result<Vec<Latencies>> {
    let count = targets(&config.groups).take(TARGETS + 1).count();
    if count > TARGETS {
        let why = format!("--repeat takes {TARGETS} targets at most; name fewer");
        return Err(Error::new("check", "targets", io::Error::other(why)).about(Kind::Usage));
    }
    let made: Option<Vec<Latencies>> = (0..count).map(|_| Latencies::new()).collect();
    made.ok_or_else(|| Error::new("keep", "statistics", io::ErrorKind::OutOfMemory))
}

/// The statistics of each target that was tried.
fn report(config: &Config, latencies: &[Latencies], context: &mut Context) -> io::Result<()> {
    for ((group, port), latencies) in targets(&config.groups).zip(latencies) {
        if latencies.tries == 0 {
            continue;
        }
        let (host, port) = place(&config.groups[group].target(port));
        context.report.row(&Row::Statistics(StatisticsRow {
            kind: "statistics",
            host,
            port,
            tries: latencies.tries,
            open: latencies.good(),
            loss: latencies.loss(),
            times: latencies.times(),
            histogram: latencies.histogram(),
        }))?;
    }
    context.report.flush()
}
