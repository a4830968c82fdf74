//! One round over all targets: worker threads take them in blocks, answers are told in the order of the targets.

use super::super::tcp_server::stopped;
use super::super::{Context, stdout};
use super::is_wanted;
use super::probe::{Begun, Finding, Prober};
use super::rows::Rows;
use crate::cli::Connect;
use crate::event::{Events, Outcome};
use crate::net::address::{Host, reachable};
use crate::net::resolve::{Lookup, ResolveLimits};
use crate::scan::{Group, InOrder, Tally, targets};
use crate::sys::reactor::runtime;
use crate::sys::signal::Signal;
use crate::sys::socket::SocketFactory;
use crate::sys::{self, limits};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::{JoinSet, LocalSet};

/// How long a port may take to answer before it counts as filtered: TCP repeats an unanswered SYN after one second
/// (RFC 6298), so the second one gets its chance.
const PATIENCE: Duration = Duration::from_secs(2);
/// Attempts under way at once, if there are descriptors for as many.
const AT_ONCE: u64 = 1024;
/// Descriptors left for everything else.
const SPARE_DESCRIPTORS: u64 = 32;
/// How long the workers may take to close their sockets.
const CLOSING_TIME: Duration = Duration::from_millis(500);
/// Targets a worker takes at once; fewer targets than this need one worker.
const BLOCK: usize = 256;
/// More workers than this only wait for the kernel's one loopback queue.
const WORKERS: usize = 4;

/// What a round is made of.
pub(super) struct Scan<'a> {
    pub(super) args: &'a Connect,
    pub(super) groups: &'a [Group],
    /// Makes the sockets of this round.
    pub(super) sockets: &'a SocketFactory,
    pub(super) deadline: Option<Instant>,
}

/// How a round ended.
pub(super) enum ScanEnd {
    Over(Tally),
    Stopped(Signal),
}

type Found = sys::Result<Vec<SocketAddr>>;
/// Answers with the numbers of their targets; those of one block come together, one wake-up for all.
type Answers = Vec<(usize, sys::Result<Finding>)>;

/// Targets with their numbers: the index of the group, and the port.
type Block = Vec<(usize, (usize, u16))>;

/// What the workers share.
struct Work {
    /// Blocks not taken yet.
    blocks: Mutex<std::vec::IntoIter<Block>>,
    groups: Vec<Group>,
    found: Vec<Found>,
    places: Arc<Semaphore>,
    prober: Prober,
    /// Turns true when the workers are to close everything.
    over: watch::Sender<bool>,
}

impl Scan<'_> {
    pub(super) fn run(&self, rows: &mut Rows, context: &mut Context) -> anyhow::Result<ScanEnd> {
        let runtime = runtime()?;
        let end = runtime.block_on(self.try_all(rows, context));
        runtime.shutdown_background();
        end
    }

    async fn try_all(&self, rows: &mut Rows, context: &mut Context) -> anyhow::Result<ScanEnd> {
        let stop = context.stop.clone();
        let (workers, work) = self.prepare(context);
        if let Some(signal) = stop.signal() {
            return Ok(ScanEnd::Stopped(signal));
        }
        let (tell, mut answers) = mpsc::unbounded_channel();
        for _ in 0..workers {
            let (work, tell) = (Arc::clone(&work), tell.clone());
            std::thread::Builder::new().name("check".into()).spawn(move || worker(&work, &tell))?;
        }
        drop(tell);
        let end = tokio::select! {
            signal = stopped(&stop) => Ok(ScanEnd::Stopped(signal?)),
            end = self.tell_all(&mut answers, rows, context) => end,
        };
        // Whatever the end was, the workers close what they have open, and each socket's last state is told.
        work.over.send_replace(true);
        let closed = async { while answers.recv().await.is_some() {} };
        let _ = tokio::time::timeout(CLOSING_TIME, closed).await;
        end
    }

    async fn tell_all(
        &self,
        answers: &mut mpsc::UnboundedReceiver<Answers>,
        rows: &mut Rows,
        context: &mut Context,
    ) -> anyhow::Result<ScanEnd> {
        let (mut order, mut tally) = (InOrder::default(), Tally::default());
        let told = matches!(rows, Rows::Told) && (context.json || context.events.detailed());
        while let Some(batch) = answers.recv().await {
            for (index, finding) in batch {
                let finding: Finding = finding?;
                tally.count(is_wanted(self.args, finding.outcome));
                tally.failed += usize::from(finding.outcome == Outcome::Failed);
                tally.unresolved += usize::from(finding.outcome == Outcome::Unresolved);
                if told {
                    context.events.emit(finding.event(context.events.detailed()));
                }
                let put = order.push(index, finding).try_for_each(|finding| rows.put(finding, context));
                put.map_err(stdout::failure)?;
            }
        }
        context.report.flush().map_err(stdout::failure)?;
        Ok(ScanEnd::Over(tally))
    }

    fn prepare(&self, context: &Context) -> (usize, Arc<Work>) {
        let named = self.args.timeout.map(|limit| Instant::now() + limit);
        let limits = ResolveLimits {
            deadline: [named, self.deadline].into_iter().flatten().min(),
            stop: &context.stop,
        };
        let events = self.sockets.events();
        let found = resolve(self.groups, Lookup::from(&self.args.client.lookup), limits, events);
        let source = self.args.client.source;
        let found: Vec<Found> = found.into_iter().map(|f| f.map(|found| reachable(source, found))).collect();
        let limit = self.args.timeout.unwrap_or(PATIENCE);
        let left = self.deadline.map(|d| d.saturating_duration_since(Instant::now()));
        // The report is what was asked for; the states of a thousand sockets would bury it.
        let told = events.detailed();
        let prober = Prober {
            sockets: if told { self.sockets.clone() } else { self.sockets.silent() },
            told,
            options: self.args.client.socket.options(),
            source,
            limit: left.map_or(limit, |left| left.min(limit)),
            named: left.filter(|left| *left < limit).and(self.args.wait).unwrap_or(limit),
        };
        let at_once = AT_ONCE.min(limits::raise_descriptors().saturating_sub(SPARE_DESCRIPTORS)).max(1);
        let groups = self.groups.to_vec();
        let all: Vec<_> = targets(&groups).enumerate().collect();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let workers = cores.min(WORKERS).min(all.len().div_ceil(BLOCK));
        let blocks: Vec<_> = all.chunks(BLOCK).map(<[_]>::to_vec).collect();
        let work = Work {
            blocks: Mutex::new(blocks.into_iter()),
            groups,
            found,
            places: Arc::new(Semaphore::new(usize::try_from(at_once).unwrap_or(1))),
            prober,
            over: watch::Sender::new(false),
        };
        (workers, Arc::new(work))
    }
}

