//! The command line: what a user may type, as types. Nothing runs here; help, manual pages and completions are made of it.

mod connect;
mod listen;
mod socket;
mod values;

pub use connect::Connect;
pub use listen::{Listen, PipeArgs};
pub use socket::{LookupArgs, ServerArgs, SocketArgs};

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Open sockets with explicit control, see every state they go through, script them with JSON.
///
/// Data goes to standard output, events to standard error. Servers are reached from this machine alone unless told
/// otherwise.
#[derive(Debug, Parser)]
#[command(name = "soquete", version, max_term_width = 100, after_help = OVERVIEW, disable_help_subcommand = true)]
pub struct Cli {
    /// What holds for every subcommand.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Accept TCP connections
    Listen(Box<Listen>),
    /// Open a TCP connection, or test ports
    Connect(Box<Connect>),
    /// Show a conversation on loopback with every state of both ends
    #[command(after_help = DEMO_EXAMPLES)]
    Demo,
    /// Print the completion script of a shell
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// The shell to complete in
        shell: Shell,
    },
}

/// Flags that may stand before or after the subcommand.
#[derive(Debug, Args)]
#[command(next_help_heading = "Events")]
pub struct Global {
    /// Events as JSON, one object a line; reports too
    #[arg(long, global = true)]
    pub json: bool,
    /// Send events to a file, `-` for standard output, or `fd:N` for an inherited descriptor
    #[arg(long, global = true, value_name = "TARGET")]
    pub events: Option<EventTarget>,
    /// Errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Detail too: `TCP_INFO`, options read back, DNS answers
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// When to use colour; `NO_COLOR` is honoured
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorWhen,
}

/// Where events go instead of standard error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventTarget {
    /// `-`
    Stdout,
    /// `fd:N`
    Descriptor(i32),
    /// A path, appended to.
    File(PathBuf),
}

/// When output is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Shells that completions are made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// GNU Bash
    Bash,
    /// Z shell
    Zsh,
    /// fish
    Fish,
    /// Elvish
    Elvish,
    /// `PowerShell`
    #[value(name = "powershell")]
    PowerShell,
    /// Nushell
    Nushell,
}

/// The whole definition, for help, manual pages and completions.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

const OVERVIEW: &str = "\
Examples:
  soquete demo                                  see two sockets live and die
  soquete connect example.com 80                talk to a server
  soquete listen 4333                           wait for one client on loopback
  soquete connect --check example.com 22,80     test ports
  soquete connect --check --wait 30s db 5432 -- ./start
                                                run a command once a port is open

Exit status:
  0 done   1 the network said no   2 usage   3 a deadline passed
  4 some targets failed   5 this machine said no   130, 143 ended by a signal";

const DEMO_EXAMPLES: &str = "\
Examples:
  soquete demo             a TCP echo server and its client, state by state
  soquete demo --json      the same for a script, on standard error";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  soquete completions bash > ~/.local/share/bash-completion/completions/soquete
  soquete completions fish > ~/.config/fish/completions/soquete.fish";
