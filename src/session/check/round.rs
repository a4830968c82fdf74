//! One round over all targets: worker tasks take them in blocks, findings are reported in the order of the targets.

use super::super::proxy_client::ProxyClient;
use super::super::wait::stopped;
use super::super::{Context, stdout};
use super::Config;
use super::deeper::Deeper;
use super::finding::Finding;
use super::probe::{Probe, Prober};
use super::rows::Rows;
use crate::event::{Address, Events, Outcome};
use crate::net::address::Host;
use crate::net::resolve::ResolveLimits;
use crate::net::source::reachable;
use crate::scan::{Block, Group, InOrder, Tally, blocks};
use crate::sys::reactor::threaded_runtime;
use crate::sys::signal::Signal;
use crate::sys::socket::SocketFactory;
use crate::sys::{self, limits};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::{Semaphore, mpsc};

/// How long a port may take to answer before it counts as filtered: TCP repeats an unanswered SYN after one second
/// (RFC 6298), and the second one may still be answered.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(2);
/// Attempts under way at once, if there are descriptors for as many.
const CONCURRENCY: u64 = 1024;
/// Descriptors left for everything else.
const SPARE_DESCRIPTORS: u64 = 32;
/// How long the workers may take to close their sockets.
const CLOSING_TIME: Duration = Duration::from_millis(500);
/// Targets a worker takes at once; fewer targets than this need one worker.
const BLOCK: usize = 256;
/// More workers than this only wait for the kernel's one loopback queue.
const WORKERS: usize = 4;
/// Batches of findings that wait for the report.
const QUEUE: usize = 64;

/// One round of a check.
pub(super) struct Round<'a> {
    pub(super) config: &'a Config,
    /// Makes the sockets of this round.
    pub(super) sockets: &'a SocketFactory,
    /// The end of all rounds.
    pub(super) deadline: Option<Instant>,
}

/// How a round ended.
pub(super) enum RoundEnd {
    Complete(Tally),
    Stopped(Signal),
}

type Found = sys::Result<Vec<SocketAddr>>;

/// Where the targets of a group are.
enum Place {
    /// A host and its addresses.
    Host(Host, Found),
    /// A host whose ports a proxy connects to.
    Behind(Host, Arc<ProxyClient>),
    /// A UNIX or vsock socket.
    Socket(Address),
}

/// Findings with the numbers of their targets; those of one block come together, one wake-up for all.
type Findings = Vec<(usize, sys::Result<Finding>)>;

/// What the workers share.
struct Work {
    /// Blocks not taken yet.
    blocks: Mutex<std::vec::IntoIter<Block>>,
    /// The place of each group.
    places: Vec<Place>,
    permits: Arc<Semaphore>,
    prober: Prober,
}

