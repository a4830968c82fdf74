//! The watcher of the socket table: its sockets, their counts, their changes, and waiting for a condition on them.

mod packets;
mod queries;
mod reader;
mod rows;
mod top;
mod tracker;
mod wait;
mod watch;

use super::{Context, Outcome, Result, stdout};
use crate::event::report;
use crate::event::table::CountRow;
use crate::event::{Kind, Proto, State};
use crate::exit::Exit;
use crate::net::condition::Condition;
use crate::net::pattern::Pattern;
use crate::net::resolve::Lookup;
use crate::sys::diag::{DestroyEvents, End, Filter, Query, Row, Source, States};
use crate::sys::process::{self, Holders};
use crate::sys::{self, Error};
pub use packets::run as packets;
use reader::TableReader;
use rows::Columns;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

/// Which sockets, and what to do with them.
pub struct Config {
    /// The tables, in the order in which they are shown; empty for all of them.
    pub tables: Vec<Proto>,
    /// The states.
    pub states: States,
    /// Patterns of which one must match at either end; empty for any end, as the next two.
    pub either: Vec<Pattern>,
    /// The same of the local end.
    pub local: Vec<Pattern>,
    /// The same of the peer.
    pub peer: Vec<Pattern>,
    /// The IP families, and how the names in patterns are looked up.
    pub lookup: Lookup,
    /// Whether the processes that hold a socket are shown.
    pub processes: bool,
    /// Whether all that the kernel says of a socket is shown.
    pub extended: bool,
    /// What to do with them.
    pub view: View,
}

/// What to do with the sockets.
pub enum View {
    /// Show each.
    Sockets,
    /// Count them by state.
    Summary,
    /// Show what changes, with a pass over the table in this time; `None` adapts it to what a pass costs.
    Watch(Option<Duration>),
    /// Draw a live view over the whole terminal, a frame in this time.
    Top(Duration),
    /// Wait until the condition holds, no longer than this.
    Wait(Condition, Option<Duration>),
}

/// Runs until the view is complete, a signal comes, or nobody reads the report.
pub fn run(config: &Config, context: &mut Context) -> Result {
    let mut reader = TableReader::default();
    let count = match &config.view {
        View::Wait(condition, timeout) => return wait::run(config, condition, *timeout, context),
        View::Top(every) => return top::run(config, *every, context),
        View::Watch(every) => return watch::run(config, *every, context),
        View::Summary => summary(&config.queries(context)?, &mut reader, context)?,
        View::Sockets => show(&config.queries(context)?, config.processes, &mut reader, context)?,
    };
    context.report.flush().map_err(stdout::failure)?;
    Ok(match (context.stop.signal(), count) {
        (Some(signal), _) => Outcome::stopped(signal),
        (None, 0) => Outcome::of(Exit::Network, "no socket matches"),
        _ => Outcome::done(),
    })
}

/// The TCP sockets that have this port at either end, as rows of the report.
pub fn rows_of_port(port: u16, context: &Context) -> sys::Result<Vec<report::Row>> {
    let filter = Some(Filter::either(End::port(port)));
    let query = Query { filter, ..Query::all(Proto::Tcp) };
    let mut found = Vec::new();
    TableReader::default().read(&query, &context.events, &mut |row, source| {
        let source = (source == Source::ProcNet).then_some("/proc/net");
        let columns = Columns { holders: None, extended: query.extended, source };
        found.push(report::Row::Socket(rows::socket(row, columns)));
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// Shows every socket that answers a query; returns their number.
fn show(
    queries: &[Query],
    processes: bool,
    reader: &mut TableReader,
    context: &mut Context,
) -> sys::Result<u64> {
    let holders = processes.then(|| holders(queries, reader, context)).transpose()?;
    let mut count = 0;
    for query in queries {
        let mut failed = None;
        let (stop, report) = (context.stop.clone(), &mut context.report);
        reader.read(query, &context.events, &mut |row, source| {
            count += 1;
            let source = (source == Source::ProcNet).then_some("/proc/net");
            let columns = Columns { holders: holders.as_ref(), extended: query.extended, source };
            failed = report.row(&report::Row::Socket(rows::socket(row, columns))).err();
            if failed.is_some() || stop.signal().is_some() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
        if let Some(error) = failed {
            return Err(stdout::failure(error));
        }
    }
    Ok(count)
}

/// The processes that hold the sockets that answer. The table is read once for their inodes and again to be shown:
/// memory that kept the rows would grow with the table.
fn holders(queries: &[Query], reader: &mut TableReader, context: &Context) -> sys::Result<Holders> {
    let mut inodes = Vec::new();
    for query in queries {
        let bare = Query { extended: false, ..query.clone() };
        reader.read(&bare, &context.events, &mut |row, _| {
            inodes.push(row.inode());
            ControlFlow::Continue(())
        })?;
    }
    holders_of(inodes)
}

/// Subscriptions to the destroy events of these tables. Where the kernel refuses one, passes alone must do.
fn destroy_events(queries: &[Query]) -> Vec<DestroyEvents> {
    queries.iter().filter_map(|query| DestroyEvents::open(query.proto).ok()).collect()
}

fn holders_of(inodes: impl IntoIterator<Item = u32>) -> sys::Result<Holders> {
    process::holders(inodes).map_err(|e| Error::new("read", "/proc", e).about(Kind::File))
}

/// Shows how many sockets are in each state; returns their number.
fn summary(queries: &[Query], reader: &mut TableReader, context: &mut Context) -> sys::Result<u64> {
    let mut counts: BTreeMap<(Proto, State), u64> = BTreeMap::new();
    for query in queries {
        reader.read(query, &context.events, &mut |row: &Row<'_>, _| {
            *counts.entry((query.proto, row.state())).or_default() += 1;
            ControlFlow::Continue(())
        })?;
    }
    for (&(proto, state), &count) in &counts {
        let row = report::Row::Count(CountRow { proto, state, count });
        context.report.row(&row).map_err(stdout::failure)?;
    }
    Ok(counts.values().sum())
}
