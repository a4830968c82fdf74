//! `connect --check`: which ports answer; `--wait` until they do, `--until-closed` until they do not, then a command.

mod command;
mod probe;
mod sweep;

use super::connect::next_try;
use super::{Context, Outcome, Result};
use crate::cli::Connect;
use crate::event::number::counted;
use crate::event::report::Row;
use crate::exit::Exit;
use crate::net::addr::parse_targets;
use crate::scan::Tally;
use crate::sys;
use std::time::Instant;
use sweep::{Sweep, Swept};

/// Runs `soquete connect --check`.
pub fn run(args: &Connect, context: &mut Context) -> Result {
    let groups = parse_targets(&args.target)?;
    let waits = args.wait.is_some() || args.until_closed;
    let deadline = args.wait.map(|t| Instant::now() + t);
    let tally = loop {
        let mut rows = if waits { Rows::Kept(Vec::new()) } else { Rows::Told };
        let sweep = Sweep { args, groups: &groups, deadline };
        let tally = match sweep.run(&mut rows, context)? {
            Swept::Over(tally) => tally,
            Swept::Stopped(signal) => return Ok(Outcome::stopped(signal)),
        };
        // What this machine would not do it will not do later; a name may be known later, if there is a later.
        let hopeless = tally.is_local() || (deadline.is_none() && tally.unresolved == tally.total);
        if !waits || tally.all() || hopeless {
            rows.tell(context)?;
            break tally;
        }
        let next = next_try(deadline);
        if let Some(signal) = next.or(deadline).and_then(|then| context.rest_until(then)) {
            return Ok(Outcome::stopped(signal));
        }
        if next.is_none() {
            rows.tell(context)?;
            return Ok(too_late(args, tally));
        }
    };
    if tally.all() && !args.command.is_empty() {
        return command::run(&args.command, context);
    }
    let wanted = if args.until_closed { "closed" } else { "open" };
    let cause = format!("{} of {} {wanted}", tally.good, targets(tally.total));
    Ok(match tally {
        tally if tally.is_local() => Outcome::of(Exit::Local, "this machine would try none of them"),
        Tally { good: 0, .. } => Outcome::of(Exit::Network, cause),
        tally if tally.all() => Outcome::done(),
        _ => Outcome::of(Exit::Partial, cause),
    })
}

fn too_late(args: &Connect, Tally { good, total, .. }: Tally) -> Outcome {
    let state = if args.until_closed { "closed" } else { "open" };
    let limit = args.wait.unwrap_or_default();
    Outcome::deadline(format!("{good} of {} {state} after {limit:?} (--wait)", targets(total)))
}

fn targets(count: usize) -> String {
    counted(count as u64, "target", "targets")
}

/// Where rows go: to the report as they are known, or kept until the last round is known to be the last.
enum Rows {
    Told,
    Kept(Vec<Row>),
}

impl Rows {
    fn put(&mut self, row: Row, context: &mut Context) -> std::io::Result<()> {
        match self {
            Self::Told => context.report.row(&row),
            Self::Kept(rows) => {
                rows.push(row);
                Ok(())
            }
        }
    }

    fn tell(self, context: &mut Context) -> sys::Result<()> {
        let rows = if let Self::Kept(rows) = self { rows } else { Vec::new() };
        rows.iter()
            .try_for_each(|row| context.report.row(row))
            .and_then(|()| context.report.flush())
            .map_err(super::stdout::failure)
    }
}
