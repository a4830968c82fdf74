//! `connect --check`: which ports answer; `--wait` until they do, `--until-closed` until they do not, then a command.

use super::connect::{RETRY, addresses};
use super::serve::stopped;
use super::{Context, Outcome, Result, probe};
use crate::cli::Connect;
use crate::event::report::Row;
use crate::event::{self, Kind};
use crate::exit::Exit;
use crate::net::addr::{Host, parse_targets};
use crate::net::resolve::Lookup;
use crate::scan::{Group, InOrder, Tally, targets};
use crate::sys::signal::Signal;
use crate::sys::wait::Process;
use crate::sys::{self, limits};
use probe::{Finding, Prober};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, LocalSet};

/// How long a port may take to answer before it counts as filtered: TCP repeats an unanswered SYN after one second
/// (RFC 6298), so the second one gets its chance.
const PATIENCE: Duration = Duration::from_secs(2);
/// Attempts under way at once, if there are descriptors for as many.
const AT_ONCE: u64 = 1024;
/// Descriptors left for everything else.
const SPARE_DESCRIPTORS: u64 = 32;
/// Targets between two looks at signals where every answer is instantaneous.
const STRIDE: usize = 256;

/// Runs `soquete connect --check`.
pub fn run(args: &Connect, context: &mut Context) -> Result {
    let groups = parse_targets(&args.target)?;
    let waits = args.wait.is_some() || args.until_closed;
    let deadline = args.wait.map(|t| Instant::now() + t);
    let tally = loop {
        let rows = if waits { Rows::Kept(Vec::new()) } else { Rows::Told };
        let (tally, rows) = match round(args, &groups, deadline, rows, context)? {
            Round::Over(tally, rows) => (tally, rows),
            Round::Stopped(signal) => return Ok(Outcome::stopped(signal)),
        };
        let next = Instant::now() + RETRY;
        let late = deadline.is_some_and(|d| next >= d);
        if !waits || tally.all() || late {
            rows.tell(context)?;
            if waits && !tally.all() {
                let state = if args.until_closed { "closed" } else { "open" };
                let Tally { good, total } = tally;
                let text =
                    format!("{good} of {total} targets {state} after {:?}", args.wait.unwrap_or_default());
                return Ok(Outcome::deadline(text));
            }
            break tally;
        }
        if let Some(signal) = context.rest_until(next) {
            return Ok(Outcome::stopped(signal));
        }
    };
    if tally.all() && !args.command.is_empty() {
        return run_command(args, context);
    }
    let cause = format!("{} of {} targets open", tally.good, tally.total);
    Ok(match tally {
        Tally { good: 0, .. } => Outcome::of(Exit::Network, cause),
        tally if tally.all() => Outcome::done(),
        _ => Outcome::of(Exit::Partial, cause),
    })
}

/// Where rows go: to the report as they are known, or kept until the last round is known to be the last.
enum Rows {
    Told,
    Kept(Vec<Row>),
}

impl Rows {
    fn put(&mut self, row: Row, context: &mut Context) -> std::io::Result<()> {
        match self {
            Self::Told => context.report.row(&row),
            Self::Kept(rows) => {
                rows.push(row);
                Ok(())
            }
        }
    }

    fn tell(self, context: &mut Context) -> sys::Result<()> {
        let rows = if let Self::Kept(rows) = self { rows } else { Vec::new() };
        rows.iter()
            .try_for_each(|row| context.report.row(row))
            .and_then(|()| context.report.flush())
            .map_err(super::stdout::failure)
    }
}

enum Round {
    Over(Tally, Rows),
    Stopped(Signal),
}

/// Tries every target once.
fn round(
    args: &Connect,
    groups: &[Group],
    deadline: Option<Instant>,
    rows: Rows,
    context: &mut Context,
) -> anyhow::Result<Round> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = LocalSet::new();
    let end = local.block_on(&runtime, async {
        let stop = context.stop.clone();
        tokio::select! {
            signal = stopped(&stop) => Ok(Round::Stopped(signal?)),
            end = try_all(args, groups, deadline, rows, context) => end,
        }
    });
    drop(local);
    runtime.shutdown_background();
    end
}

