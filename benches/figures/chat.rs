//! A room full of clients: `chat-serve` beside `ncat --broker` and `nats-server`; what a client costs, and what one who
//! does not read costs the others.

use crate::crowd::{Crowd, Joined, Speech};
use crate::plan::{Plan, in_turns};
use crate::port;
use crate::proc::{Process, installed};
use crate::sockets::raise_limit;
use crate::table::{Goal, Ratio, Table, median};
use anyhow::Result;
use std::process::{Command, Stdio};

#[derive(Clone, Copy, PartialEq)]
enum Server {
    Soquete,
    Ncat,
    Nats,
}

struct Work {
    name: &'static str,
    crowd: Crowd,
    /// How many times as many deliveries a second as ncat's and nats-server's; `None` where the peer cannot do it.
    goals: [Option<f64>; 2],
}

const fn crowd(clients: usize, talkers: usize, lines: usize, stalled: usize) -> Crowd {
    Crowd { clients, talkers, lines, stalled }
}

const WORKS: [Work; 4] = [
    Work { name: "100 clients, all talk", crowd: crowd(100, 100, 20, 0), goals: [Some(1.0), Some(3.0)] },
    Work { name: "900 clients, all talk", crowd: crowd(900, 900, 1, 0), goals: [Some(10.0), Some(8.0)] },
    Work { name: "900 clients, 10 talk", crowd: crowd(900, 10, 50, 0), goals: [Some(1.0), Some(3.0)] },
    // ncat dies with more than 1,000: it waits with select(2).
    Work { name: "10,000 clients, 10 talk", crowd: crowd(10_000, 10, 20, 0), goals: [None, Some(4.0)] },
];

/// A lively room has 100 lines a second; this is a tenth of an hour of them.
const MINUTES: Crowd = crowd(20, 10, 3_600, 0);
const TENTHS: usize = 10;
/// Long enough for a stalled reader to be far behind.
const WITHOUT_STALLED: Crowd = crowd(100, 10, 20_000, 0);
const WITH_STALLED: Crowd = crowd(101, 10, 20_000, 1);
const MANY_STALLED: Crowd = crowd(150, 10, 5_000, 50);
/// Descriptors of this program besides the clients'.
const SPARE: usize = 64;

/// One run of a server.
#[derive(Clone, Copy)]
struct Sample {
    /// Deliveries a second.
    rate: f64,
    /// The server's CPU time for one delivery, seconds.
    cpu: f64,
    /// The server's largest resident size, kB.
    memory: f64,
}

/// Measures the works beside both peers, then what only concerns us.
pub fn run(table: &mut Table, plan: &Plan) {
    let descriptors = raise_limit().unwrap_or(0);
    for work in &WORKS {
        if descriptors < work.crowd.clients + SPARE {
            table.skip(work.name, &format!("{descriptors} descriptors are too few"));
        } else if let Some(ours) = compare(table, plan, work)
            && work.crowd.clients >= 10_000
        {
            memory_of_one(table, work, &ours);
        }
    }
    flat(table, plan);
    stalled(table, plan);
}

fn compare(table: &mut Table, plan: &Plan, work: &Work) -> Option<Vec<Sample>> {
    let peers = [(Server::Ncat, "ncat", work.goals[0]), (Server::Nats, "nats-server", work.goals[1])];
    let present: Vec<_> =
        peers.into_iter().filter(|(_, name, goal)| goal.is_some() && installed(name)).collect();
    let servers: Vec<Server> = std::iter::once(Server::Soquete).chain(present.iter().map(|p| p.0)).collect();
    let mut measured = in_turns(plan.rounds, &servers, |server| sample(plan, server, work.crowd)).into_iter();
    let ours = match measured.next()? {
        Ok(ours) => ours,
        Err(error) => {
            table.fail(work.name, &error);
            return None;
        }
    };
    for ((_, name, goal), theirs) in present.iter().zip(measured) {
        match theirs {
            Ok(theirs) => {
                let ratio = Ratio::of(ours.iter().zip(&theirs).map(|(a, b)| (a.rate, b.rate)));
                let peer = format!("{name} {}", show(&theirs));
                table.compare(work.name, show(&ours), peer, ratio, Goal::AtLeast(goal.unwrap_or_default()));
            }
            Err(error) => table.skip(work.name, &format!("{name}: {error:#}")),
        }
    }
    for (_, name, _) in peers.iter().filter(|(_, name, goal)| goal.is_some() && !installed(name)) {
        table.skip(work.name, &format!("no {name}"));
    }
    Some(ours)
}

fn middle(samples: &[Sample], figure: fn(&Sample) -> f64) -> f64 {
    median(&samples.iter().map(figure).collect::<Vec<_>>()).unwrap_or_default()
}