/// One worker: on loopback most answers are there at once, the others are waited for in a runtime of its own.
fn worker(work: &Arc<Work>, tell: &mpsc::UnboundedSender<Answers>) {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        // Nobody takes answers any more once the program is ending.
        Err(error) => return drop(tell.send(vec![(0, Err(error))])),
    };
    let mut over = work.over.subscribe();
    let try_blocks = async {
        let mut under_way = JoinSet::new();
        let prober = Rc::new(work.prober.clone());
        let mut connector = prober.connector();
        loop {
            let block = work.blocks.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some(block) = block else { break };
            let mut known = Vec::with_capacity(block.len());
            for (index, (group, port)) in block {
                let host = &work.groups[group].0;
                let begun = match &work.found[group] {
                    Ok(addresses) => prober.begin(host, port, addresses, connector.as_mut()),
                    Err(error) => Ok(Begun::Known(Finding::unresolved(host, port, error))),
                };
                match begun {
                    Ok(Begun::Known(finding)) => known.push((index, Ok(finding))),
                    Err(error) => return drop(tell.send(vec![(index, Err(error))])),
                    Ok(Begun::Pending(pending)) => {
                        // Nobody takes answers any more once the program is ending, here and below.
                        let _ = tell.send(std::mem::take(&mut known));
                        // The semaphore is never closed, so a place always comes.
                        let place = Arc::clone(&work.places).acquire_owned().await.ok();
                        let tell = tell.clone();
                        under_way.spawn_local(async move {
                            let _ = tell.send(vec![(index, Ok(pending.finish().await))]);
                            drop(place);
                        });
                    }
                }
            }
            let _ = tell.send(known);
            while under_way.try_join_next().is_some() {}
            tokio::task::yield_now().await;
        }
        while under_way.join_next().await.is_some() {}
    };
    LocalSet::new().block_on(&runtime, async {
        tokio::select! {
            () = try_blocks => {}
            _ = over.wait_for(|over| *over) => {}
        }
    });
}

/// Looks every host up, the names at the same time.
fn resolve(groups: &[Group], lookup: Lookup, limits: ResolveLimits<'_>, events: &Events) -> Vec<Found> {
    let ask = |host: &Host| limits.resolve(lookup, host, 0, events);
    let names = groups.iter().filter(|(host, _)| matches!(host, Host::Name(_))).count();
    if names < 2 {
        return groups.iter().map(|(host, _)| ask(host)).collect();
    }
    std::thread::scope(|scope| {
        let threads: Vec<_> = groups.iter().map(|(host, _)| scope.spawn(move || ask(host))).collect();
        let died = || Err(sys::Error::new("resolve", "", std::io::Error::other("the look-up failed")));
        threads.into_iter().map(|t| t.join().unwrap_or_else(|_| died())).collect()
    })
}
