//! The socket table of many connections: `stat` beside `ss`.

use crate::feed;
use crate::lines;
use crate::plan::{Plan, in_turns};
use crate::port;
use crate::proc::{Process, installed};
use crate::table::{Goal, Ratio, Table, median};
use anyhow::{Context as _, Result, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::time::Instant;

/// A busy server's table.
const SOCKETS: usize = 18_000;
/// Descriptors left to a holder for everything else.
const SPARE: usize = 64;
/// Runs take tens of milliseconds: more of them for a steady median.
const RUNS_A_ROUND: usize = 3;

/// What is asked, of both.
struct Work {
    name: &'static str,
    ours: &'static [&'static str],
    theirs: &'static [&'static str],
    goal: f64,
}

/// Port 1 stands for one that nobody uses: what is measured is finding it among all others.
const WORKS: [Work; 4] = [
    Work { name: "the whole TCP table", ours: &["-t"], theirs: &["-tan"], goal: 0.8 },
    Work {
        name: "one port",
        ours: &["-t", "1"],
        theirs: &["-tan", "( sport = :1 or dport = :1 )"],
        goal: 1.0,
    },
    Work { name: "with processes", ours: &["-tp"], theirs: &["-tanp"], goal: 0.6 },
    Work { name: "with TCP_INFO", ours: &["-te"], theirs: &["-tanie"], goal: 1.0 },
];

/// Measures each work beside `ss` over the same sockets.
pub fn run(table: &mut Table, plan: &Plan) {
    if !installed("ss") {
        return table.skip("stat", "no ss");
    }
    let (_holders, count) = match crowd() {
        Ok(crowd) => crowd,
        Err(error) => return table.fail("stat", &error),
    };
    for work in &WORKS {
        let name = format!("stat, {} of {count}", work.name);
        let mut times =
            in_turns(plan.rounds * RUNS_A_ROUND, &[true, false], |ours| ask(plan, work, ours)).into_iter();
        match (times.next(), times.next()) {
            (Some(Ok(ours)), Some(Ok(theirs))) => {
                let show = |times: &[f64]| format!("{:.1} ms", median(times).unwrap_or_default() * 1e3);
                let ratio = Ratio::of(ours.iter().copied().zip(theirs.iter().copied()));
                let peer = format!("ss {} {}", work.theirs[0], show(&theirs));
                table.compare(&name, show(&ours), peer, ratio, Goal::AtMost(work.goal));
            }
            (Some(Err(error)), _) => table.fail(&name, &error),
            (_, Some(Err(error))) => table.skip(&name, &format!("ss: {error:#}")),
            _ => {}
        }
    }
}

/// Seconds of one run.
fn ask(plan: &Plan, work: &Work, ours: bool) -> Result<f64> {
    let mut command;
    if ours {
        command = Command::new(&plan.soquete);
        command.arg("stat").args(work.ours);
    } else {
        command = Command::new("ss");
        command.args(work.theirs);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let status = Process::spawn(command)?.finish_anyhow()?.status;
    let wall = start.elapsed().as_secs_f64();
    // Ours says 1 where nothing matches.
    ensure!(matches!(status.code(), Some(0 | 1)), "ended with {status}");
    Ok(wall)
}

/// Opens connections in as many processes as their limits of descriptors ask for; held until those are dropped.
fn crowd() -> Result<(Vec<Process>, usize)> {
    let (mut holders, mut open) = (Vec::new(), 0);
    while open < SOCKETS {
        let (said, stdout) = feed::pipe()?;
        let mut command = Command::new(std::env::current_exe().context("find this program")?);
        command.args(["--hold-sockets", &(SOCKETS - open).to_string()]);
        command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::inherit());
        holders.push(Process::spawn(command)?);
        let held: usize = lines::wait_for(&said, |line| line.strip_prefix("holding ")?.parse().ok())?;
        ensure!(held > 0, "no descriptors for sockets");
        open += held;
    }
    Ok((holders, open))
}

/// Opens up to `count` sockets, both ends of connections over loopback, says how many, and waits to be killed.
#[allow(clippy::print_stdout)]
pub fn hold(count: usize) -> Result<()> {
    let most = raise_limit()?.saturating_sub(SPARE);
    let pairs = count.min(most) / 2;
    let listener = port::listener()?;
    let address = rustix::net::getsockname(&listener).context("getsockname")?;
    let mut held: Vec<OwnedFd> = Vec::with_capacity(pairs * 2);
    for _ in 0..pairs {
        let client = port::socket()?;
        rustix::net::connect(&client, &address).context("connect")?;
        held.push(client);
        held.push(rustix::net::accept(&listener).context("accept")?);
    }
    println!("holding {}", held.len());
    loop {
        std::thread::park();
    }
}

/// As many descriptors as this process may have.
pub fn raise_limit() -> Result<usize> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).context("setrlimit")?;
    Ok(maximum.map_or(SOCKETS + SPARE, |most| usize::try_from(most).unwrap_or(usize::MAX)))
}
