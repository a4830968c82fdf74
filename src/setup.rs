//! What a run is made of: the event stream, the context of a command, and words for what cannot even start.

use crate::cli::{Cli, ColorWhen, Command, EventTarget};
use crate::cmd::Context;
use crate::event::{Event, Events, Fault, Interest, Kind, Record, SCHEMA_VERSION, Writer};
use crate::exit::Exit;
use crate::output::{self, Look, Style};
use crate::sys::echo::EchoedInterrupt;
use crate::sys::pump::Filter;
use crate::sys::signal::Stop;
use crate::sys::socket::Sockets;
use crate::sys::{Error, Result, limits, stdio};
use crate::text::Visible;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;
use std::time::Duration;

/// Progress for scripts and logs, and for a bar.
const PROGRESS_LINES: Duration = Duration::from_secs(1);
const PROGRESS_BAR: Duration = Duration::from_millis(100);

/// Makes room for many sockets where a command is going to have them. To be called before there is any thread.
pub(crate) fn make_room(command: &Command) {
    let many = match command {
        Command::Listen(args) => args.keep_open,
        Command::Connect(args) => args.check,
        Command::ChatServe(_) | Command::MultiConnect(_) => true,
        _ => false,
    };
    if many {
        limits::make_room_for_descriptors();
    }
}

/// Opens the event stream and everything a command works with.
pub(crate) fn context(cli: &Cli) -> Result<(Context, Writer)> {
    let global = &cli.global;
    let to = event_target(global.events.as_ref())?;
    let terminal = stdio::is_terminal(to.as_fd());
    let events_on_terminal = terminal.then(|| to.as_raw_fd());
    let progress = wants_progress(&cli.command);
    let look = Look {
        json: global.json,
        detail: global.verbose,
        bar: progress && terminal && !global.json && !global.quiet,
        progress,
        explain: matches!(cli.command, Command::Demo),
        style: style(global.color, terminal),
    };
    let interest = match (global.quiet, global.verbose) {
        (true, _) => Interest::Errors,
        (_, true) => Interest::Detail,
        _ => Interest::All,
    };
    let stop = Stop::install()?;
    let echoed = Arc::new(EchoedInterrupt::new(stop.clone()));
    let printer = if terminal {
        let echoed = Arc::clone(&echoed);
        output::printer_on_terminal(look, to, move || echoed.take())
            .map_err(|e| Error::new("dup", "events", e))?
    } else {
        output::printer(look, to)
    };
    let (events, writer) =
        Events::start(interest, printer).map_err(|e| Error::new("start thread", "events", e))?;
    let to_terminal = stdio::is_terminal(stdio::output());
    let context = Context {
        sockets: Sockets::new(events.clone()),
        events,
        stop,
        echoed,
        report: output::report(global.json, style(global.color, to_terminal), to_terminal, || {
            stdio::take_output().map(File::from)
        }),
        json: global.json,
        visible: if to_terminal { visible } else { raw },
        colour: style(global.color, to_terminal) == Style::Coloured,
        events_on_terminal,
        progress_every: if look.bar { PROGRESS_BAR } else { PROGRESS_LINES },
    };
    Ok((context, writer))
}

fn wants_progress(command: &Command) -> bool {
    match command {
        Command::Listen(args) => args.pipe.progress,
        Command::Connect(args) => args.pipe.progress,
        _ => false,
    }
}

