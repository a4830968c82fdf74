//! What is run, and how it ended in the words of events and exit statuses.

use crate::event::{ChildFields, Kind};
use crate::sys::child::{ending_signal, exit_code, find_program};
use crate::sys::{Error, Result};
use std::ffi::{OsStr, OsString};
use std::io;
use std::process::{Command, ExitStatus};

/// What is run for each connection or peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandLine {
    /// A program and its arguments.
    Words(Vec<OsString>),
    /// A line for `/bin/sh -c`.
    Shell(OsString),
}

impl CommandLine {
    /// Fails if the program is not there or may not be run, so that this is known before the first client.
    pub fn check(&self) -> Result<()> {
        find_program(self.program()).map_err(|e| self.failed(e))
    }

    fn program(&self) -> &OsStr {
        match self {
            // The command line has at least one word after `--`.
            Self::Words(words) => words.first().map_or(OsStr::new(""), OsString::as_os_str),
            Self::Shell(_) => OsStr::new("/bin/sh"),
        }
    }

    /// The command to start, with the variables of its connection.
    pub(in crate::session) fn command(&self, environment: &[(&str, Option<String>)]) -> Command {
        let mut command = Command::new(self.program());
        match self {
            Self::Words(words) => command.args(words.iter().skip(1)),
            Self::Shell(line) => command.arg("-c").arg(line),
        };
        for (name, value) in environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    /// The error of a command that cannot be started.
    pub(in crate::session) fn failed(&self, error: io::Error) -> Error {
        Error::new("run", self.name(), error).about(Kind::File)
    }

    /// The program, for people.
    pub(in crate::session) fn name(&self) -> String {
        self.program().to_string_lossy().into_owned()
    }
}

/// The fields of the event at a command's start.
pub(in crate::session) fn start_fields(pid: u32) -> ChildFields {
    ChildFields { pid, code: None, signal: None }
}

/// The fields of the event at its end.
pub(in crate::session) fn exit_fields(pid: u32, status: ExitStatus) -> ChildFields {
    ChildFields { pid, code: Some(exit_code(status)), signal: ending_signal(status) }
}
