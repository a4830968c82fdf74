//! Datagrams: `udp-serve --echo` and the bare loop of this folder, `udp-send` and nc, and the end of a flooded server.

use crate::datagrams::{self, Flood, Load, Sink};
use crate::plan::{Plan, in_turns};
use crate::port;
use crate::proc::{Process, installed};
use crate::table::{Goal, Ratio, Table, median};
use anyhow::{Context as _, Result, anyhow, ensure};
use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Lines sent, a datagram each.
const LINES: u32 = 1_000_000;
/// The length of a flood before the signal: every queue on the way is full by then.
const FLOODED: Duration = Duration::from_millis(300);
/// The longest time from Ctrl-C to the end that a user does not notice.
const BOUND: Duration = Duration::from_millis(200);

/// Measures echoing, sending and ending.
pub fn run(table: &mut Table, plan: &Plan) {
    compare_echoes(table, plan);
    compare_senders(table, plan);
    time_interrupts(table, plan);
}

/// A datagram echo server.
#[derive(Clone, Copy)]
enum Server {
    Soquete(&'static [&'static str]),
    /// The practical limit of one thread: `datagrams.rs`.
    Bare,
}

/// One burst of load.
struct Burst {
    load: Load,
    /// CPU time of the server for each echo, seconds.
    cpu: f64,
}

fn compare_echoes(table: &mut Table, plan: &Plan) {
    let works = [
        ("udp-serve --echo, window of 128", &["udp-serve", "--echo"][..]),
        ("the same with -q", &["-q", "udp-serve", "--echo"]),
    ];
    let servers = [Server::Soquete(works[0].1), Server::Soquete(works[1].1), Server::Bare];
    let mut measured = in_turns(plan.rounds, &servers, |server| burst(plan, server));
    let bare = match measured.pop() {
        Some(Ok(bare)) => bare,
        Some(Err(error)) => return table.fail("a bare recvmmsg loop", &error),
        None => return,
    };
    for ((work, _), ours) in works.iter().zip(measured) {
        let lost = |bursts: &[Burst]| bursts.iter().map(|burst| burst.load.lost).sum::<u64>();
        match ours {
            Ok(ours) if lost(&ours) > 0 => {
                table.fail(work, &anyhow!("{} datagrams lost, {}", lost(&ours), show_bursts(&ours)));
            }
            Ok(ours) => {
                let pairs = ours.iter().zip(&bare).map(|(ours, bare)| (ours.load.rate, bare.load.rate));
                let peer = format!("bare recvmmsg loop {}, {} lost", show_bursts(&bare), lost(&bare));
                let shown = format!("{}, 0 lost", show_bursts(&ours));
                table.compare(work, shown, peer, Ratio::of(pairs), Goal::AtLeast(0.85));
            }
            Err(error) => table.fail(work, &error),
        }
    }
}

fn show_bursts(bursts: &[Burst]) -> String {
    format!(
        "{:.0}/s, {:.2} µs CPU",
        middle(bursts, |burst| burst.load.rate),
        middle(bursts, |burst| burst.cpu) * 1e6
    )
}

fn burst(plan: &Plan, server: Server) -> Result<Burst> {
    let (process, port) = start(plan, server)?;
    let load = datagrams::load(port)?;
    let cpu = process.terminate()?.cpu / load.done;
    Ok(Burst { load, cpu })
}

fn start(plan: &Plan, server: Server) -> Result<(Process, u16)> {
    let port = port::free_for_datagrams()?;
    let mut command = match server {
        Server::Soquete(words) => {
            let mut command = Command::new(&plan.soquete);
            command.args(words).args(["127.0.0.1", &port.to_string()]);
            command
        }
        Server::Bare => {
            let mut command = Command::new(std::env::current_exe().context("find this program")?);
            command.args(["--bare-datagram-echo", &port.to_string()]);
            command
        }
    };
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let process = Process::spawn(command)?;
    port::receiving(port, &process)?;
    Ok((process, port))
}

/// A program that sends its input's lines.
#[derive(Clone, Copy)]
enum Sender {
    /// With these arguments, lines of this text, from an ordinary pipe.
    Soquete(&'static [&'static str], Text),
    /// From a pipe that returns one line for each read. nc reads twice before it sends, so that this is the nearest it gets to
    /// a line a datagram; the row says how near.
    Nc,
}

/// The lengths of the lines.
#[derive(Clone, Copy)]
enum Text {
    /// All the same.
    Even,
    /// Each is longer or shorter than the one before.
    Uneven,
}

/// One run.
struct Sending {
    /// Datagrams a second, from the start of the program to its end.
    rate: f64,
    /// CPU time for each datagram, seconds.
    cpu: f64,
    /// Lines in each datagram.
    lines: f64,
    /// Datagrams lost because the queue of the receiver was full.
    dropped: f64,
}

fn compare_senders(table: &mut Table, plan: &Plan) {
    let works = [
        ("udp-send, 1,000,000 lines of 22 bytes", &["udp-send"][..], Text::Even),
        ("the same with -q", &["-q", "udp-send"], Text::Even),
        ("the same with -q, lengths that change", &["-q", "udp-send"], Text::Uneven),
    ];
    if !installed("nc") {
        return table.skip(works[0].0, "no nc");
    }
    let senders: Vec<Sender> =
        works.iter().map(|(_, words, text)| Sender::Soquete(words, *text)).chain([Sender::Nc]).collect();
    let mut measured = in_turns(plan.rounds, &senders, |sender| send(plan, sender));
    let nc = match measured.pop() {
        Some(Ok(nc)) => nc,
        Some(Err(error)) => return table.skip(works[0].0, &format!("nc: {error:#}")),
        None => return,
    };
    for ((work, ..), ours) in works.iter().zip(measured) {
        match ours {
            Ok(ours) => {
                let ratio = Ratio::of(ours.iter().zip(&nc).map(|(ours, nc)| (ours.rate, nc.rate)));
                let lines = middle(&nc, |sending| sending.lines);
                let peer = format!("nc -u, {lines:.1} lines each (O_DIRECT pipe) {}", show_sendings(&nc));
                table.compare(work, show_sendings(&ours), peer, ratio, Goal::AtLeast(5.0));
            }
            Err(error) => table.fail(work, &error),
        }
    }
}