impl Round<'_> {
    pub(super) fn run(&self, rows: &mut Rows, context: &mut Context) -> anyhow::Result<RoundEnd> {
        let places = self.resolve(context);
        if let Some(signal) = context.stop.signal() {
            return Ok(RoundEnd::Stopped(signal));
        }
        let blocks = blocks(&self.config.groups, BLOCK);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let workers = cores.min(WORKERS).min(blocks.len()).max(1);
        let descriptors = limits::raise_descriptors().saturating_sub(SPARE_DESCRIPTORS);
        let concurrency = usize::try_from(CONCURRENCY.min(descriptors).max(1)).unwrap_or(1);
        let work = Work {
            blocks: Mutex::new(blocks.into_iter()),
            places,
            permits: Arc::new(Semaphore::new(concurrency)),
            prober: self.prober(),
        };
        let runtime = threaded_runtime(workers)?;
        let end = runtime.block_on(self.probe_all(workers, Arc::new(work), rows, context));
        // However it ended, the workers close their sockets, which emit their last states.
        runtime.shutdown_timeout(CLOSING_TIME);
        end
    }

    async fn probe_all(
        &self,
        workers: usize,
        work: Arc<Work>,
        rows: &mut Rows,
        context: &mut Context,
    ) -> anyhow::Result<RoundEnd> {
        let stop = context.stop.clone();
        let (sender, mut findings) = channel(QUEUE);
        for _ in 0..workers {
            tokio::spawn(worker(Arc::clone(&work), sender.clone()));
        }
        drop((sender, work));
        tokio::select! {
            signal = stopped(&stop) => Ok(RoundEnd::Stopped(signal?)),
            end = self.report_all(&mut findings, rows, context) => end,
        }
    }

    async fn report_all(
        &self,
        findings: &mut Receiver<Findings>,
        rows: &mut Rows,
        context: &mut Context,
    ) -> anyhow::Result<RoundEnd> {
        let (mut order, mut tally) = (InOrder::default(), Tally::default());
        let emits = !matches!(rows, Rows::Held(_)) && (context.json || context.events.detailed());
        while let Some(batch) = findings.recv().await {
            for (index, finding) in batch {
                let finding: Finding = finding?;
                tally.count(self.counted(finding.outcome), self.config.wanted);
                if emits {
                    context.events.emit(finding.event(context.events.detailed()));
                }
                let pushed = order.push(index, finding).try_for_each(|finding| rows.push(finding, context));
                pushed.map_err(stdout::failure)?;
            }
        }
        context.report.flush().map_err(stdout::failure)?;
        Ok(RoundEnd::Complete(tally))
    }

    /// A proxy that fails is no failure of this machine: it may do better, and the target may be open.
    fn counted(&self, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Failed if self.config.proxy.is_some() => Outcome::Filtered,
            outcome => outcome,
        }
    }

    fn prober(&self) -> Prober {
        let config = self.config;
        let limit = config.timeout.unwrap_or(DEFAULT_TIMEOUT);
        let left = self.deadline.map(|d| d.saturating_duration_since(Instant::now()));
        // The report is what was asked for; the states of a thousand sockets would bury it. Packets stand between states.
        let observed = self.sockets.events().detailed() || self.sockets.is_captured();
        Prober {
            sockets: if observed { self.sockets.clone() } else { self.sockets.silent() },
            observed,
            deeper: Deeper { tls: config.tls.clone(), question: config.question.clone() },
            options: config.options.clone(),
            source: config.source,
            lookup: config.lookup,
            limit: left.map_or(limit, |left| left.min(limit)),
            named: left.filter(|left| *left < limit).and(config.wait).unwrap_or(limit),
        }
    }

    /// Looks every host up, the names at the same time.
    fn resolve(&self, context: &Context) -> Vec<Place> {
        let (lookup, source) = (self.config.lookup, self.config.source);
        let timeout = self.config.timeout.map(|limit| Instant::now() + limit);
        let deadline = [timeout, self.deadline].into_iter().flatten().min();
        let limits = ResolveLimits { deadline, stop: &context.stop };
        let events: &Events = self.sockets.events();
        let ask = |group: &Group| match group {
            Group::Socket(address) => Place::Socket(address.clone()),
            Group::Ports(host, _) if let Some(proxy) = &self.config.proxy => {
                Place::Behind(host.clone(), Arc::clone(proxy))
            }
            Group::Ports(host, _) => {
                let found = limits.resolve(lookup, host, 0, events);
                Place::Host(host.clone(), found.map(|found| reachable(source, found)))
            }
        };
        let groups = &self.config.groups;
        let is_name = |group: &&Group| matches!(group, Group::Ports(Host::Name(_), _));
        if self.config.proxy.is_some() || groups.iter().filter(is_name).count() < 2 {
            return groups.iter().map(ask).collect();
        }
        std::thread::scope(|scope| {
            let threads: Vec<_> =
                groups.iter().map(|group| (group, scope.spawn(move || ask(group)))).collect();
            let panicked = || sys::Error::new("resolve", "", std::io::Error::other("the lookup failed"));
            let join = |(group, thread): (&Group, std::thread::ScopedJoinHandle<'_, Place>)| {
                thread.join().unwrap_or_else(|_| match group {
                    Group::Ports(host, _) => Place::Host(host.clone(), Err(panicked())),
                    Group::Socket(address) => Place::Socket(address.clone()),
                })
            };
            threads.into_iter().map(join).collect()
        })
    }
}

/// Takes blocks until there are none. On loopback most answers are there at once; each of the others is awaited by a
/// task of its own. A receiver that is gone ends all of them.
async fn worker(work: Arc<Work>, sender: Sender<Findings>) -> Result<(), mpsc::error::SendError<Findings>> {
    let mut connector = work.prober.connector();
    let next = || work.blocks.lock().unwrap_or_else(PoisonError::into_inner).next();
    while let Some(block) = next() {
        let mut known = Vec::with_capacity(block.len());
        for (index, (group, port)) in block {
            let probe = match &work.places[group] {
                Place::Host(host, Ok(addresses)) => {
                    work.prober.begin(host, port, addresses, connector.as_mut())
                }
                Place::Host(host, Err(error)) => Ok(Probe::Done(Finding::unresolved(host, port, error))),
                Place::Behind(host, proxy) => {
                    let (work, sender) = (Arc::clone(&work), sender.clone());
                    let (host, proxy) = (host.clone(), Arc::clone(proxy));
                    let permit = Arc::clone(&work.permits).acquire_owned().await.ok();
                    tokio::spawn(async move {
                        let finding = work.prober.through(&proxy, host, port).await;
                        drop(permit);
                        sender.send(vec![(index, finding)]).await
                    });
                    continue;
                }
                Place::Socket(address) => {
                    let (work, sender, address) = (Arc::clone(&work), sender.clone(), address.clone());
                    let permit = Arc::clone(&work.permits).acquire_owned().await.ok();
                    tokio::spawn(async move {
                        let finding = work.prober.connect(&address).await;
                        drop(permit);
                        sender.send(vec![(index, finding)]).await
                    });
                    continue;
                }
            };
            match probe {
                Ok(Probe::Done(finding)) => known.push((index, Ok(finding))),
                Err(error) => return sender.send(vec![(index, Err(error))]).await,
                Ok(Probe::Pending(pending)) => {
                    if !known.is_empty() {
                        sender.send(std::mem::take(&mut known)).await?;
                    }
                    // The semaphore is never closed.
                    let permit = Arc::clone(&work.permits).acquire_owned().await.ok();
                    let sender = sender.clone();
                    tokio::spawn(async move {
                        let finding = pending.finish().await;
                        drop(permit);
                        sender.send(vec![(index, Ok(finding))]).await
                    });
                }
            }
        }
        sender.send(known).await?;
        tokio::task::yield_now().await;
    }
    Ok(())
}
