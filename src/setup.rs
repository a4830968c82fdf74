//! Sets up a run: the event stream and the context of a command; prints the errors of a run that cannot start.

mod inherited;
mod lesson;
mod usage;

pub(crate) use inherited::{Named, take_named};
pub(crate) use usage::explain;

use crate::advice;
use crate::cli::{Cli, ColorWhen, Command, EventTarget};
use crate::cmd::{Context, capture_config};
use crate::event::{Event, Events, Fault, Kind, Record, SCHEMA_VERSION, Verbosity, Writer};
use crate::exit::Exit;
use crate::output::{self, DisplayOptions, Style};
use crate::session::capture;
use crate::session::stdout::ReportOutput;
use crate::sys::echo::EchoedInterrupt;
use crate::sys::signal::Stop;
use crate::sys::splice::Filter;
use crate::sys::{Error, Result, fd, limits};
use crate::text::Visible;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

/// Opens standard output as a writer.
type Opener = Arc<dyn Fn() -> std::io::Result<Box<dyn Write + Send>> + Send + Sync>;

/// Progress for scripts and logs, and for a bar.
const PROGRESS_LINES: Duration = Duration::from_secs(1);
const PROGRESS_BAR: Duration = Duration::from_millis(100);

/// Raises the descriptor table for commands with many sockets. Must be called before any thread starts.
pub(crate) fn make_room(command: &Command) {
    let many = match command {
        Command::Listen(args) => args.keep_open && !args.exec.is_any(),
        Command::Connect(args) => args.check,
        Command::ChatServe(_) | Command::MultiConnect(_) => true,
        _ => false,
    };
    if many {
        limits::make_room_for_descriptors();
    }
}

/// Opens the event stream and everything a command works with.
pub(crate) fn context(cli: &Cli, named: Named) -> Result<(Context, Writer)> {
    let global = &cli.global;
    let own_network = lesson::own_network(&cli.command)?;
    let draws = lesson::draws(cli);
    let stop = Stop::install()?;
    let to = event_target(global.events.as_ref(), named.events)?;
    let terminal = fd::is_terminal(to.as_fd());
    let shares_output = fd::is_same_file(to.as_fd(), fd::output()) && !fd::throws_away(fd::output());
    let events_on_errors = fd::is_same_file(to.as_fd(), fd::errors());
    let events_on_terminal = terminal.then(|| to.as_raw_fd());
    let progress = wants_progress(&cli.command);
    let bar = progress && terminal && !global.json;
    let display = DisplayOptions {
        json: global.json,
        detail: global.verbose,
        terminal,
        // Its events are on standard output, unless they are asked for elsewhere.
        quiet: global.quiet || draws && global.events.is_none(),
        bar,
        progress,
        explain: lesson::explains(&cli.command),
        announced: terminal && fd::is_terminal(fd::output()) && announces(&cli.command),
        pairs: matches!(cli.command, Command::Stat(_)),
        brief: global.brief,
        style: style(global.color, terminal),
    };
    let capture = capture_config(cli, bar);
    let demo = matches!(cli.command, Command::Demo(_));
    let verbosity = match (global.quiet, global.verbose) {
        // The bar is drawn from events that the printer does not show, and the demo goes on by them.
        (true, _) if bar || capture.is_some() || demo && !global.json => Verbosity::All,
        (true, _) => Verbosity::Errors,
        (_, true) => Verbosity::Detail,
        _ if global.brief && capture.is_none() && !draws => Verbosity::Brief,
        _ => Verbosity::All,
    };
    let echoed = Arc::new(EchoedInterrupt::new(stop.clone()));
    let printer = if terminal {
        let echoed = Arc::clone(&echoed);
        let is_due = move || {
            let is_unfinished = shares_output && echoed.take_unfinished();
            echoed.take() || is_unfinished
        };
        output::printer_on_terminal(display, to, is_due)
    } else {
        output::printer(display, to)
    };
    let packets = match &capture {
        Some(capture) if capture.on_stdout(global.events == Some(EventTarget::Stdout)) => {
            let out = fd::take_output().map_err(|e| Error::new("open", "standard output", e))?;
            let style = style(global.color, fd::is_terminal(out.as_fd()));
            Some(output::printer(DisplayOptions { style, ..display }, File::from(out)))
        }
        _ => None,
    };
    let (prepared, printer) = capture::prepare(capture.as_ref(), printer, packets)?;
    let (events, writer) =
        Events::start(verbosity, printer).map_err(|e| Error::new("start thread", "events", e))?;
    let events = events.sharing_output(shares_output);
    let (capture, sockets) = capture::start(prepared, &events)?;
    let (to_terminal, asked) = (fd::is_terminal(fd::output()), stop.clone());
    let page: Opener =
        Arc::new(move || Ok(Box::new(ReportOutput::open(asked.clone())?) as Box<dyn Write + Send>));
    let context = Context {
        sockets,
        capture,
        events,
        ladder: lesson::ladder(cli, &page)?,
        own_network,
        report: output::report(global.json, style(global.color, to_terminal), to_terminal, page),
        stop,
        echoed,
        json: global.json,
        visible: match (to_terminal, style(global.color, to_terminal)) {
            (true, Style::Coloured) => coloured,
            (true, Style::Plain) => visible,
            (false, _) => raw,
        },
        safe: if to_terminal { visible } else { raw },
        colour: style(global.color, to_terminal) == Style::Coloured,
        events_on_errors,
        events_on_terminal,
        ready_fd: named.ready,
        service: named.service,
        passed: named.passed,
        progress_every: if display.bar { PROGRESS_BAR } else { PROGRESS_LINES },
    };
    Ok((context, writer))
}

