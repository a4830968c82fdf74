//! `stat --watch`: the table looked at again and again, and the kernel's notices in between.

use super::tracker::{Changed, SocketTracker};
use super::{Look, ask, rows};
use crate::cli::Stat;
use crate::event::report;
use crate::event::table::ChangeRow;
use crate::event::{Event, Fault, Kind, Proto, State};
use crate::session::{Context, Outcome, Result, stdout};
use crate::sys::diag::{
    ActivityCounters, DestroyEvents, Destroyed, Diag, Found, InetRow, Query, States, Table,
};
use crate::sys::poll::{Interest, wait};
use crate::sys::process::{self, Holders};
use crate::sys::{self, Error};
use jiff::Timestamp;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// How often the table is looked at unless told otherwise, and how rarely as a multiple of what a look costs: a tenth
/// of one CPU at most. Where no counter moved a look is left out, but not always: there are changes no counter tells.
const EVERY: Duration = Duration::from_millis(20);
const BACKOFF: u32 = 10;
const SELDOM: Duration = Duration::from_millis(200);
/// Looks come no faster than this, whatever was asked.
const FASTEST: Duration = Duration::from_millis(1);

/// Runs until a signal, or until nobody reads standard output.
pub(super) fn run(
    args: &Stat,
    queries: &[Query],
    every: Option<Duration>,
    look: Look,
    context: &mut Context,
) -> Result {
    let mut watch = Watch {
        // A change of state must not look like a socket that came or went: all states are asked for.
        queries: queries.iter().map(|query| Query { states: States::LIVE, ..query.clone() }).collect(),
        states: ask::states(args),
        processes: args.processes,
        tracker: SocketTracker::default(),
        look,
        diag: Diag::open().ok(),
        destroy_events: destroy_events(queries),
        lost_told: false,
    };
    let mut counters = ActivityCounters::open();
    let mut looked = Instant::now();
    watch.round(true, context)?;
    loop {
        let started = Instant::now();
        if counters.moved() || every.is_some() || started >= looked + SELDOM {
            looked = started;
            watch.round(false, context)?;
        }
        let rest = every.unwrap_or_else(|| EVERY.max(started.elapsed() * BACKOFF)).max(FASTEST);
        if watch.listen(started + rest, context)? {
            return Ok(context.stop.signal().map_or_else(Outcome::done, Outcome::stopped));
        }
    }
}

/// The subscriptions that tell of these tables; where the kernel refuses them looks alone must do.
fn destroy_events(queries: &[Query]) -> Vec<DestroyEvents> {
    let protos = queries.iter().filter_map(|query| match query.table {
        Table::Inet(proto) => Some(proto),
        Table::Unix => None,
    });
    protos.filter_map(|proto| DestroyEvents::open(proto).ok()).collect()
}

struct Watch {
    queries: Vec<Query>,
    states: States,
    processes: bool,
    tracker: SocketTracker,
    look: Look,
    diag: Option<Diag>,
    destroy_events: Vec<DestroyEvents>,
    lost_told: bool,
}

impl Watch {
    /// One look; what the first one finds was there before and is no change.
    fn round(&mut self, first: bool, context: &mut Context) -> sys::Result<()> {
        let mut changes = Vec::new();
        self.tracker.begin();
        for query in &self.queries {
            self.look.at(query, &context.events, &mut |row, _| {
                changes.extend(self.tracker.see(row));
                ControlFlow::Continue(())
            })?;
        }
        changes.extend(self.tracker.end());
        if first { Ok(()) } else { self.tell(changes, context) }
    }

    /// Hears notices until it is time to look again; `true` when the program is asked to end.
    fn listen(&mut self, until: Instant, context: &mut Context) -> sys::Result<bool> {
        loop {
            let mut fds = vec![(context.stop.as_fd(), Interest::Reading)];
            fds.extend(
                self.destroy_events.iter().map(|destroy_events| (destroy_events.as_fd(), Interest::Reading)),
            );
            let ready = wait(&fds, Some(until)).map_err(|e| Error::new("poll", "", e))?;
            if ready[0] {
                return Ok(true);
            }
            if !ready.contains(&true) {
                return Ok(false);
            }
            let mut changes = Vec::new();
            let mut lost = false;
            let (tracker, diag) = (&mut self.tracker, self.diag.as_ref());
            let queries = &self.queries;
            for destroy_events in &mut self.destroy_events {
                let heard = destroy_events.read(&mut |row| {
                    let after = |local, peer| stand_in(diag, row.proto, local, peer, row.interface);
                    changes.extend(tracker.notice(row, || is_meant(queries, row), after));
                });
                lost |= heard.map_err(|e| Error::new("recv", "notices", e))? == Destroyed::Lost;
            }
            if lost && !self.lost_told {
                self.lost_told = true;
                context.events.emit(Event::Warning { fault: losses() });
            }
            self.tell(changes, context)?;
        }
    }

    /// Prints those changes that the wanted states take part in.
    fn tell(&self, changes: Vec<Changed>, context: &mut Context) -> sys::Result<()> {
        let wanted = |state: Option<State>| state.is_some_and(|state| self.states.has(state));
        let unknown =
            |change: &Changed| change.from.is_none() && change.to.is_none() && self.states == States::LIVE;
        let mut changes = changes;
        changes.retain(|change| wanted(change.from) || wanted(change.to) || unknown(change));
        if changes.is_empty() {
            return Ok(());
        }
        let holders = self.processes.then(|| process::holders(changes.iter().map(|change| change.who.inode)));
        let holders = holders.transpose().map_err(|e| Error::new("read", "/proc", e).about(Kind::File))?;
        let ts = Timestamp::now();
        changes
            .into_iter()
            .try_for_each(|change| context.report.row(&row(ts, change, holders.as_ref())))
            .and_then(|()| context.report.flush())
            .map_err(stdout::failure)
    }
}

/// What the table has between these addresses now that the socket is gone.
fn stand_in(
    diag: Option<&Diag>,
    proto: Proto,
    local: SocketAddr,
    peer: SocketAddr,
    interface: u32,
) -> Option<State> {
    let found = diag?.lookup(proto, local, peer, interface).ok().flatten();
    found.map(|Found { state, .. }| state)
}

/// Whether a socket that no look ever saw was asked for, by the addresses that its notice has.
fn is_meant(queries: &[Query], row: &InetRow<'_>) -> bool {
    queries.iter().filter(|query| query.table == Table::Inet(row.proto)).any(|query| query.wants(row))
}

fn row(ts: Timestamp, change: Changed, holders: Option<&Holders>) -> report::Row {
    let Changed { change, who, from, to } = change;
    let processes = holders.map(|holders| rows::processes(holders, who.inode));
    let super::tracker::Who { proto, local, peer, uid, inode } = who;
    report::Row::Change(ChangeRow { ts, change, proto, local, peer, from, to, uid, inode, processes })
}

fn losses() -> Fault {
    let text = "more sockets closed at once than the kernel has room to tell of; some short-lived ones are not shown";
    let kind = Kind::EventsLost;
    Fault {
        kind,
        op: Some("recv".into()),
        errno: Some("ENOBUFS".into()),
        conn: None,
        peer: None,
        text: text.into(),
    }
}
