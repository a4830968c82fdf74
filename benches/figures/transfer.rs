//! One stream from one process to another: every source into every sink, rate and CPU seconds.

use crate::feed::{self, Manner};
use crate::plan::{Plan, in_turns};
use crate::proc::{Process, installed};
use crate::table::{Goal, Ratio, Table, median};
use crate::tool::Tool;
use anyhow::{Context as _, Result, anyhow, ensure};
use std::fs::File;
use std::io::ErrorKind;
use std::process::{Command, Stdio};
use std::thread::JoinHandle;
use std::time::Instant;

#[derive(Clone, Copy)]
enum Source {
    /// A pipe filled in the run's manner.
    Pipe,
    /// A pipe that an ordinary program writes, by small writes of its own pages.
    Head,
    File,
}

#[derive(Clone, Copy)]
enum Sink {
    Pipe,
    Null,
    File,
}

struct Work {
    name: &'static str,
    source: Source,
    sink: Sink,
    /// Over a UNIX socket instead of TCP.
    unix: bool,
    /// How many times as fast as nc, and as socat.
    goals: [f64; 2],
}

const WORKS: [Work; 7] = [
    Work { name: "pipe → pipe", source: Source::Pipe, sink: Sink::Pipe, unix: false, goals: [1.5, 1.1] },
    Work { name: "head → pipe", source: Source::Head, sink: Sink::Pipe, unix: false, goals: [1.5, 1.1] },
    Work {
        name: "pipe → /dev/null", source: Source::Pipe, sink: Sink::Null, unix: false, goals: [2.0, 1.5]
    },
    Work {
        name: "head → /dev/null", source: Source::Head, sink: Sink::Null, unix: false, goals: [2.0, 1.5]
    },
    Work {
        name: "file → /dev/null", source: Source::File, sink: Sink::Null, unix: false, goals: [2.6, 1.6]
    },
    Work { name: "file → file", source: Source::File, sink: Sink::File, unix: false, goals: [2.4, 1.05] },
    Work { name: "file → pipe", source: Source::File, sink: Sink::Pipe, unix: false, goals: [2.5, 1.5] },
];

const UNIX_WORKS: [Work; 4] = [
    Work {
        name: "UNIX pipe → pipe", source: Source::Pipe, sink: Sink::Pipe, unix: true, goals: [1.0, 1.0]
    },
    Work {
        name: "UNIX head → pipe", source: Source::Head, sink: Sink::Pipe, unix: true, goals: [1.0, 1.0]
    },
    Work {
        name: "UNIX head → /dev/null",
        source: Source::Head,
        sink: Sink::Null,
        unix: true,
        goals: [1.0, 1.0],
    },
    Work {
        name: "UNIX file → file", source: Source::File, sink: Sink::File, unix: true, goals: [1.0, 1.0]
    },
];

/// socat in its best buffer size, both ways as one types it, and one way, which spares it half its polling.
const PEERS: [(Tool<'static>, usize); 3] =
    [(Tool::Nc, 0), (Tool::Socat(&["-b1048576"]), 1), (Tool::Socat(&["-u", "-b1048576"]), 1)];

/// One transfer.
#[derive(Clone, Copy)]
struct Sample {
    /// Bytes a second.
    rate: f64,
    /// Of both processes, seconds.
    cpu: f64,
}

/// Measures each work with our binary and with every peer in turn.
pub fn run(table: &mut Table, plan: &Plan) {
    run_all(table, plan, &WORKS);
}

/// The same over UNIX sockets.
pub fn run_unix(table: &mut Table, plan: &Plan) {
    run_all(table, plan, &UNIX_WORKS);
}

fn run_all(table: &mut Table, plan: &Plan, works: &[Work]) {
    if let Err(error) = prepare(plan) {
        return table.fail("transfer", &error);
    }
    for work in works {
        measure(table, plan, work);
    }
}

/// Writes the input file, which stays in the page cache; content that neither compresses nor repeats within a page.
fn prepare(plan: &Plan) -> Result<()> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut block = Vec::with_capacity(1 << 20);
    while block.len() < 1 << 20 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        block.extend_from_slice(&state.to_le_bytes());
    }
    let file = File::create(plan.input()).context("create the input file")?;
    let mut left = plan.bytes;
    while left > 0 {
        let length = usize::try_from(left).map_or(block.len(), |left| left.min(block.len()));
        std::io::Write::write_all(&mut &file, &block[..length]).context("write the input file")?;
        left -= length as u64;
    }
    // Otherwise its write-back would run beside the first transfers.
    file.sync_all().context("sync the input file")
}

fn measure(table: &mut Table, plan: &Plan, work: &Work) {
    let peers: Vec<_> = PEERS.into_iter().filter(|(tool, _)| tool.peer().is_none_or(installed)).collect();
    let mut tools = vec![Tool::Soquete(&plan.soquete)];
    tools.extend(peers.iter().map(|(tool, _)| *tool));
    let mut samples = in_turns(plan.rounds, &tools, |tool| transfer(plan, tool, work)).into_iter();
    let ours = match samples.next() {
        Some(Ok(ours)) => ours,
        Some(Err(error)) => return table.fail(work.name, &error),
        None => return,
    };
    let mut measured = Vec::new();
    for ((peer, goal), theirs) in peers.into_iter().zip(samples) {
        match theirs {
            Ok(theirs) => {
                compare_rates(table, work, (&ours, &theirs), peer, work.goals[goal]);
                measured.push(theirs);
            }
            Err(error) => table.skip(work.name, &format!("{}: {error:#}", peer.title())),
        }
    }
    compare_cpu(table, work, &ours, &measured);
    for missing in ["nc", "socat"].into_iter().filter(|name| !installed(name)) {
        table.skip(work.name, &format!("no {missing}"));
    }
}

