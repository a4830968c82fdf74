//! `multi-connect`: every line of standard input to many servers, every line of theirs to standard output.

mod config;
mod list;
mod name;
mod order;
mod printer;
mod target;

use super::shared::{Framing, RelayTerms, open_fanout};
use super::stdout;
use super::tcp_server::stopped;
use super::{Context, Outcome, Result};
use crate::cli::MultiConnect;
use crate::event::Kind;
use crate::exit::Exit;
use crate::net::resolve::Lookup;
use crate::relay::{EndConfig, OnPeerEof};
use crate::sys::reactor::runtime;
use crate::sys::{fd, limits};
use crate::text::number::counted;
use config::{ClientConfig, StopRequest};
use printer::Printer;
use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use target::{Target, TargetEnd};
use tokio::task::{JoinSet, LocalSet};

/// Bytes one read takes.
const READ: usize = 64 << 10;

/// Runs `soquete multi-connect`.
pub fn run(args: &MultiConnect, context: &mut Context) -> Result {
    let targets = list::read(&args.target, &args.targets)?;
    limits::raise_descriptors();
    let runtime = runtime()?;
    let outcome = LocalSet::new().block_on(&runtime, talk_to_all(args, targets, context));
    runtime.shutdown_background();
    outcome
}

async fn talk_to_all(args: &MultiConnect, targets: Vec<Target>, context: &Context) -> Result {
    let (output, mut written) = stdout::open()?;
    let fanout = open_fanout(Framing::Lines, None, true);
    let printer = Printer::new(output.clone(), Rc::clone(&fanout), targets.len(), args.ordered);
    let config = Rc::new(config(args, printer, context));
    let mut running = JoinSet::new();
    for target in targets {
        let (config, reader) = (Rc::clone(&config), fanout.subscribe(true));
        running.spawn_local(async move { target.run(&config, reader).await });
    }
    let printing = Rc::clone(&config);
    let printing = tokio::task::spawn_local(async move { printing.printer.run().await });
    let outcome = tokio::select! {
        signal = stopped(&context.stop) => Ok(Outcome::stopped(signal?)),
        end = written.over() => output_ended(end),
        outcome = all_ended(&mut running) => outcome,
    };
    config.halt();
    let orderly = outcome.as_ref().is_ok_and(|outcome| !matches!(outcome.exit, Exit::Signalled(_)));
    let last_words = async {
        while running.join_next().await.is_some() {}
        config.printer.close();
        // It ends with the last line, or with the runtime.
        let _ = printing.await;
        output.end().await;
        written.over().await
    };
    let outcome = tokio::select! {
        end = last_words => match end {
            Err(error) if orderly => output_ended(Err(error)),
            _ => outcome,
        },
        // What was received is printed however slow its reader is; who asked us to end does not wait for that.
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

fn config(args: &MultiConnect, printer: Printer, context: &Context) -> ClientConfig {
    let end = crate::cmd::end_config(&args.eof, args.idle_timeout, fd::input());
    ClientConfig {
        sockets: context.sockets.clone(),
        events: context.events.clone(),
        options: args.client.socket.options(),
        source: args.client.source,
        lookup: Lookup::from(&args.client.lookup),
        timeout: args.timeout,
        reconnect: args.reconnect,
        terms: RelayTerms {
            end: EndConfig {
                on_peer_eof: if args.reconnect { OnPeerEof::End } else { end.on_peer_eof },
                ..end
            },
            has_input: true,
            says_waiting: true,
        },
        prefix: !args.no_prefix,
        visible: context.visible,
        printer,
        buffer: RefCell::new(vec![0; READ]),
        closing: StopRequest::default(),
    }
}

fn output_ended(end: io::Result<()>) -> Result {
    match end {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            Ok(Outcome::of(Exit::Done, "the reader of standard output went away"))
        }
        Err(error) => Err(stdout::failure(error).into()),
        Ok(()) => Ok(Outcome::done()),
    }
}

/// How many targets came out how.
#[derive(Default)]
struct Tally {
    fine: usize,
    late: usize,
    failed: usize,
    /// The exit status if every failure so far was this machine's own.
    local: Option<Exit>,
}

impl Tally {
    fn count(&mut self, end: &TargetEnd) {
        match end {
            TargetEnd::Fine | TargetEnd::Stopped => self.fine += 1,
            TargetEnd::Late(_) => self.late += 1,
            TargetEnd::Failed(error) => {
                let exit = Exit::of_kind(error.kind());
                self.local =
                    (exit == Exit::Local && (self.failed == 0 || self.local.is_some())).then_some(exit);
                self.failed += 1;
            }
        }
    }

    fn outcome(&self) -> Outcome {
        let total = self.fine + self.late + self.failed;
        let cause = format!("{} of {} ended well", self.fine, counted(total as u64, "target", "targets"));
        match (self.fine, self.late, self.failed) {
            (_, 0, 0) => Outcome::done(),
            (_, _, 0) => Outcome::of(Exit::Deadline, cause),
            (0, 0, _) => Outcome::of(self.local.unwrap_or(Exit::Network), cause),
            _ => Outcome::of(Exit::Partial, cause),
        }
    }
}
