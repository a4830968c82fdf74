//! The flags of a command that has a connection as its standard input and output.

use clap::Args;
use std::ffi::OsString;

/// What is run for each connection.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Command")]
#[group(multiple = false)]
pub struct ExecArgs {
    /// Run the command after -- for each client, with the connection as its standard input and output
    #[arg(long, requires = "command")]
    pub exec: bool,
    /// Run STRING with /bin/sh -c instead
    #[arg(long, value_name = "STRING", conflicts_with = "command")]
    pub sh_exec: Option<OsString>,
}

impl ExecArgs {
    /// Whether a command is run.
    #[must_use]
    pub const fn is_any(&self) -> bool {
        self.exec || self.sh_exec.is_some()
    }
}
