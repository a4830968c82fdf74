//! A client of many servers: every line of standard input to all, every line of theirs to standard output.

mod config;
mod connection;
mod list;
mod name;
mod order;
mod printer;
mod report;
mod tally;
mod target;

pub use config::{Config, Target};
pub use list::read as read_targets;

use super::shared::{Framing, open_fanout};
use super::wait::stopped;
use super::{Context, Outcome, Result, output_reader, stdout};
use crate::event::Kind;
use crate::exit::Exit;
use crate::relay::task::{OutputWatch, TaskConfig};
use crate::sys::fd;
use crate::sys::limits;
use crate::sys::reactor::runtime;
use config::{Clients, StopRequest};
use printer::Printer;
use std::cell::{Cell, RefCell};
use std::os::fd::AsFd;
use std::rc::Rc;
use tally::Tally;
use target::TargetEnd;
use tokio::task::JoinSet;

/// Bytes of one read.
const READ: usize = 64 << 10;

/// Relays all targets until the last one ended.
pub fn run(config: Config, context: &Context) -> Result {
    limits::raise_descriptors();
    let runtime = runtime()?;
    let outcome = runtime.block_on(relay_all(config, context));
    runtime.shutdown_background();
    outcome
}

async fn relay_all(mut config: Config, context: &Context) -> Result {
    let reader = config.stdio.output_pipe();
    let input = config.stdio.take_input();
    let is_file = input.as_ref().is_ok_and(|input| fd::file_size(input.as_fd()).is_some());
    let (output, mut written) = stdout::open_to(config.stdio.relay_output()?, Some(&context.events))?;
    let fanout = open_fanout(Framing::Lines, None, Some(input));
    let targets = std::mem::take(&mut config.targets);
    let clients = Rc::new(Clients {
        sockets: context.sockets.clone(),
        events: context.events.clone(),
        relay: TaskConfig { end: config.end, has_input: true, says_waiting: true, is_file },
        watch: OutputWatch::default(),
        printer: Printer::new(output.clone(), Rc::clone(&fanout), targets.len(), config.ordered),
        config,
        visible: context.visible,
        buffer: RefCell::new(vec![0; READ]),
        stop: StopRequest::default(),
        reported: Cell::new(None),
    });
    let mut running = JoinSet::new();
    for target in targets {
        let (clients, reader) = (Rc::clone(&clients), fanout.subscribe(true));
        running.spawn_local(async move { target.run(&clients, reader).await });
    }
    let printing = Rc::clone(&clients);
    let printing = tokio::task::spawn_local(async move { printing.printer.run().await });
    let outcome = tokio::select! {
        signal = stopped(&context.stop) => Ok(Outcome::stopped(signal?)),
        end = output_reader::watch(&mut written, reader, &clients.watch) => stdout::outcome(Err(end)),
        outcome = all_ended(&mut running) => outcome.map(|outcome| clients.unless_unread(outcome)),
    };
    clients.halt();
    let orderly = outcome.as_ref().is_ok_and(|outcome| !matches!(outcome.exit, Exit::Signalled(_)));
    let flush = async {
        while running.join_next().await.is_some() {}
        clients.printer.close();
        // It ends with the last line, or with the runtime.
        let _ = printing.await;
        output.end().await;
        written.over().await
    };
    let outcome = tokio::select! {
        end = flush => match end {
            Err(error) if orderly => stdout::outcome(Err(error)),
            _ => outcome,
        },
        // Received lines are printed however slow the reader of standard output is, unless a signal asked for the end.
        signal = stopped(&context.stop), if orderly => Ok(Outcome::stopped(signal?)),
        () = tokio::time::sleep(stdout::FLUSH_TIMEOUT), if !orderly => outcome,
    };
    match (outcome?, fanout.failure()) {
        (outcome, Some(error)) if !matches!(outcome.exit, Exit::Signalled(_)) => Err(error.into()),
        (outcome, _) => Ok(outcome),
    }
}

async fn all_ended(running: &mut JoinSet<TargetEnd>) -> Result {
    let mut tally = Tally::default();
    while let Some(end) = running.join_next().await {
        match end? {
            TargetEnd::Failed(error) if error.kind() == Kind::Option => return Err(error.into()),
            end => tally.count(&end),
        }
    }
    Ok(tally.outcome())
}
