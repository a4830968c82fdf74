//! soquete: a scriptable network toolkit that shows every state its sockets go through.
//!
//! The layers, each of which uses only those named behind it:
//!
//! | module | what it is | may use |
//! | --- | --- | --- |
//! | [`event`] | what happens to sockets, as values; states and their table; the event queue | nothing of ours |
//! | [`sys`] | every system call on sockets and descriptors, every `unsafe` | `event` |
//! | `net` | addresses, names, listeners, connection races, streams; prints nothing | `event`, `sys`, `text` |
//! | `relay` | bytes between a connection and an input and output: the policy of endings, two drivers | `event`, `net`, `sys` |
//! | `scan` | the decisions of a port check; pure | value types of `net` and `event` |
//! | [`capture`] | packets as facts: decoded, numbered, written to a file; pure | `event` |
//! | `text` | lines, characters, what a terminal may see, local time | nothing of ours |
//! | `fanout` | one log for many readers, and the policy for those that fall behind; pure | nothing of ours |
//! | `chat` | a chat of lines: the room, its members, commands; pure | `fanout`, `text` |
//! | [`cli`] | the command line as types | value types |
//! | [`advice`] | what to type instead of a wrong command line | `cli`, value types of `net` |
//! | `output` | the only layer that prints | `event`, `text`, the drawings of `capture` |
//! | `session` | the engines, and the context they work with | everything but `cli`, `cmd`, `output` |
//! | [`cmd`] | one file a subcommand | everything but `output` |
//!
//! [`run`] is the one place where commands and printers meet. A socket's state is written by one method, which asks the
//! kernel (`sys::state`); an event is numbered and stamped in one place ([`event::Events`]); the process ends in `main`.

pub mod advice;
pub mod capture;
mod chat;
pub mod cli;
pub mod cmd;
pub mod event;
pub mod exit;
mod fanout;
mod net;
mod output;
mod relay;
mod scan;
mod session;
mod setup;
pub mod sys;
mod text;

use cli::Command;
use cmd::{Context, Outcome};
use event::Event;
use exit::Exit;
use session::capture::Capture;
use std::ffi::OsString;
use std::sync::Arc;

/// Runs the program with its arguments, the program's name first; returns how it is to end.
pub fn run(args: impl IntoIterator<Item = OsString>) -> Exit {
    sys::child::settle_signals();
    let args: Vec<OsString> = args.into_iter().collect();
    if args.iter().any(|arg| arg == "--inetd") {
        // Mistakes in the command line are not for the peer either.
        sys::passed::keep_errors_off_socket();
    }
    let cli = match cli::parse(&args) {
        Ok(cli) => cli,
        Err(error) => return setup::explain(&error, &args),
    };
    if let Command::Completions { shell } = cli.command {
        return setup::print(&cmd::completions::script(shell));
    }
    let ready = setup::take_named(&cli).and_then(|named| {
        setup::make_room(&cli.command);
        setup::context(&cli, named)
    });
    let (mut context, writer) = match ready {
        Ok(ready) => ready,
        Err(error) => return setup::complain(cli.global.json, error.fault(), Exit::of_kind(error.kind())),
    };
    let result = dispatch(&cli.command, &mut context);
    if let Some(service) = &context.service {
        // A manager that is gone by now misses nothing.
        let _ = service.notify("STOPPING=1");
    }
    context.sockets.drain();
    let unsaved = context.capture.take().and_then(Capture::finish);
    let result = unsaved.map_or(result, |error| Err(error.into()));
    let exit = conclude(result, &args, cli.global.json, &context);
    let echoed = Arc::clone(&context.echoed);
    drop(context);
    let lost = writer.finish();
    if echoed.take() {
        output::end_line();
    }
    match lost {
        Some(error) => setup::events_lost(&cli, error, exit),
        None => exit,
    }
}

fn dispatch(command: &Command, context: &mut Context) -> cmd::Result {
    match command {
        Command::Listen(args) => cmd::listen::run(args, context),
        Command::Connect(args) if args.is_check() => cmd::check::run(args, context),
        Command::Connect(args) => cmd::connect::run(args, context),
        Command::ChatServe(args) => cmd::chat_serve::run(args, context),
        Command::ChatJoin(args) => cmd::chat_join::run(args, context),
        Command::MultiConnect(args) => cmd::multi_connect::run(args, context),
        Command::Stat(args) => cmd::stat::run(args, context),
        Command::UdpServe(args) => cmd::udp_serve::run(args, context),
        Command::UdpSend(args) => cmd::udp_send::run(args, context),
        Command::Demo(args) => cmd::demo::run(args, context),
        Command::Completions { .. } => Ok(Outcome::done()),
    }
}

/// Emits how the run ended, and returns it.
fn conclude(result: cmd::Result, args: &[OsString], json: bool, context: &Context) -> Exit {
    let outcome = session::unless_stopped(result, &context.stop).unwrap_or_else(|error| {
        let exit = Exit::of(&error);
        if setup::is_closed_output(&error) {
            return Outcome::output_closed();
        }
        let fault = setup::fault(&error, exit, args);
        let cause = fault.text.clone();
        if exit == Exit::Usage && !context.events_on_errors {
            setup::complain(json, fault.clone(), exit);
        }
        context.events.emit(Event::Error { fault });
        Outcome::of(exit, cause)
    });
    if outcome.told {
        context.events.emit(Event::Error { fault: setup::late(&outcome.cause) });
    }
    context.events.emit(Event::Exit { code: outcome.exit.code(), cause: outcome.cause });
    outcome.exit
}
