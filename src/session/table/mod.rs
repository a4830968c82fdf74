//! `stat`: the socket table, its counts, its changes, and waiting for it to look as wanted.

mod ask;
mod rows;
mod tracker;
mod wait;
mod watch;

use super::{Context, Outcome, Result, stdout};
use crate::cli::Stat;
use crate::event::report;
use crate::event::table::{CountRow, Transport};
use crate::event::{Event, Fault, Kind, Proto, State};
use crate::exit::Exit;
use crate::sys::diag::{Dumped, End, Filter, Query, Row, Source, Table, Tables};
use crate::sys::process::{self, Holders};
use crate::sys::{self, Error};
use rows::Shown;
use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;

/// Runs `soquete stat`.
pub fn run(args: &Stat, context: &mut Context) -> Result {
    if let Some(condition) = &args.wait {
        return wait::run(args, condition, context);
    }
    let queries = ask::queries(args, context)?;
    let mut look = Look::default();
    if let Some(every) = args.watch {
        return watch::run(args, &queries, every, look, context);
    }
    let count = if args.summary {
        summary(&queries, &mut look, context)?
    } else {
        show(args, &queries, &mut look, context)?
    };
    context.report.flush().map_err(stdout::failure)?;
    Ok(match (context.stop.signal(), count) {
        (Some(signal), _) => Outcome::stopped(signal),
        (None, 0) => Outcome::of(Exit::Network, "no socket matches"),
        _ => Outcome::done(),
    })
}

/// Prints the TCP sockets that have this port at either end.
pub fn show_port(port: u16, context: &mut Context) -> sys::Result<()> {
    let filter = Some(Filter::either(End::port(port)));
    let query = Query { filter, ..Query::all(Table::Inet(Proto::Tcp)) };
    show_all(&[query], None, &mut Look::default(), context)?;
    context.report.flush().map_err(stdout::failure)
}

/// Prints every socket that answers; says how many.
fn show(args: &Stat, queries: &[Query], look: &mut Look, context: &mut Context) -> sys::Result<u64> {
    let holders = args.processes.then(|| holders(queries, look, context)).transpose()?;
    show_all(queries, holders.as_ref(), look, context)
}

fn show_all(
    queries: &[Query],
    holders: Option<&Holders>,
    look: &mut Look,
    context: &mut Context,
) -> sys::Result<u64> {
    let mut count = 0;
    for query in queries {
        let mut failed = None;
        let stop = context.stop.clone();
        let shown = Shown { holders, extended: query.extended, source: None };
        let report = &mut context.report;
        look.at(query, &context.events, &mut |row, source| {
            count += 1;
            let source = (source == Source::ProcNet).then_some("/proc/net");
            let row = report::Row::Socket(rows::socket(row, Shown { source, ..shown }));
            failed = report.row(&row).err();
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

/// Who holds the sockets that answer. The table is read once for their inodes, and then again to be shown: keeping the
/// rows would make memory grow with them.
fn holders(queries: &[Query], look: &mut Look, context: &Context) -> sys::Result<Holders> {
    let mut inodes = Vec::new();
    for query in queries {
        let bare = Query { extended: false, ..query.clone() };
        look.at(&bare, &context.events, &mut |row, _| {
            inodes.push(inode(row));
            ControlFlow::Continue(())
        })?;
    }
    process::holders(inodes).map_err(|e| Error::new("read", "/proc", e).about(Kind::File))
}

const fn inode(row: &Row<'_>) -> u32 {
    match row {
        Row::Inet(row) => row.inode,
        Row::Unix(row) => row.inode,
    }
}

/// Counts by state.
fn summary(queries: &[Query], look: &mut Look, context: &mut Context) -> sys::Result<u64> {
    let mut counts: BTreeMap<(Transport, State), u64> = BTreeMap::new();
    for query in queries {
        look.at(query, &context.events, &mut |row, _| {
            let key = match row {
                Row::Inet(row) => (rows::transport(row.proto), row.state),
                Row::Unix(row) => (Transport::Unix, row.state),
            };
            *counts.entry(key).or_default() += 1;
            ControlFlow::Continue(())
        })?;
    }
    for (&(proto, state), &count) in &counts {
        let row = report::Row::Count(CountRow { proto, state, count });
        context.report.row(&row).map_err(stdout::failure)?;
    }
    Ok(counts.values().sum())
}

/// Looks at the table and says, once, what is wrong with what it shows.
#[derive(Default)]
struct Look {
    tables: Tables,
    told: bool,
}

impl Look {
    /// Gives every row that answers, and where it comes from, to `visit`.
    fn at(
        &mut self,
        query: &Query,
        events: &crate::event::Events,
        visit: &mut dyn FnMut(&Row<'_>, Source) -> ControlFlow<()>,
    ) -> sys::Result<()> {
        let dumped = self.tables.dump(query, visit).map_err(|e| Error::new("read", "the socket table", e))?;
        if let Some(fault) = warning(&dumped).filter(|_| !self.told) {
            self.told = true;
            events.emit(Event::Warning { fault });
        }
        Ok(())
    }
}

fn warning(dumped: &Dumped) -> Option<Fault> {
    let text = match &dumped.refused {
        Some(error) => format!(
            "sock_diag is refused ({}): read from /proc/net, which has no backlogs and nothing for -e",
            sys::error::reason(error)
        ),
        None if dumped.interrupted => "the table changed while it was read; rows may be missing".into(),
        None => return None,
    };
    let errno = dumped.refused.as_ref().and_then(io::Error::raw_os_error).map(sys::error::errno_name);
    let kind = if dumped.refused.is_some() { Kind::Permission } else { Kind::Data };
    Some(Fault { kind, op: Some("sock_diag".into()), errno, conn: None, peer: None, text })
}
