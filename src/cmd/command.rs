//! The flags of a command as values.

use crate::cli::ExecArgs;
use crate::session::command::{Children, CommandLine};
use crate::sys::Result;
use std::ffi::OsString;

/// What is run for each connection or peer; none without the flags.
pub(crate) fn command_line(args: &ExecArgs, words: &[OsString]) -> Option<CommandLine> {
    match &args.sh_exec {
        Some(line) => Some(CommandLine::Shell(line.clone())),
        None => args.exec.then(|| CommandLine::Words(words.to_vec())),
    }
}

/// As [`command_line`], for connections. Fails where the command cannot be run.
pub(crate) fn children(args: &ExecArgs, words: &[OsString]) -> Result<Option<Children>> {
    command_line(args, words).map(Children::new).transpose()
}
