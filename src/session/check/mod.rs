//! `connect --check`: which ports answer; `--wait` until they do, `--until-closed` until they refuse, then a command.

mod command;
mod probe;
mod rows;
mod scan;
mod wait;

use super::{Context, Outcome, Result};
use crate::cli::Connect;
use crate::event::Outcome as Found;
use crate::exit::Exit;
use crate::net::address::parse_targets;
use crate::scan::Tally;
use crate::text::number::counted;
use rows::Rows;
use scan::{Scan, ScanEnd};

/// Runs `soquete connect --check`.
pub fn run(args: &Connect, context: &mut Context) -> Result {
    let groups = parse_targets(&args.target)?;
    let tally = if args.wait.is_some() || args.until_closed {
        match wait::run(args, &groups, context)? {
            Ok(tally) => tally,
            Err(outcome) => return Ok(outcome),
        }
    } else {
        let mut rows = Rows::Told;
        let sockets = context.sockets.clone();
        let scan = Scan { args, groups: &groups, sockets: &sockets, deadline: None };
        match scan.run(&mut rows, context)? {
            ScanEnd::Over(tally) => tally,
            ScanEnd::Stopped(signal) => return Ok(Outcome::stopped(signal)),
        }
    };
    if tally.all() && !args.command.is_empty() {
        return command::run(&args.command, context);
    }
    let cause = format!("{} of {} {}", tally.good, counted_targets(tally.total), wanted(args));
    Ok(match tally {
        tally if tally.is_local() => Outcome::of(Exit::Local, "this machine would try none of them"),
        Tally { good: 0, .. } => Outcome::of(Exit::Network, cause),
        tally if tally.all() => Outcome::done(),
        _ => Outcome::of(Exit::Partial, cause),
    })
}

fn counted_targets(count: usize) -> String {
    counted(count as u64, "target", "targets")
}

/// The word for what every target is to be.
const fn wanted(args: &Connect) -> &'static str {
    if args.until_closed { "closed" } else { "open" }
}

/// Whether a target came out as wanted. A port that does not answer is neither open nor closed: its SYN may be lost, its
/// accept queue full, a firewall in between.
const fn is_wanted(args: &Connect, outcome: Found) -> bool {
    match outcome {
        Found::Open => !args.until_closed,
        Found::Closed => args.until_closed,
        _ => false,
    }
}
