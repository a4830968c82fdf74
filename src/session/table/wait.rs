//! Waiting until a condition holds on the socket table, or a deadline passes.

use super::reader::TableReader;
use super::{Config, destroy_events, show};
use crate::event::{Proto, State};
use crate::net::condition::{Condition, What};
use crate::session::{Context, Outcome, Result, stdout};
use crate::sys::diag::{ActivityCounters, DestroyEvents, End, Filter, Query, States};
use crate::sys::poll::{Interest, wait};
use crate::sys::{self, Error};
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// Between two passes over the table, or two readings of the counters that say whether a pass is worth its cost. A
/// condition is noticed within 100 ms.
const INTERVAL: Duration = Duration::from_millis(40);
/// Between two passes where neither a counter nor a destroy event says that anything changed: some changes show in
/// neither.
const IDLE_INTERVAL: Duration = Duration::from_secs(1);
/// Destroy events cause no more than one pass in this time, however many sockets close.
const COALESCE: Duration = Duration::from_millis(20);

/// Runs until the condition holds.
pub(super) fn run(
    config: &Config,
    condition: &Condition,
    timeout: Option<Duration>,
    context: &mut Context,
) -> Result {
    let deadline = timeout.map(|timeout| Instant::now() + timeout);
    let queries = queries(config, condition, context)?;
    let mut reader = TableReader::default();
    let mut events = match condition.what {
        // The end of a socket makes no other condition hold.
        What::Gone | What::Count(..) => destroy_events(&queries),
        What::Listen | What::Established => Vec::new(),
    };
    let mut counters = ActivityCounters::open();
    let (mut last_pass, mut destroyed) = (Instant::now(), true);
    // Listeners are few: to walk them is cheaper than to read the counters.
    let cheap = condition.what == What::Listen || has_unix(&queries);
    loop {
        let now = Instant::now();
        let due = destroyed || cheap || now >= last_pass + IDLE_INTERVAL;
        if counters.moved() || due {
            last_pass = now;
            if holds(condition, &queries, &mut reader, context)? {
                if condition.what != What::Gone {
                    show(&queries, config.processes, &mut reader, context)?;
                    context.report.flush().map_err(stdout::failure)?;
                }
                return Ok(Outcome::done());
            }
        }
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            let text = format!("timed out after {:?} waiting for `{condition}`", timeout.unwrap_or_default());
            return Ok(Outcome::deadline(text));
        }
        let limit = |then: Instant| deadline.map_or(then, |deadline| then.min(deadline));
        if let Some(signal) = context.rest_until(limit(now + COALESCE)) {
            return Ok(Outcome::stopped(signal));
        }
        destroyed = rest(&mut events, limit(now + INTERVAL), context)?;
        if let Some(signal) = context.stop.signal() {
            return Ok(Outcome::stopped(signal));
        }
    }
}

/// The queries whose answers decide.
fn queries(config: &Config, condition: &Condition, context: &Context) -> sys::Result<Vec<Query>> {
    let wanted = config.tables();
    let (tables, states) = match condition.what {
        What::Listen if config.tables.contains(&Proto::Udp) => (wanted, States::LISTENING),
        What::Listen => (vec![Proto::Tcp], States::NONE.with(State::Listen)),
        What::Established => (vec![Proto::Tcp], States::NONE.with(State::Established)),
        What::Gone if config.tables.is_empty() => (vec![Proto::Tcp, Proto::Udp], present()),
        What::Gone => (wanted, present()),
        What::Count(..) => (wanted, config.states),
    };
    let own = match condition.what {
        What::Listen => Some(local(config.serving_ends(&condition.of, context)?)),
        _ => either(config.ends(&condition.of, context)?),
    };
    let filter: Vec<Filter> = config.filter(context)?.into_iter().chain(own).collect();
    let filter = (!filter.is_empty()).then_some(Filter::All(filter));
    Ok(tables.into_iter().map(|proto| Query { states, ..config.query(proto, filter.clone()) }).collect())
}

fn local(ends: Vec<End>) -> Filter {
    Filter::Any(ends.into_iter().map(Filter::Local).collect())
}

/// No end named means every socket.
fn either(ends: Vec<End>) -> Option<Filter> {
    (!ends.is_empty()).then(|| Filter::Any(ends.into_iter().map(Filter::either).collect()))
}

/// Every state of a socket that is not gone. TIME-WAIT is what remains of one that is.
fn present() -> States {
    State::ALL.into_iter().filter(|state| !matches!(state, State::TimeWait | State::Closed)).collect()
}

/// UNIX sockets are in no counter of their own. None passes a filter over addresses.
fn has_unix(queries: &[Query]) -> bool {
    queries.iter().any(|query| query.proto == Proto::Unix && query.filter.is_none())
}

/// Rests until `then`, a signal, or a destroy event, which makes it `true`.
fn rest(events: &mut [DestroyEvents], then: Instant, context: &Context) -> sys::Result<bool> {
    let mut fds = vec![(context.stop.as_fd(), Interest::Reading)];
    fds.extend(events.iter().map(|events| (events.as_fd(), Interest::Reading)));
    let ready = wait(&fds, Some(then)).map_err(|e| Error::new("poll", "", e))?;
    for each in events {
        each.read(&mut |_| ()).map_err(|e| Error::new("recv", "notices", e))?;
    }
    Ok(ready[1..].contains(&true))
}

fn holds(
    condition: &Condition,
    queries: &[Query],
    reader: &mut TableReader,
    context: &Context,
) -> sys::Result<bool> {
    let mut count = 0;
    let only_one = !matches!(condition.what, What::Count(..));
    for query in queries {
        let bare = Query { extended: false, ..query.clone() };
        reader.read(&bare, &context.events, &mut |_, _| {
            count += 1;
            if only_one { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
    }
    Ok(match condition.what {
        What::Listen | What::Established => count > 0,
        What::Gone => count == 0,
        What::Count(comparison, number) => comparison.holds(count, number),
    })
}
