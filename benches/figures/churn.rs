//! Connections a second through an echo server: ours beside the bare loop of this folder and beside socat.

use crate::load::{self, Load};
use crate::plan::{Plan, in_turns};
use crate::port;
use crate::proc::{Process, installed};
use crate::table::{Goal, Ratio, Table, median};
use anyhow::{Context as _, Result};
use std::fmt::Write as _;
use std::process::{Command, Stdio};

/// An echo server.
#[derive(Clone, Copy, PartialEq)]
enum Server {
    /// Events printed, to /dev/null.
    Soquete,
    /// Errors only.
    SoqueteQuiet,
    /// The practical limit of one thread: `echo.rs`.
    Bare,
    /// One process a connection.
    Socat,
}

/// One burst of load.
struct Sample {
    load: Load,
    /// The server's, seconds for each connection.
    cpu: f64,
}

/// Measures both of our rows beside both peers.
pub fn run(table: &mut Table, plan: &Plan) {
    let mut servers = vec![Server::Soquete, Server::SoqueteQuiet, Server::Bare];
    if installed("socat") {
        servers.push(Server::Socat);
    } else {
        table.skip("listen -k --echo", "no socat");
    }
    let mut measured: Vec<_> =
        servers.iter().copied().zip(in_turns(plan.rounds, &servers, |server| burst(plan, server))).collect();
    let peers = measured.split_off(2);
    for (ours, samples) in &measured {
        let work = if *ours == Server::Soquete { "listen -k --echo, 64 clients" } else { "the same with -q" };
        let samples = match samples {
            Ok(samples) => samples,
            Err(error) => {
                table.fail(work, error);
                continue;
            }
        };
        for (peer, theirs) in &peers {
            let (name, goal) =
                if *peer == Server::Bare { ("bare epoll loop", 0.75) } else { ("socat fork", 5.0) };
            match theirs {
                Ok(theirs) => {
                    let pairs =
                        samples.iter().zip(theirs).map(|(ours, theirs)| (ours.load.rate, theirs.load.rate));
                    let peer = format!("{name} {}", describe(theirs));
                    table.compare(work, describe(samples), peer, Ratio::of(pairs), Goal::AtLeast(goal));
                }
                Err(error) => table.skip(work, &format!("{name}: {error:#}")),
            }
        }
    }
}

fn describe(samples: &[Sample]) -> String {
    let middle = |figure: fn(&Sample) -> f64| {
        median(&samples.iter().map(figure).collect::<Vec<_>>()).unwrap_or_default()
    };
    let failed: u64 = samples.iter().map(|sample| sample.load.failed).sum();
    let mut text = format!(
        "{:.0}/s, p99 {:.1} ms, {:.0} µs CPU",
        middle(|sample| sample.load.rate),
        middle(|sample| sample.load.p99) * 1e3,
        middle(|sample| sample.cpu) * 1e6
    );
    if failed > 0 {
        let _ = write!(text, ", {failed} failed");
    }
    text
}

fn burst(plan: &Plan, server: Server) -> Result<Sample> {
    let port = port::free()?;
    let mut command = match server {
        Server::Soquete | Server::SoqueteQuiet => Command::new(&plan.soquete),
        Server::Bare => Command::new(std::env::current_exe().context("find this program")?),
        Server::Socat => Command::new("socat"),
    };
    match server {
        Server::Soquete => command.args(["listen", "-k", "--echo", "127.0.0.1", &port.to_string()]),
        Server::SoqueteQuiet => {
            command.args(["-q", "listen", "-k", "--echo", "127.0.0.1", &port.to_string()])
        }
        Server::Bare => command.args(["--bare-echo", &port.to_string()]),
        // Its default backlog of 5 would measure retransmitted SYNs.
        Server::Socat => {
            command.args([&format!("TCP4-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr,backlog=1024"), "PIPE"])
        }
    };
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let process = Process::spawn(command)?;
    port::listening(port, &process)?;
    let load = load::generate(port)?;
    let cpu = process.terminate()?.cpu / load.done;
    Ok(Sample { load, cpu })
}
