//! One line to a thousand connections and all answers back: `multi-connect` beside the bare loop of this folder.

use crate::plan::{Plan, in_turns};
use crate::port;
use crate::proc::Process;
use crate::table::{Goal, Ratio, Table, median};
use anyhow::{Context as _, Result, ensure};
use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Connections.
const MANY: usize = 1000;
const LINE: &str = "a line to all\n";

#[derive(Clone, Copy)]
enum Client {
    Soquete(&'static [&'static str]),
    Bare,
}

/// One run: seconds by the clock and of CPU.
struct Sample {
    wall: f64,
    cpu: f64,
}

/// Measures with events and without, and with answers in order.
pub fn run(table: &mut Table, plan: &Plan) {
    let works = [
        ("multi-connect, 1,000 connections", &["multi-connect"][..]),
        ("the same with -q", &["-q", "multi-connect"]),
        ("the same with --ordered", &["-q", "multi-connect", "--ordered"]),
    ];
    if let Err(error) = compare(table, plan, works) {
        table.fail(works[0].0, &error);
    }
}

fn compare(table: &mut Table, plan: &Plan, works: [(&str, &'static [&'static str]); 3]) -> Result<()> {
    let port = port::free()?;
    let mut server = Command::new(std::env::current_exe().context("find this program")?);
    server.args(["--bare-echo", &port.to_string()]).stdin(Stdio::null()).stdout(Stdio::null());
    let server = Process::spawn(server)?;
    port::listening(port, &server)?;
    let targets = plan.folder.path().join("targets");
    std::fs::write(&targets, format!("127.0.0.1:{port}\n").repeat(MANY))?;
    std::fs::write(plan.input(), LINE)?;
    let clients: Vec<Client> =
        works.iter().map(|(_, words)| Client::Soquete(words)).chain([Client::Bare]).collect();
    let mut samples = in_turns(plan.rounds, &clients, |client| talk(plan, client, port, &targets));
    let bare = samples.pop().context("the bare loop was measured")??;
    for ((work, _), ours) in works.iter().zip(samples) {
        match ours {
            Ok(ours) => {
                let ratio = Ratio::of(ours.iter().map(|s| s.wall).zip(bare.iter().map(|s| s.wall)));
                let peer = format!("bare epoll loop {}", show(&bare));
                table.compare(work, show(&ours), peer, ratio, Goal::AtMost(2.0));
            }
            Err(error) => table.fail(work, &error),
        }
    }
    server.terminate().map(drop)
}

fn show(samples: &[Sample]) -> String {
    let middle = |figure: fn(&Sample) -> f64| {
        median(&samples.iter().map(figure).collect::<Vec<_>>()).unwrap_or_default() * 1e3
    };
    format!("{:.0} ms, {:.0} ms CPU", middle(|s| s.wall), middle(|s| s.cpu))
}

fn talk(plan: &Plan, client: Client, port: u16, targets: &PathBuf) -> Result<Sample> {
    let mut command = match client {
        Client::Soquete(words) => {
            let mut command = Command::new(&plan.soquete);
            command.args(words).arg("--targets").arg(targets);
            command
        }
        Client::Bare => {
            let mut command = Command::new(std::env::current_exe().context("find this program")?);
            command.args(["--bare-fan", &port.to_string(), &MANY.to_string()]);
            command
        }
    };
    let output = File::create(plan.output())?;
    command.stdin(File::open(plan.input())?).stdout(output).stderr(Stdio::null());
    let start = Instant::now();
    let usage = Process::spawn(command)?.finish()?;
    let wall = start.elapsed().as_secs_f64();
    let answers = std::fs::read_to_string(plan.output())?;
    let expected = format!("[127.0.0.1:{port}] {LINE}").repeat(MANY);
    ensure!(answers == expected, "{} of {} bytes of answers came", answers.len(), expected.len());
    Ok(Sample { wall, cpu: usage.cpu })
}