async fn try_all(
    args: &Connect,
    groups: &[Group],
    deadline: Option<Instant>,
    mut rows: Rows,
    context: &mut Context,
) -> anyhow::Result<Round> {
    let found = resolve(groups, Lookup::from(&args.lookup), context);
    let limit = args.timeout.unwrap_or(PATIENCE);
    let limit = deadline.map_or(limit, |d| limit.min(d.saturating_duration_since(Instant::now())));
    let prober = Rc::new(Prober {
        sockets: context.sockets.clone(),
        options: args.socket.options(),
        source: args.source,
        limit,
    });
    let at_once = AT_ONCE.min(limits::raise_descriptors().saturating_sub(SPARE_DESCRIPTORS)).max(1);
    let places = std::sync::Arc::new(Semaphore::new(usize::try_from(at_once).unwrap_or(1)));
    let (mut order, mut tally, mut under_way) = (InOrder::default(), Tally::default(), JoinSet::new());
    let mut tell = |index, finding: Finding, context: &mut Context| -> std::io::Result<()> {
        tally.count((finding.outcome == event::Outcome::Open) != args.until_closed);
        context.events.emit(finding.event());
        order.push(index, finding).try_for_each(|finding| rows.put(finding.row(), context))
    };
    for (index, (group, port)) in targets(groups).enumerate() {
        let host = &groups[group].0;
        let first = match &found[group] {
            Ok(addresses) => prober.begin(host, port, addresses)?,
            Err(error) => probe::Begun::Known(Finding::unresolved(host, port, error)),
        };
        match first {
            probe::Begun::Known(finding) => tell(index, finding, context).map_err(super::stdout::failure)?,
            probe::Begun::Pending(pending) => {
                // The semaphore is never closed.
                let place = std::sync::Arc::clone(&places).acquire_owned().await.ok();
                under_way.spawn_local(async move {
                    let finding = pending.finish().await;
                    drop(place);
                    (index, finding)
                });
            }
        }
        while let Some(Ok((index, finding))) = under_way.try_join_next() {
            tell(index, finding?, context).map_err(super::stdout::failure)?;
        }
        if index % STRIDE == STRIDE - 1 {
            tokio::task::yield_now().await;
        }
    }
    while let Some(Ok((index, finding))) = under_way.join_next().await {
        tell(index, finding?, context).map_err(super::stdout::failure)?;
    }
    context.report.flush().map_err(super::stdout::failure)?;
    Ok(Round::Over(tally, rows))
}

/// Looks every host up, the names at the same time.
fn resolve(groups: &[Group], lookup: Lookup, context: &Context) -> Vec<sys::Result<Vec<SocketAddr>>> {
    let names = groups.iter().filter(|(host, _)| matches!(host, Host::Name(_))).count();
    if names < 2 {
        return groups.iter().map(|(host, _)| addresses(lookup, host, 0, context)).collect();
    }
    let ask = |host: &Host| lookup.addresses(host, 0);
    std::thread::scope(|scope| {
        let threads: Vec<_> = groups.iter().map(|(host, _)| scope.spawn(move || ask(host))).collect();
        let died = || Err(sys::Error::new("resolve", "", std::io::Error::other("the look-up failed")));
        threads.into_iter().map(|t| t.join().unwrap_or_else(|_| died())).collect()
    })
}

/// Runs the command that waited for the condition. Ctrl-C reaches it through the terminal; SIGTERM is passed on.
fn run_command(args: &Connect, context: &mut Context) -> Result {
    let name = args.command[0].to_string_lossy().into_owned();
    let failed = |e| sys::Error::new("run", &name, e).about(Kind::File);
    let mut child = Command::new(&args.command[0]).args(&args.command[1..]).spawn().map_err(failed)?;
    let status = wait_for(&mut child, context).map_err(failed)?;
    // 128 and the signal's number, as shells have it.
    let code = status.code().or_else(|| status.signal().map(|n| 128 + n)).and_then(|c| u8::try_from(c).ok());
    let code = code.unwrap_or(u8::MAX);
    Ok(Outcome::of(Exit::Command(code), format!("{name} ended with {code}")))
}

fn wait_for(child: &mut Child, context: &Context) -> std::io::Result<std::process::ExitStatus> {
    let process = Process::watch(child)?;
    if !process.wait_or(Some(context.stop.as_fd()))? {
        // A terminal's Ctrl-C reached the child too; a second one does no harm, a missing one would.
        if let Some(signal) = context.stop.signal() {
            process.pass_on(signal)?;
        }
        process.wait_or(None)?;
    }
    child.wait()
}
