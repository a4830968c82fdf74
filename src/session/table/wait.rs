//! `stat --wait`: until the table looks as wanted, or a deadline passes.

use super::{Look, ask};
use crate::cli::{Condition, Stat, What};
use crate::event::{Proto, State};
use crate::session::{Context, Outcome, Result, stdout};
use crate::sys::diag::{ActivityCounters, DestroyEvents, End, Filter, Query, States, Table};
use crate::sys::poll::{Interest, wait};
use crate::sys::{self, Error};
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// Between two looks at the table, or at the counters that say whether a look is worth its while. A condition is to be
/// noticed within 100 ms.
const EVERY: Duration = Duration::from_millis(40);
/// Between two looks where neither a counter nor a notice says that anything changed: there are changes that neither
/// tells.
const SELDOM: Duration = Duration::from_secs(1);
/// Notices make looks come no faster than this, however many sockets close.
const PAUSE: Duration = Duration::from_millis(20);

/// Runs until the condition holds.
pub(super) fn run(args: &Stat, condition: &Condition, context: &mut Context) -> Result {
    let deadline = args.timeout.map(|timeout| Instant::now() + timeout);
    let queries = queries(args, condition, context)?;
    let mut look = Look::default();
    let mut destroy_events = destroy_events(&queries, condition);
    let mut counters = ActivityCounters::open();
    let (mut looked, mut heard) = (Instant::now(), true);
    loop {
        let now = Instant::now();
        // Listeners are few: to walk them is cheaper than to read the counters.
        let worth = heard || condition.what == What::Listen || has_unix(&queries) || now >= looked + SELDOM;
        if counters.moved() || worth {
            looked = now;
            if holds(condition, &queries, &mut look, context)? {
                show(args, condition, &queries, &mut look, context)?;
                return Ok(Outcome::done());
            }
        }
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            let text = format!("`{condition}` did not hold within {:?}", args.timeout.unwrap_or_default());
            return Ok(Outcome::deadline(text));
        }
        let limit = |then: Instant| deadline.map_or(then, |deadline| then.min(deadline));
        if let Some(signal) = context.rest_until(limit(now + PAUSE)) {
            return Ok(Outcome::stopped(signal));
        }
        heard = rest(&mut destroy_events, limit(now + EVERY), context)?;
        if let Some(signal) = context.stop.signal() {
            return Ok(Outcome::stopped(signal));
        }
    }
}

/// The questions whose answers decide.
fn queries(args: &Stat, condition: &Condition, context: &Context) -> sys::Result<Vec<Query>> {
    let inet = |protos: &[Proto]| protos.iter().map(|proto| Table::Inet(*proto)).collect::<Vec<_>>();
    let wanted = ask::tables(args);
    let named = args.tcp || args.udp || args.unix;
    let (tables, states) = match condition.what {
        What::Listen if args.udp => (wanted, ask::LISTENING),
        What::Listen => (inet(&[Proto::Tcp]), States::NONE.with(State::Listen)),
        What::Established => (inet(&[Proto::Tcp]), States::NONE.with(State::Established)),
        What::Gone if named => (wanted, present()),
        What::Gone => (inet(&[Proto::Tcp, Proto::Udp]), present()),
        What::Count(..) => (wanted, ask::states(args)),
    };
    let own = match condition.what {
        What::Listen => Some(local(ask::serving_ends(&condition.of, args, context)?)),
        _ => either(ask::ends(&condition.of, args, context)?),
    };
    let base = ask::queries(args, context)?.into_iter().find_map(|query| query.filter);
    let filter: Vec<Filter> = base.into_iter().chain(own).collect();
    let filter = (!filter.is_empty()).then_some(Filter::All(filter));
    let families = ask::families(args);
    let query = |table| Query { table, families, states, filter: filter.clone(), extended: args.extended };
    Ok(tables.into_iter().map(query).collect())
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

/// Subscriptions where the end of a socket may make the condition hold.
fn destroy_events(queries: &[Query], condition: &Condition) -> Vec<DestroyEvents> {
    if !matches!(condition.what, What::Gone | What::Count(..)) {
        return Vec::new();
    }
    let protos = queries.iter().filter_map(|query| match query.table {
        Table::Inet(proto) => Some(proto),
        Table::Unix => None,
    });
    protos.filter_map(|proto| DestroyEvents::open(proto).ok()).collect()
}

/// UNIX sockets are in no counter of their own. None passes a filter over addresses.
fn has_unix(queries: &[Query]) -> bool {
    queries.iter().any(|query| query.table == Table::Unix && query.filter.is_none())
}

/// Rests until `then`, a signal, or a notice, which makes it `true`.
fn rest(destroy_events: &mut [DestroyEvents], then: Instant, context: &Context) -> sys::Result<bool> {
    let mut fds = vec![(context.stop.as_fd(), Interest::Reading)];
    fds.extend(destroy_events.iter().map(|destroy_events| (destroy_events.as_fd(), Interest::Reading)));
    let ready = wait(&fds, Some(then)).map_err(|e| Error::new("poll", "", e))?;
    for each in destroy_events {
        each.read(&mut |_| ()).map_err(|e| Error::new("recv", "notices", e))?;
    }
    Ok(ready[1..].contains(&true))
}

fn holds(condition: &Condition, queries: &[Query], look: &mut Look, context: &Context) -> sys::Result<bool> {
    let mut count = 0;
    let only_one = !matches!(condition.what, What::Count(..));
    for query in queries {
        let bare = Query { extended: false, ..query.clone() };
        look.at(&bare, &context.events, &mut |_, _| {
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

/// Prints the sockets that made the condition hold.
fn show(
    args: &Stat,
    condition: &Condition,
    queries: &[Query],
    look: &mut Look,
    context: &mut Context,
) -> sys::Result<()> {
    if condition.what == What::Gone {
        return Ok(());
    }
    super::show(args, queries, look, context)?;
    context.report.flush().map_err(stdout::failure)
}
