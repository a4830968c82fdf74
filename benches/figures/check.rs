//! Every TCP port of localhost: `connect --check` beside a SYN scan of nmap, which needs root.

use crate::plan::{Plan, in_turns};
use crate::proc::{Process, installed};
use crate::table::{Goal, Ratio, Table, median};
use anyhow::{Result, ensure};
use std::process::{Command, Stdio};
use std::time::Instant;

#[derive(Clone, Copy)]
enum Scanner {
    Soquete(&'static [&'static str]),
    Nmap,
}

/// Measures with events and without, both beside nmap.
pub fn run(table: &mut Table, plan: &Plan) {
    let works = [("connect --check localhost 1-65535", &[][..]), ("the same with -q", &["-q"][..])];
    if !installed("nmap") {
        return table.skip(works[0].0, "no nmap");
    }
    if !rustix::process::geteuid().is_root() {
        return table.skip(works[0].0, "nmap -sS needs root");
    }
    let scanners = [Scanner::Soquete(works[0].1), Scanner::Soquete(works[1].1), Scanner::Nmap];
    let mut times = in_turns(plan.rounds, &scanners, |scanner| scan(plan, scanner));
    let nmap = match times.pop() {
        Some(Ok(nmap)) => nmap,
        Some(Err(error)) => return table.skip(works[0].0, &format!("nmap: {error:#}")),
        None => return,
    };
    let show = |times: &[f64]| format!("{:.2} s", median(times).unwrap_or_default());
    for ((work, _), ours) in works.iter().zip(times) {
        match ours {
            Ok(ours) => {
                let ratio = Ratio::of(ours.iter().copied().zip(nmap.iter().copied()));
                let peer = format!("nmap -sS -p- -T5 {}", show(&nmap));
                table.compare(work, show(&ours), peer, ratio, Goal::AtMost(1.2));
            }
            Err(error) => table.fail(work, &error),
        }
    }
}

/// Seconds of one whole scan.
fn scan(plan: &Plan, scanner: Scanner) -> Result<f64> {
    let mut command = match scanner {
        Scanner::Soquete(flags) => {
            let mut command = Command::new(&plan.soquete);
            command.args(flags).args(["connect", "--check", "localhost", "1-65535"]);
            command
        }
        Scanner::Nmap => {
            let mut command = Command::new("nmap");
            command.args(["-sS", "-p-", "-T5", "localhost"]);
            command
        }
    };
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let status = Process::spawn(command)?.finish_anyhow()?.status;
    let wall = start.elapsed().as_secs_f64();
    // Our exit codes: 0 all open, 4 some, 1 none; anything else is no scan.
    ensure!(matches!(status.code(), Some(0 | 1 | 4)), "ended with {status}");
    Ok(wall)
}
