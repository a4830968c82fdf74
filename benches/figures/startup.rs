//! From the start of the process to the word "refused" on stderr.

use crate::feed;
use crate::lines;
use crate::plan::{Plan, in_turns};
use crate::port;
use crate::proc::{Process, installed};
use crate::table::{Goal, Ratio, Table, median};
use anyhow::Result;
use std::process::{Command, Stdio};
use std::time::Instant;

/// A run takes milliseconds: many of them for a steady median.
const PAIRS: usize = 200;

/// Measures `connect` to a closed port beside `nc -v`.
pub fn run(table: &mut Table, plan: &Plan) {
    let work = "start until \"refused\" is printed";
    if !installed("nc") {
        return table.skip(work, "no nc");
    }
    let mut times = in_turns(PAIRS, &[true, false], |ours| time_refusal(plan, ours)).into_iter();
    match (times.next(), times.next()) {
        (Some(Ok(ours)), Some(Ok(nc))) => {
            let show = |times: &[f64]| format!("{:.2} ms", median(times).unwrap_or_default() * 1e3);
            let ratio = Ratio::of(ours.iter().copied().zip(nc.iter().copied()));
            table.compare(work, show(&ours), format!("nc -v {}", show(&nc)), ratio, Goal::AtMost(1.3));
        }
        (Some(Err(error)), _) => table.fail(work, &error),
        (_, Some(Err(error))) => table.skip(work, &format!("nc: {error:#}")),
        _ => {}
    }
}

/// Seconds.
fn time_refusal(plan: &Plan, ours: bool) -> Result<f64> {
    let port = port::free()?.to_string();
    let mut command = if ours {
        let mut command = Command::new(&plan.soquete);
        command.args(["connect", "127.0.0.1", &port]);
        command
    } else {
        let mut command = Command::new("nc");
        command.args(["-v", "127.0.0.1", &port]);
        command
    };
    let (messages, stderr) = feed::pipe()?;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr);
    let start = Instant::now();
    let process = Process::spawn(command)?;
    lines::wait_for(&messages, |line| line.contains("refused").then_some(()))?;
    let time = start.elapsed().as_secs_f64();
    // Read on, or the rest of the messages could end it by SIGPIPE.
    lines::drain(messages);
    process.finish_anyhow()?;
    Ok(time)
}
