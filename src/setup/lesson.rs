//! What the demo is set up with: a network of its own, and a ladder in place of event lines.

use super::{Opener, style};
use crate::cli::{Cli, Command, EventTarget};
use crate::cmd::language;
use crate::event::Kind;
use crate::event::ladder::Ladder;
use crate::output::{self, LadderOptions};
use crate::sys::namespace::enter_own_network;
use crate::sys::{Result, fd, tty};
use crate::text::language::Language;

/// Columns of what is no terminal.
const COLUMNS: usize = 80;

/// Moves the demo into a network of its own; the answer is that of the system, `None` for other commands. Must be called before
/// any thread starts.
pub(super) fn own_network(command: &Command) -> Result<Option<Result<()>>> {
    if !matches!(command, Command::Demo(_)) {
        return Ok(None);
    }
    match enter_own_network() {
        Err(error) if error.kind() != Kind::Permission => Err(error),
        answer => Ok(Some(answer)),
    }
}

/// The language of the sentences that explain states, where they are explained.
pub(super) fn explains(command: &Command) -> Option<Language> {
    if let Command::Demo(args) = command { Some(language(args)) } else { None }
}

/// Whether a ladder takes the place of events: people read standard output, and it is free.
pub(super) fn draws(cli: &Cli) -> bool {
    let global = &cli.global;
    let is_demo = matches!(cli.command, Command::Demo(_));
    is_demo && !global.json && !global.quiet && global.events != Some(EventTarget::Stdout)
}

/// The ladder on standard output, where one is drawn.
pub(super) fn ladder(cli: &Cli, open: &Opener) -> Result<Option<Box<dyn Ladder>>> {
    let Some(language) = explains(&cli.command).filter(|_| draws(cli)) else { return Ok(None) };
    let options = LadderOptions {
        language,
        style: style(cli.global.color, fd::is_terminal(fd::output())),
        sentences: !cli.global.brief,
        detail: cli.global.verbose,
        width: Box::new(|| tty::columns(fd::output()).unwrap_or(COLUMNS)),
    };
    let to = open().map_err(|e| crate::sys::Error::new("open", "standard output", e))?;
    Ok(Some(output::ladder(options, to)))
}