fn show(samples: &[Sample]) -> String {
    let (rate, cpu) = (middle(samples, |s| s.rate), middle(samples, |s| s.cpu));
    format!("{:.2} M/s, {:.2} µs CPU", rate / 1e6, cpu * 1e6)
}

#[allow(clippy::cast_precision_loss)] // thousands
fn memory_of_one(table: &mut Table, work: &Work, ours: &[Sample]) {
    const MOST: f64 = 12.0;
    let each: Vec<f64> = ours.iter().map(|s| s.memory / work.crowd.clients as f64).collect();
    let ratio = Ratio::of(each.iter().map(|kilobytes| (*kilobytes, MOST)));
    let name = format!("{}: memory of one", work.name);
    let ours = format!("{:.1} kB", median(&each).unwrap_or_default());
    table.compare(&name, ours, format!("bound {MOST} kB"), ratio, Goal::AtMost(1.0));
}

/// What an hour's lines leave in memory.
fn flat(table: &mut Table, plan: &Plan) {
    let name = "memory after an hour's 360,000 lines";
    match an_hour(plan) {
        Ok((minutes, hour)) => {
            let show = |kilobytes: f64| format!("{:.1} MB", kilobytes / 1e3);
            let peer = format!("itself after a tenth {}", show(minutes));
            table.compare(name, show(hour), peer, Ratio::of([(hour, minutes)]), Goal::AtMost(1.1));
        }
        Err(error) => table.fail(name, &error),
    }
}

/// The largest resident size after the first tenth and after all, kB.
fn an_hour(plan: &Plan) -> Result<(f64, f64)> {
    let (process, mut joined) = start(plan, Server::Soquete, MINUTES)?;
    let mut sizes = Vec::new();
    for _ in 0..TENTHS {
        joined.talk()?;
        sizes.push(process.peak_memory()?);
    }
    Ok((sizes[0], sizes[TENTHS - 1]))
}

/// What readers that never read cost the others and the server.
fn stalled(table: &mut Table, plan: &Plan) {
    let crowds = [WITH_STALLED, MANY_STALLED, WITHOUT_STALLED];
    let mut measured = in_turns(plan.rounds, &crowds, |crowd| sample(plan, Server::Soquete, crowd));
    let without = match measured.pop() {
        Some(Ok(without)) => without,
        Some(Err(error)) => return table.fail("one stalled reader among 100", &error),
        None => return,
    };
    let mut measured = measured.into_iter();
    match measured.next() {
        Some(Ok(with)) => {
            let ratio = Ratio::of(with.iter().zip(&without).map(|(a, b)| (a.rate, b.rate)));
            let peer = format!("itself without {}", show(&without));
            table.compare("one stalled reader among 100", show(&with), peer, ratio, Goal::AtLeast(0.9));
        }
        Some(Err(error)) => table.fail("one stalled reader among 100", &error),
        None => {}
    }
    match measured.next() {
        Some(Ok(many)) => {
            /// The limit of 4 MiB a reader may be behind by default, once for all, and the program itself.
            const MOST: f64 = 20.0;
            let megabytes: Vec<f64> = many.iter().map(|s| s.memory / 1e3).collect();
            let ratio = Ratio::of(megabytes.iter().map(|m| (*m, MOST)));
            let ours = format!("{:.1} MB", median(&megabytes).unwrap_or_default());
            let peer = format!("bound {MOST} MB");
            table.compare("50 stalled readers among 100: memory", ours, peer, ratio, Goal::AtMost(1.0));
        }
        Some(Err(error)) => table.fail("50 stalled readers among 100: memory", &error),
        None => {}
    }
}

fn sample(plan: &Plan, server: Server, crowd: Crowd) -> Result<Sample> {
    let (process, mut joined) = start(plan, server, crowd)?;
    let before = process.cpu()?;
    let heard = joined.talk()?;
    let (cpu, memory) = (process.cpu()? - before, process.peak_memory()?);
    Ok(Sample { rate: heard.deliveries / heard.seconds, cpu: cpu / heard.deliveries, memory })
}

/// Starts a server and lets everybody in.
fn start(plan: &Plan, server: Server, crowd: Crowd) -> Result<(Process, Joined)> {
    let port = port::free()?;
    let number = port.to_string();
    let mut command = match server {
        Server::Soquete => Command::new(&plan.soquete),
        Server::Ncat => Command::new("ncat"),
        Server::Nats => Command::new("nats-server"),
    };
    match server {
        Server::Soquete => command.args(["chat-serve", "127.0.0.1", &number]),
        Server::Ncat => command.args(["-l", "--broker", "--max-conns", "100000", "127.0.0.1", &number]),
        Server::Nats => command.args(["-a", "127.0.0.1", "-p", &number]),
    };
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let process = Process::spawn(command)?;
    port::listening(port, &process)?;
    let speech = if server == Server::Nats { Speech::Nats } else { Speech::Lines };
    let joined = Joined::enter(port, crowd, speech)?;
    Ok((process, joined))
}
