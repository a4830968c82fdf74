//! `stat --packets` beside tcpdump: what a capture of a flood costs, and what it loses.

use crate::datagrams::{Pace, Sink};
use crate::plan::{Plan, in_turns};
use crate::proc::{Process, installed};
use crate::table::{Goal, Ratio, Table, median};
use anyhow::{Context as _, Result, ensure};
use std::fs::File;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Datagrams a second that a file must take without a loss, and those that are printed.
const SAVED: u32 = 200_000;
const PRINTED: u32 = 50_000;
/// The length of a flood.
const LENGTH: Duration = Duration::from_secs(2);

/// Measures the loss under `--pcap`, and the CPU time of the view.
pub fn run(table: &mut Table, plan: &Plan) {
    let work = "stat --pcap of 200,000 datagrams a second, share kept";
    let saved = in_turns(plan.rounds, &[()], |()| save(plan)).pop();
    match saved {
        Some(Ok(kept)) => {
            let shown = format!(
                "{:.0}/s",
                median(&kept.iter().map(|(rate, _)| *rate).collect::<Vec<_>>()).unwrap_or(0.0)
            );
            let ratio = Ratio::of(kept.into_iter().map(|(_, kept)| (kept, 1.0)));
            table.compare(work, shown, "every packet".to_owned(), ratio, Goal::AtLeast(1.0));
        }
        Some(Err(error)) => table.fail(work, &error),
        None => {}
    }
    let work = "stat --packets of 50,000 datagrams a second, CPU time";
    if !installed("tcpdump") {
        return table.skip(work, "tcpdump is not here");
    }
    let mut measured = in_turns(plan.rounds, &[true, false], |ours| show(plan, ours));
    let (theirs, ours) = (measured.pop(), measured.pop());
    match (ours, theirs) {
        (Some(Ok(ours)), Some(Ok(theirs))) => {
            let ratio = Ratio::of(ours.iter().copied().zip(theirs.iter().copied()));
            let seconds = |cpu: &[f64]| format!("{:.2} s", median(cpu).unwrap_or(0.0));
            table.compare(
                work,
                seconds(&ours),
                format!("tcpdump {}", seconds(&theirs)),
                ratio,
                Goal::AtMost(1.0),
            );
        }
        (Some(Err(error)), _) | (_, Some(Err(error))) => table.fail(work, &error),
        _ => {}
    }
}

/// Datagrams a second, and the share of them that the file has.
fn save(plan: &Plan) -> Result<(f64, f64)> {
    let sink = Sink::start()?;
    let file = plan.folder.path().join("flood.pcapng");
    let mut command = Command::new(&plan.soquete);
    command.args(["--json", "stat", &sink.port.to_string(), "--pcap"]).arg(&file);
    let events = plan.folder.path().join("events");
    command.stderr(File::create(&events)?);
    let capture = Process::spawn(command)?;
    wait_for_filter(sink.port, &file, &capture)?;
    let started = Instant::now();
    let sent = Pace::send(sink.port, SAVED, LENGTH)?;
    let rate = f64::from(sent) / started.elapsed().as_secs_f64();
    capture.interrupt()?;
    sink.finish()?;
    let mut text = String::new();
    File::open(&events)?.read_to_string(&mut text)?;
    let line = text.lines().find(|line| line.contains("\"capture\"")).context("no totals")?;
    let totals: serde_json::Value = serde_json::from_str(line)?;
    let count = |name: &str| totals[name].as_f64().context("a count");
    let (captured, dropped) = (count("captured")?, count("dropped")?);
    ensure!(captured >= f64::from(sent) / 2.0, "{captured} of {sent} were captured");
    // Packets of the flood, and those that told when the filter was in place.
    Ok((rate, captured / (captured + dropped)))
}

/// CPU seconds of a capture that prints a flood.
fn show(plan: &Plan, ours: bool) -> Result<f64> {
    let sink = Sink::start()?;
    let shown = plan.folder.path().join("shown");
    let mut command = if ours {
        let mut command = Command::new(&plan.soquete);
        command.args(["stat", "--packets", &sink.port.to_string()]);
        command
    } else {
        let mut command = Command::new("tcpdump");
        // Not flushed at each line; -n, as names are not looked up by us either.
        command.args(["-Z", "root", "-n", "-i", "lo", "udp", "port", &sink.port.to_string()]);
        command
    };
    command.stdout(File::create(&shown)?).stderr(Stdio::null());
    let capture = Process::spawn(command)?;
    if ours {
        wait_for_filter(sink.port, &shown, &capture)?;
    } else {
        // tcpdump prints nothing before its buffer is full.
        crate::proc::until(&capture, || Ok(has_packet_socket(&capture)?.then_some(())))?;
    }
    Pace::send(sink.port, PRINTED, LENGTH)?;
    let cpu = capture.interrupt_anyhow()?.cpu;
    sink.finish()?;
    Ok(cpu)
}

/// Sends a datagram now and then until the capture has written something about one.
fn wait_for_filter(port: u16, file: &std::path::Path, capture: &Process) -> Result<()> {
    let before = 200; // the head of a capture file is shorter
    crate::proc::until(capture, || {
        Pace::send(port, 1000, Duration::from_millis(5))?;
        let length = std::fs::metadata(file).map_or(0, |file| file.len());
        Ok((length > before).then_some(()))
    })
}

/// Whether a process has a packet socket that receives: packet(7) sockets have their inode in `/proc/net/packet`.
fn has_packet_socket(capture: &Process) -> Result<bool> {
    let table = std::fs::read_to_string("/proc/net/packet")?;
    let bound = |line: &str| line.split_ascii_whitespace().nth(3).is_some_and(|proto| proto == "0003");
    let inodes =
        table.lines().filter(|line| bound(line)).filter_map(|line| line.split_ascii_whitespace().nth(8));
    let wanted: Vec<String> = inodes.map(|inode| format!("socket:[{inode}]")).collect();
    let held = std::fs::read_dir(capture.descriptors())?.flatten();
    let held = held.filter_map(|entry| std::fs::read_link(entry.path()).ok());
    Ok(held.into_iter().any(|link| wanted.iter().any(|name| link.as_os_str() == name.as_str())))
}
