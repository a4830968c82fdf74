//! The live view: the table read at intervals, drawn over the whole terminal until a key or a signal ends it.

mod sampler;
mod screen;

use super::reader::warning;
use super::rows;
use super::{Config, holders_of};
use crate::event::Proto;
use crate::event::top::Frame;
use crate::session::{Context, Outcome, Result, stdout};
use crate::sys::diag::{Query, Tables};
use crate::sys::{self, Error, fd, tty};
use sampler::Sampler;
use screen::{Input, Screen};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// Frames follow each other no faster than this.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(50);

/// Draws frames until `q`, a signal, or the end of the terminal.
pub(super) fn run(config: &Config, every: Duration, context: &mut Context) -> Result {
    let every = every.max(SHORTEST_INTERVAL);
    let mut top = Top {
        queries: queries(config, context)?,
        processes: config.processes,
        tables: Tables::default(),
        sampler: Sampler::default(),
    };
    let screen = Screen::open(context)?;
    let (mut frame, mut due) = (top.frame(every)?, Instant::now() + every);
    loop {
        (frame.columns, frame.lines) = tty::size(fd::output());
        context.report.frame(&frame).map_err(stdout::failure)?;
        match screen.wait(due, context)? {
            Input::Due => {
                due = Instant::now() + every;
                frame = top.frame(every)?;
            }
            Input::Redraw => {}
            Input::Quit => {
                drop(screen);
                return Ok(context.stop.signal().map_or_else(Outcome::done, Outcome::stopped));
            }
        }
    }
}

/// The tables asked for. UNIX sockets, which have neither rates nor round trips, are shown where they are named.
fn queries(config: &Config, context: &Context) -> sys::Result<Vec<Query>> {
    let filter = config.filter(context)?;
    let tables = config.tables();
    let is_only = tables.len() == 1;
    let tables = tables.into_iter().filter(|t| *t != Proto::Unix || is_only || config.tables.contains(t));
    let query = |proto| Query { extended: true, ..config.query(proto, filter.clone()) };
    Ok(tables.map(query).collect())
}

/// What is shown.
struct Top {
    queries: Vec<Query>,
    processes: bool,
    tables: Tables,
    sampler: Sampler,
}

impl Top {
    /// Reads the table.
    fn frame(&mut self, every: Duration) -> sys::Result<Frame> {
        let mut note = None;
        let pass = self.sampler.begin(Instant::now());
        for query in &self.queries {
            let sampler = &mut self.sampler;
            let read = self.tables.dump(query, &mut |row, _| {
                sampler.observe(row, pass);
                ControlFlow::Continue(())
            });
            let dumped = read.map_err(|e| Error::new("read", "the socket table", e))?;
            note = note.or_else(|| warning(&dumped).map(|fault| fault.text));
        }
        let mut frame = self.sampler.end(pass);
        (frame.every, frame.processes, frame.note) = (every, self.processes, note);
        if self.processes {
            let holders = holders_of(frame.rows.iter().map(|row| row.inode))?;
            for row in &mut frame.rows {
                let names = rows::processes(&holders, row.inode);
                let names = names.iter().map(|process| format!("{}({})", process.name, process.pid));
                row.processes = Some(names.collect::<Vec<_>>().join(","));
            }
        }
        Ok(frame)
    }
}