fn compare_rates(
    table: &mut Table,
    work: &Work,
    (ours, theirs): (&[Sample], &[Sample]),
    peer: Tool<'_>,
    goal: f64,
) {
    let rate = |samples: &[Sample]| {
        let rates: Vec<f64> = samples.iter().map(|sample| sample.rate).collect();
        format!("{:.2} GB/s", median(&rates).unwrap_or_default() / 1e9)
    };
    let ratio = Ratio::of(ours.iter().zip(theirs).map(|(ours, theirs)| (ours.rate, theirs.rate)));
    table.compare(
        work.name,
        rate(ours),
        format!("{} {}", peer.title(), rate(theirs)),
        ratio,
        Goal::AtLeast(goal),
    );
}

/// Held against whichever peer needed least in the same round.
fn compare_cpu(table: &mut Table, work: &Work, ours: &[Sample], peers: &[Vec<Sample>]) {
    let best: Vec<f64> = (0..ours.len())
        .filter_map(|round| peers.iter().filter_map(|all| Some(all.get(round)?.cpu)).min_by(f64::total_cmp))
        .collect();
    if best.is_empty() {
        return;
    }
    let spent: Vec<f64> = ours.iter().map(|sample| sample.cpu).collect();
    table.compare(
        &format!("{}, CPU of both ends", work.name),
        format!("{:.2} s", median(&spent).unwrap_or_default()),
        format!("best peer {:.2} s", median(&best).unwrap_or_default()),
        Ratio::of(spent.iter().copied().zip(best.iter().copied())),
        Goal::AtMost(1.0),
    );
}

/// One stream of `plan.bytes`, timed from the sender's start until both ends have ended and every byte has arrived.
fn transfer(plan: &Plan, tool: Tool<'_>, work: &Work) -> Result<Sample> {
    let (stdout, arrivals) = open_sink(plan, work.sink)?;
    // A path of the build's folder may be too long for one (unix(7)).
    let name = format!("soquete-figures-{}", std::process::id());
    let path = work.unix.then(|| std::env::temp_dir().join(name));
    let (receiver, place) = tool.listen(stdout, path.as_deref())?;
    let start = Instant::now();
    let (stdin, _writer) = open_source(plan, work.source)?;
    let sender = tool.send(&place, stdin)?;
    let mut cpu = sender.finish()?.cpu;
    cpu += receiver.finish()?.cpu;
    let arrived = match arrivals {
        Some(arrivals) => arrivals.join().map_err(|_| anyhow!("the consumer panicked"))??,
        None => match work.sink {
            Sink::File => plan.output().metadata().context("look at the output")?.len(),
            _ => plan.bytes,
        },
    };
    let wall = start.elapsed().as_secs_f64();
    ensure!(arrived == plan.bytes, "{arrived} of {} bytes arrived", plan.bytes);
    #[allow(clippy::cast_precision_loss)] // exact up to 8 PiB
    Ok(Sample { rate: plan.bytes as f64 / wall, cpu })
}

/// The sender's stdin, and the process that fills it, if one does.
fn open_source(plan: &Plan, source: Source) -> Result<(Stdio, Option<Process>)> {
    if let Source::File = source {
        return Ok((File::open(plan.input()).context("open the input file")?.into(), None));
    }
    let (out, into) = feed::pipe()?;
    let writer = if let Source::Head = source {
        let mut command = Command::new("head");
        command.args(["-c", &plan.bytes.to_string(), "/dev/zero"]).stdout(into);
        Some(Process::spawn(command)?)
    } else {
        // Not joined: it ends with the last byte or with its reader.
        drop(feed::produce(into, plan.bytes, plan.manner));
        None
    };
    Ok((out.into(), writer))
}

type Arrivals = Option<JoinHandle<Result<u64>>>;

fn open_sink(plan: &Plan, sink: Sink) -> Result<(Stdio, Arrivals)> {
    Ok(match sink {
        Sink::Pipe => {
            let (out, into) = feed::pipe()?;
            (into.into(), Some(feed::consume(out, plan.manner)))
        }
        // Opened, not Stdio::null(), as a shell does it.
        Sink::Null => (File::options().write(true).open("/dev/null").context("open /dev/null")?.into(), None),
        Sink::File => (fresh_output(plan)?.into(), None),
    })
}

/// A new file each time: ext4 starts to write one that was truncated to disk when it is closed (`auto_da_alloc`).
fn fresh_output(plan: &Plan) -> Result<File> {
    if let Err(error) = std::fs::remove_file(plan.output())
        && error.kind() != ErrorKind::NotFound
    {
        return Err(error).context("remove the output file");
    }
    File::create_new(plan.output()).context("create the output file")
}

/// In words, for the head of the table.
pub fn describe(manner: Manner) -> &'static str {
    match manner {
        Manner::Lend => "pipes of 64 KiB, filled by vmsplice, emptied by splice to /dev/null",
        Manner::Copy => "pipes of 64 KiB, filled by write, emptied by read, 1 MiB at once",
    }
}
