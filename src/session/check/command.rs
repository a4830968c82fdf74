//! The command that runs once the check has succeeded.

use super::super::{Context, Outcome, Result};
use crate::event::Kind;
use crate::exit::Exit;
use crate::sys;
use crate::sys::child::exit_code;
use crate::sys::limits;
use crate::sys::poll::Process;
use std::ffi::OsString;
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};

/// Runs `words`; soquete exits with its status. A signal that asks us to end is passed on to it.
pub(super) fn run(words: &[OsString], context: &Context) -> Result {
    let name = words[0].to_string_lossy().into_owned();
    let failed = |e| sys::Error::new("run", &name, e).about(Kind::File);
    limits::restore_descriptors();
    let mut child = Command::new(&words[0]).args(&words[1..]).spawn().map_err(failed)?;
    let status = end_of(&mut child, context).map_err(failed)?;
    // The signal ended both.
    if let Some(signal) = context.stop.signal().filter(|signal| status.signal() == Some(signal.number())) {
        return Ok(Outcome::stopped(signal));
    }
    let code = exit_code(status);
    Ok(Outcome::of(Exit::Command(code), format!("{name} ended with {code}")))
}

fn end_of(child: &mut Child, context: &Context) -> std::io::Result<ExitStatus> {
    let process = Process::watch(child)?;
    if !process.wait_or(Some(context.stop.as_fd()))? {
        // A terminal's Ctrl-C reached the child too; a second signal does no harm, a missing one would.
        if let Some(signal) = context.stop.signal() {
            process.pass_on(signal)?;
        }
        process.wait_or(None)?;
    }
    child.wait()
}
