//! Datagrams received a second: `udp-serve` and the bare recvmmsg loop of this folder, both with `udp-send` as the sender.

use crate::datagrams::Sink;
use crate::plan::{Plan, in_turns};
use crate::port;
use crate::proc::{Process, until};
use crate::table::{Goal, Ratio, Table, median};
use anyhow::{Context as _, Result, ensure};
use std::fmt::Write as _;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Datagrams sent in one run.
const COUNT: u32 = 1_500_000;

/// The lengths of the datagrams.
#[derive(Clone, Copy)]
enum Lengths {
    /// 64 bytes each.
    Equal,
    /// 20 to 200 bytes, up and down.
    Changing,
}

/// The receiver.
#[derive(Clone, Copy)]
enum Receiver {
    /// With these arguments.
    Soquete(&'static [&'static str]),
    /// A thread of this program.
    Bare,
}

/// One run.
struct Reception {
    /// Datagrams received a second, from the sender's start until the queue is empty.
    rate: f64,
    /// Datagrams that found the queue full.
    dropped: f64,
}

/// Measures receiving. The goals are the ratios measured when `UDP_GRO` was tried in this program.
pub fn run(table: &mut Table, plan: &Plan) {
    for (lengths, name, goal) in [
        (Lengths::Equal, "1,500,000 datagrams of 64 bytes", 6.4 / 1.4),
        (Lengths::Changing, "1,500,000 datagrams of 20 to 200 bytes", 1.4),
    ] {
        if let Err(error) = compare(table, plan, lengths, name, goal) {
            table.fail(name, &error);
        }
    }
}

fn compare(table: &mut Table, plan: &Plan, lengths: Lengths, name: &str, goal: f64) -> Result<()> {
    let input = plan.folder.path().join("datagrams");
    std::fs::write(&input, lengths.lines()).context("write a file")?;
    let works = [("udp-serve -q", &["-q", "udp-serve"][..]), ("udp-serve", &["udp-serve"])];
    let receivers = [Receiver::Soquete(works[0].1), Receiver::Soquete(works[1].1), Receiver::Bare];
    let mut measured = in_turns(plan.rounds, &receivers, |receiver| receive(plan, receiver, &input));
    let bare = measured.pop().context("nothing was measured")??;
    for ((command, _), ours) in works.iter().zip(measured) {
        let work = format!("{command}, {name}");
        match ours {
            Ok(ours) => {
                let ratio = Ratio::of(ours.iter().zip(&bare).map(|(ours, bare)| (ours.rate, bare.rate)));
                let peer = format!("bare recvmmsg loop {}", show(&bare));
                table.compare(&work, show(&ours), peer, ratio, Goal::AtLeast((goal * 10.0).round() / 10.0));
            }
            Err(error) => table.fail(&work, &error),
        }
    }
    Ok(())
}

fn show(receptions: &[Reception]) -> String {
    let middle = |figure: fn(&Reception) -> f64| {
        median(&receptions.iter().map(figure).collect::<Vec<_>>()).unwrap_or_default()
    };
    format!("{:.2} M/s, {:.0} lost", middle(|r| r.rate) / 1e6, middle(|r| r.dropped))
}

fn receive(plan: &Plan, receiver: Receiver, input: &Path) -> Result<Reception> {
    match receiver {
        Receiver::Bare => {
            let sink = Sink::start()?;
            let start = Instant::now();
            send(plan, sink.port, input)?;
            let wall = start.elapsed().as_secs_f64();
            let taken = sink.finish()?;
            ensure!(taken.arrived == u64::from(COUNT), "{} datagrams were sent", taken.arrived);
            reception(wall, u32::try_from(taken.dropped)?)
        }
        Receiver::Soquete(words) => {
            let port = port::free_for_datagrams()?;
            let mut command = Command::new(&plan.soquete);
            command.args(words).args(["127.0.0.1", &port.to_string()]);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let server = Process::spawn(command)?;
            port::receiving(port, &server)?;
            let start = Instant::now();
            send(plan, port, input)?;
            let dropped = until(&server, || Ok(port::drops_if_empty(port)))?;
            let wall = start.elapsed().as_secs_f64();
            server.terminate()?;
            reception(wall, dropped)
        }
    }
}

fn reception(wall: f64, dropped: u32) -> Result<Reception> {
    ensure!(dropped < COUNT / 2, "{dropped} of {COUNT} datagrams were lost: the receiver did not run");
    Ok(Reception { rate: f64::from(COUNT - dropped) / wall, dropped: f64::from(dropped) })
}

fn send(plan: &Plan, port: u16, input: &Path) -> Result<()> {
    let mut command = Command::new(&plan.soquete);
    command.args(["-q", "udp-send", "--reply-wait", "0", "127.0.0.1", &port.to_string()]);
    command.stdin(File::open(input).context("open a file")?).stdout(Stdio::null()).stderr(Stdio::null());
    Process::spawn(command)?.finish()?;
    Ok(())
}

impl Lengths {
    fn lines(self) -> String {
        let mut text = String::new();
        for number in 0..COUNT {
            let length = match self {
                Self::Equal => 56,
                // 67 and 181 have no common divisor: every length occurs.
                Self::Changing => 12 + number as usize * 67 % 181,
            };
            let _ = writeln!(text, "{number:08}{:x<length$}", "");
        }
        text
    }
}