fn event_target(target: Option<&EventTarget>) -> Result<File> {
    let failed = |on: &dyn std::fmt::Display, e| Error::new("open", on, e).about(Kind::File);
    match target {
        None => stdio::duplicate(stdio::errors()).map(File::from).map_err(|e| failed(&"standard error", e)),
        Some(EventTarget::Stdout) => {
            stdio::take_output().map(File::from).map_err(|e| failed(&"standard output", e))
        }
        Some(EventTarget::Descriptor(number)) => {
            stdio::inherited(*number).map(File::from).map_err(|e| failed(&format_args!("fd:{number}"), e))
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

fn raw() -> Option<Filter> {
    None
}

/// Prints text this program made; a reader that goes away is a quiet end.
pub(crate) fn print(text: &str) -> u8 {
    let written = stdio::take_output().and_then(|_given| output::text(text));
    match written {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            output::complain(&Error::new("write", "standard output", error).to_string());
            Exit::Local.code()
        }
        _ => Exit::Done.code(),
    }
}

/// Help and version go to standard output; a wrong command line is one line that says what to do next.
pub(crate) fn explain(error: &clap::Error, args: &[OsString]) -> u8 {
    if !error.use_stderr() {
        return print(&error.render().to_string());
    }
    let text = error.render().to_string();
    let mut parts = text.lines().map(str::trim).filter(|l| !l.is_empty());
    let mut said = parts.next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    if error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        output::complain_raw(&text);
        return Exit::Usage.code();
    }
    for part in parts.take_while(|l| !l.starts_with("Usage:") && !l.starts_with("For more")) {
        said.push_str(if said.ends_with(':') { " " } else { "; " });
        said.push_str(part);
    }
    let command = args.get(1).map(|a| a.to_string_lossy()).filter(|a| !a.starts_with('-'));
    let help = command.filter(|c| known(c)).map_or_else(String::new, |c| format!(" {c}"));
    let said = format!("{said}; see `soquete{help} --help`");
    if args.iter().any(|a| a == "--json") {
        let fault =
            Fault { kind: Kind::Usage, op: None, errno: None, conn: None, peer: None, text: said.clone() };
        let ts = jiff::Timestamp::now();
        let code = Exit::Usage.code();
        let record = |seq, event| Record { v: SCHEMA_VERSION, seq, ts, event };
        let records = [record(1, Event::Error { fault }), record(2, Event::Exit { code, cause: said })];
        output::complain_json(&records);
    } else {
        output::complain(&said);
    }
    Exit::Usage.code()
}

fn known(word: &str) -> bool {
    crate::cli::command().get_subcommands().any(|c| c.get_name() == word)
}

/// An error of a command as an event's fields.
pub(crate) fn fault(error: &anyhow::Error, exit: Exit) -> Fault {
    if let Some(error) = error.downcast_ref::<Error>() {
        return error.fault();
    }
    let kind = if exit == Exit::Usage { Kind::Usage } else { Kind::Other };
    Fault { kind, op: None, errno: None, conn: None, peer: None, text: format!("{error:#}") }
}

/// Says that events could not be written where the user wanted them; returns the exit status. Standard error has nobody
/// to say it to, and a reader that went away is a quiet end.
pub(crate) fn events_lost(target: Option<&EventTarget>, error: std::io::Error, code: u8) -> u8 {
    let on = match target {
        Some(EventTarget::File(path)) => path.display().to_string(),
        Some(EventTarget::Descriptor(number)) => format!("fd:{number}"),
        Some(EventTarget::Stdout) => "standard output".to_owned(),
        None => return code,
    };
    if error.kind() == std::io::ErrorKind::BrokenPipe {
        return code;
    }
    output::complain(&Error::new("write events to", on, error).to_string());
    if code == Exit::Done.code() { Exit::Local.code() } else { code }
}

/// A deadline that passed as an event's fields.
pub(crate) fn late(cause: &str) -> Fault {
    Fault { kind: Kind::Timeout, op: None, errno: None, conn: None, peer: None, text: cause.to_owned() }
}

/// Whether an error is only that nobody reads standard output any more.
pub(crate) fn is_closed_output(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Error>().is_some_and(|e| {
        e.op == "write" && e.on == "standard output" && e.source.kind() == std::io::ErrorKind::BrokenPipe
    })
}

/// Whether an error is only that a wait was cut short.
pub(crate) fn is_interrupted(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Error>().is_some_and(|e| e.source.kind() == std::io::ErrorKind::Interrupted)
}
