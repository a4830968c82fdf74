//! The changes of the socket table: passes over it, and the kernel's destroy events in between.

use super::reader::TableReader;
use super::tracker::SocketTracker;
use super::{Config, destroy_events, holders_of, rows, stdout};
use crate::event::report;
use crate::event::table::{ChangeRow, SocketChange};
use crate::event::{Event, Fault, Kind, Proto, State};
use crate::session::{Context, Outcome, Result};
use crate::sys::diag::{ActivityCounters, DestroyEvents, Destroyed, Diag, Found, InetRow, Query, States};
use crate::sys::poll::{Interest, wait};
use crate::sys::{self, Error};
use jiff::Timestamp;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// Between two passes where no interval is given; a pass that takes long is followed by a pause of [`BACKOFF`] times
/// that: a tenth of one CPU at most.
const INTERVAL: Duration = Duration::from_millis(20);
const BACKOFF: u32 = 10;
/// Between two passes where no counter moved: some changes show in none.
const IDLE_INTERVAL: Duration = Duration::from_millis(200);
/// Passes follow each other no faster than this, whatever interval is given.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(1);

/// Runs until a signal, or until nobody reads standard output.
pub(super) fn run(config: &Config, every: Option<Duration>, context: &mut Context) -> Result {
    let queries = config.queries(context)?;
    let mut watch = Watch {
        destroy_events: destroy_events(&queries),
        // A change of state must not look like a socket that appeared or is gone: all states are read.
        queries: queries.into_iter().map(|query| Query { states: States::LIVE, ..query }).collect(),
        states: config.states,
        processes: config.processes,
        tracker: SocketTracker::default(),
        reader: TableReader::default(),
        diag: Diag::open().ok(),
        warned: false,
    };
    let mut counters = ActivityCounters::open();
    let mut last_pass = Instant::now();
    watch.pass(context)?;
    loop {
        let started = Instant::now();
        if counters.moved() || every.is_some() || started >= last_pass + IDLE_INTERVAL {
            last_pass = started;
            let changes = watch.pass(context)?;
            watch.show(changes, context)?;
        }
        let rest = every.unwrap_or_else(|| INTERVAL.max(started.elapsed() * BACKOFF)).max(SHORTEST_INTERVAL);
        if watch.receive(started + rest, context)? {
            return Ok(context.stop.signal().map_or_else(Outcome::done, Outcome::stopped));
        }
    }
}

struct Watch {
    queries: Vec<Query>,
    states: States,
    processes: bool,
    tracker: SocketTracker,
    reader: TableReader,
    diag: Option<Diag>,
    destroy_events: Vec<DestroyEvents>,
    /// Whether the loss of destroy events was reported.
    warned: bool,
}

impl Watch {
    /// One pass over the table. The sockets of the first one were there before: its changes are none.
    fn pass(&mut self, context: &Context) -> sys::Result<Vec<SocketChange>> {
        let mut changes = Vec::new();
        self.tracker.begin_pass();
        for query in &self.queries {
            self.reader.read(query, &context.events, &mut |row, _| {
                changes.extend(self.tracker.observe(row));
                ControlFlow::Continue(())
            })?;
        }
        changes.extend(self.tracker.end_pass());
        Ok(changes)
    }

    /// Receives destroy events until the next pass is due; `true` when the program is asked to end.
    fn receive(&mut self, until: Instant, context: &mut Context) -> sys::Result<bool> {
        loop {
            let mut fds = vec![(context.stop.as_fd(), Interest::Reading)];
            fds.extend(self.destroy_events.iter().map(|events| (events.as_fd(), Interest::Reading)));
            let ready = wait(&fds, Some(until)).map_err(|e| Error::new("poll", "", e))?;
            if ready[0] {
                return Ok(true);
            }
            if !ready.contains(&true) {
                return Ok(false);
            }
            let changes = self.destroyed(context)?;
            self.show(changes, context)?;
        }
    }

    /// The changes that the waiting destroy events mean.
    fn destroyed(&mut self, context: &Context) -> sys::Result<Vec<SocketChange>> {
        let (mut changes, mut lost) = (Vec::new(), false);
        let (tracker, diag, queries) = (&mut self.tracker, self.diag.as_ref(), &self.queries);
        for events in &mut self.destroy_events {
            let read = events.read(&mut |row| {
                let timewait = |local, peer| timewait_state(diag, row.proto, local, peer, row.interface);
                changes.extend(tracker.destroyed(row, || is_wanted(queries, row), timewait));
            });
            lost |= read.map_err(|e| Error::new("recv", "notices", e))? == Destroyed::Lost;
        }
        if lost && !self.warned {
            self.warned = true;
            context.events.emit(Event::Warning { fault: losses() });
        }
        Ok(changes)
    }

    /// Shows the changes from or to one of the wanted states.
    fn show(&self, mut changes: Vec<SocketChange>, context: &mut Context) -> sys::Result<()> {
        let wanted = |state: Option<State>| state.is_some_and(|state| self.states.has(state));
        let unknown = |c: &SocketChange| c.from.is_none() && c.to.is_none() && self.states == States::LIVE;
        changes.retain(|change| wanted(change.from) || wanted(change.to) || unknown(change));
        if changes.is_empty() {
            return Ok(());
        }
        let holders = self.processes.then(|| holders_of(changes.iter().map(|change| change.inode)));
        let holders = holders.transpose()?;
        let ts = Timestamp::now();
        let mut rows = changes.into_iter().map(|socket| {
            let processes = holders.as_ref().map(|holders| rows::processes(holders, socket.inode));
            report::Row::Change(ChangeRow { ts, socket, processes })
        });
        rows.try_for_each(|row| context.report.row(&row))
            .and_then(|()| context.report.flush())
            .map_err(stdout::failure)
    }
}

/// The state of the timewait socket that the table has between these addresses, if it has one.
fn timewait_state(
    diag: Option<&Diag>,
    proto: Proto,
    local: SocketAddr,
    peer: SocketAddr,
    interface: u32,
) -> Option<State> {
    let found = diag?.lookup(proto, local, peer, interface).ok().flatten();
    found.map(|Found { state, .. }| state)
}

/// Whether a socket that no pass saw is asked for, by the addresses in its destroy event.
fn is_wanted(queries: &[Query], row: &InetRow<'_>) -> bool {
    queries.iter().any(|query| query.proto == row.proto && query.wants(row))
}

fn losses() -> Fault {
    Fault {
        kind: Kind::EventsLost,
        op: Some("recv".into()),
        errno: Some("ENOBUFS".into()),
        conn: None,
        peer: None,
        text: "the kernel dropped notifications of closed sockets; some short-lived sockets are not shown"
            .into(),
    }
}