fn show_sendings(sendings: &[Sending]) -> String {
    let mut text = format!(
        "{:.0}/s, {:.2} µs CPU",
        middle(sendings, |sending| sending.rate),
        middle(sendings, |sending| sending.cpu) * 1e6
    );
    let dropped = middle(sendings, |sending| sending.dropped);
    if dropped > 0.0 {
        let _ = write!(text, ", {dropped:.0} found the receiver full");
    }
    text
}

fn send(plan: &Plan, sender: Sender) -> Result<Sending> {
    let sink = Sink::start()?;
    let port = sink.port.to_string();
    let (mut command, text, flags) = match sender {
        Sender::Soquete(words, text) => {
            let mut command = Command::new(&plan.soquete);
            command.args(words).args(["--reply-wait", "0", "127.0.0.1", &port]);
            (command, text, PipeFlags::CLOEXEC)
        }
        Sender::Nc => {
            let mut command = Command::new("nc");
            command.args(["-u", "-q", "0", "127.0.0.1", &port]);
            (command, Text::Even, PipeFlags::CLOEXEC | PipeFlags::DIRECT)
        }
    };
    let lines = text.lines();
    let (stdin, input) = pipe_with(flags).context("pipe")?;
    // As many packets as the kernel holds, so that the sender does not wait for this program.
    fcntl_setpipe_size(&input, 1 << 20).context("F_SETPIPE_SZ")?;
    command.stdin(stdin).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let process = Process::spawn(command)?;
    let feeder = std::thread::spawn(move || feed_lines(input, &lines, flags.contains(PipeFlags::DIRECT)));
    let usage = process.finish()?;
    let wall = start.elapsed().as_secs_f64();
    feeder.join().map_err(|_| anyhow!("the feeder panicked"))??;
    let taken = sink.finish()?;
    let count = f64::from(u32::try_from(taken.arrived)?);
    let lines = f64::from(LINES) / count;
    ensure!(matches!(sender, Sender::Nc) || taken.arrived == u64::from(LINES), "{count} datagrams were sent");
    let dropped = f64::from(u32::try_from(taken.dropped)?);
    Ok(Sending { rate: count / wall, cpu: usage.cpu / count, lines, dropped })
}

impl Text {
    fn lines(self) -> String {
        let mut text = String::new();
        for number in 0..LINES {
            let length = match self {
                Self::Even => 14,
                // Up and down, 14 on average.
                Self::Uneven => number as usize * 11 % 29,
            };
            let _ = writeln!(text, "{number:08}{:x<length$}", "");
        }
        text
    }
}

/// Writes all of `text`, a line with each call if `singly`, as fast as it is read.
fn feed_lines(pipe: OwnedFd, text: &str, singly: bool) -> Result<()> {
    let mut pipe = File::from(pipe);
    if !singly {
        return pipe.write_all(text.as_bytes()).context("write a pipe");
    }
    text.split_inclusive('\n').try_for_each(|line| pipe.write_all(line.as_bytes())).context("write a pipe")
}

fn time_interrupts(table: &mut Table, plan: &Plan) {
    let works = [
        ("udp-serve in a flood until Ctrl-C ends it", &["udp-serve"][..]),
        ("the same with --echo", &["udp-serve", "--echo"]),
    ];
    let servers = works.map(|(_, words)| Server::Soquete(words));
    let times = in_turns(plan.rounds, &servers, |server| time_interrupt(plan, server));
    for ((work, _), times) in works.iter().zip(times) {
        match times {
            Ok(times) => {
                let worst = times.iter().copied().fold(0.0, f64::max);
                let shown = format!("{:.1} ms, worst {:.1} ms", middle(&times, |t| *t) * 1e3, worst * 1e3);
                let peer = format!("bound {} ms for the worst", BOUND.as_millis());
                let ratio = Ratio::of([(worst, BOUND.as_secs_f64())]);
                table.compare(work, shown, peer, ratio, Goal::AtMost(1.0));
            }
            Err(error) => table.fail(work, &error),
        }
    }
}

/// Seconds from the signal to the end.
fn time_interrupt(plan: &Plan, server: Server) -> Result<f64> {
    let (process, port) = start(plan, server)?;
    // More than the server can receive, on any number of cores.
    let flood = Flood::start(port, 2)?;
    ensure!(!process.ends_within(FLOODED)?, "the flood ended it");
    let busy = process.cpu()?;
    ensure!(busy > FLOODED.as_secs_f64() / 10.0, "the flood kept it busy for {busy:.3} s only");
    let start = Instant::now();
    process.interrupt()?;
    let time = start.elapsed().as_secs_f64();
    drop(flood);
    Ok(time)
}

fn middle<T>(samples: &[T], figure: impl Fn(&T) -> f64) -> f64 {
    median(&samples.iter().map(figure).collect::<Vec<_>>()).unwrap_or_default()
}