const fn announces(command: &Command) -> bool {
    matches!(command, Command::ChatServe(args) if args.room.announce)
}

fn wants_progress(command: &Command) -> bool {
    match command {
        Command::Listen(args) => args.pipe.progress,
        Command::Connect(args) => args.pipe.progress,
        _ => false,
    }
}

fn event_target(target: Option<&EventTarget>, taken: Option<OwnedFd>) -> Result<File> {
    let failed = |on: &dyn std::fmt::Display, e| Error::new("open", on, e).about(Kind::File);
    match target {
        None => fd::duplicate(fd::errors()).map(File::from).map_err(|e| failed(&"standard error", e)),
        Some(EventTarget::Stdout) => {
            fd::take_output().map(File::from).map_err(|e| failed(&"standard output", e))
        }
        Some(EventTarget::Descriptor(number)) => {
            let taken = taken.ok_or_else(|| rustix::io::Errno::BADF.into());
            taken.map(File::from).map_err(|e| failed(&format_args!("fd:{number}"), e))
        }
        Some(EventTarget::File(path)) => {
            let open = OpenOptions::new().create(true).append(true).open(path);
            open.map_err(|e| failed(&path.display(), e))
        }
    }
}

fn style(when: ColorWhen, terminal: bool) -> Style {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty())
        || std::env::var_os("TERM").is_some_and(|t| t == "dumb");
    match when {
        ColorWhen::Always => Style::Coloured,
        ColorWhen::Auto if terminal && !plain => Style::Coloured,
        _ => Style::Plain,
    }
}

#[allow(clippy::unnecessary_wraps)] // one of two functions of one type
fn visible() -> Option<Filter> {
    let mut visible = Visible::default();
    Some(Box::new(move |bytes, out| visible.push(bytes, out)))
}

/// As [`visible`], in the colour of received text.
#[allow(clippy::unnecessary_wraps)]
fn coloured() -> Option<Filter> {
    let mut received = output::Received::default();
    Some(Box::new(move |bytes, out| received.push(bytes, out)))
}

fn raw() -> Option<Filter> {
    None
}

/// Prints generated text; a closed pipe is a quiet end.
pub(crate) fn print(text: &str) -> Exit {
    let written = fd::take_output().and_then(|_given| output::text(text));
    match written {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            output::complain(&Error::new("write", "standard output", error).to_string());
            Exit::Local
        }
        _ => Exit::Done,
    }
}

/// Prints an error to standard error when there is no event stream, as a line or as the last events; returns the exit.
pub(crate) fn complain(json: bool, fault: Fault, exit: Exit) -> Exit {
    if json {
        let (ts, code, cause) = (jiff::Timestamp::now(), exit.code(), fault.text.clone());
        let record = |seq, event| Record { v: SCHEMA_VERSION, seq, ts, event };
        let records = [record(1, Event::Error { fault }), record(2, Event::Exit { code, cause })];
        output::complain_json(&records);
    } else {
        output::complain(&fault.text);
    }
    exit
}

/// An error of a command as an event's fields; with the command line that was meant, if what was typed is wrong.
pub(crate) fn fault(error: &anyhow::Error, exit: Exit, args: &[OsString]) -> Fault {
    let mut fault = if let Some(error) = error.downcast_ref::<Error>() {
        error.fault()
    } else {
        let kind = if exit == Exit::Usage { Kind::Usage } else { Kind::Other };
        Fault { kind, op: None, errno: None, conn: None, peer: None, text: format!("{error:#}") }
    };
    // Words of ss stand where stat has hosts.
    let may_be_words = fault.kind == Kind::Resolve && args.iter().any(|word| word == "stat");
    if (fault.kind == Kind::Usage || may_be_words)
        && let Some(line) = advice::instead(args)
    {
        fault.text = format!("{}; did you mean `{line}`?", fault.text);
    }
    if fault.kind == Kind::Usage {
        fault.text = advice::without_passwords(&fault.text, args);
    }
    fault
}

/// Reports that events could not be written to their target; returns the exit. Nothing is reported for standard error
/// itself, nor for a closed pipe.
pub(crate) fn events_lost(cli: &Cli, error: std::io::Error, exit: Exit) -> Exit {
    let on = match &cli.global.events {
        Some(EventTarget::File(path)) => path.display().to_string(),
        Some(EventTarget::Descriptor(number)) => format!("fd:{number}"),
        Some(EventTarget::Stdout) => "standard output".to_owned(),
        None => return exit,
    };
    if error.kind() == std::io::ErrorKind::BrokenPipe {
        return exit;
    }
    let exit = if exit == Exit::Done { Exit::Local } else { exit };
    complain(cli.global.json, Error::new("write events to", on, error).about(Kind::File).fault(), exit)
}

/// A deadline that passed as an event's fields.
pub(crate) fn late(cause: &str) -> Fault {
    Fault { kind: Kind::Timeout, op: None, errno: None, conn: None, peer: None, text: cause.to_owned() }
}

/// Whether an error is only a closed pipe at standard output.
pub(crate) fn is_closed_output(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Error>().is_some_and(|e| {
        e.op == "write" && e.on == "standard output" && e.source.kind() == std::io::ErrorKind::BrokenPipe
    })
}
