//! The command line: what a user may type, as types. Nothing runs here; help, manual pages and completions are made of it.

// Users read these comments in a terminal, where backticks are noise and [V6] is no link.
#![allow(clippy::doc_markdown, rustdoc::broken_intra_doc_links)]

mod alone;
mod bus;
mod chat_join;
mod chat_serve;
mod command;
mod connect;
mod datagrams;
mod demo;
mod effect;
mod forward;
mod listen;
mod multi_connect;
mod names;
mod passed;
mod proxy;
mod response;
mod secret;
mod short;
mod socket;
mod stat;
mod tap;
mod tls;
mod udp_send;
mod udp_serve;
mod values;

pub use bus::BusArgs;
pub use chat_join::ChatJoin;
pub use chat_serve::{ChatServe, RoomArgs};
pub use command::ExecArgs;
pub use connect::Connect;
pub use datagrams::DatagramArgs;
pub use demo::{Demo, LanguageName, LessonName};
pub use forward::{DatagramTarget, ForwardArgs, ForwardTarget, HeaderVersion};
pub use listen::{EofArgs, Listen, PipeArgs};
pub use multi_connect::MultiConnect;
pub use passed::{PassedArgs, UserArgs};
pub use proxy::{ProxyArgs, ProxyKind, ProxyServerArgs};
pub use response::Response;
pub use secret::Secret;
pub use socket::{
    AccessArgs, ClientArgs, ListenerArgs, LookupArgs, PacketArgs, ReadyArgs, ServerArgs, SocketArgs,
    TcpSocketArgs, UdpClientArgs, UdpServerArgs,
};
pub use stat::Stat;
pub use tap::TapArgs;
pub use tls::{TlsArgs, TlsClientArgs, TlsServerArgs};
pub use udp_send::UdpSend;
pub use udp_serve::{AnswerArgs, Group, UdpServe};

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

/// Open sockets with explicit control, see every state they go through, script them with JSON.
///
/// Data goes to standard output, events to standard error. Servers listen on loopback unless --public or an address is
/// given. A duration is 250ms, 5s or 1m30s; a bare number is seconds. A size is in bytes, or 64k, 1M, 1G.
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
#[allow(missing_docs)] // a comment here would hide what the arguments say about themselves
pub enum Command {
    Listen(Box<Listen>),
    Connect(Box<Connect>),
    UdpServe(Box<UdpServe>),
    UdpSend(Box<UdpSend>),
    ChatServe(Box<ChatServe>),
    ChatJoin(Box<ChatJoin>),
    MultiConnect(Box<MultiConnect>),
    Stat(Box<Stat>),
    Demo(Demo),
    /// Print the completion script of a shell
    ///
    /// Distributions install the same scripts from the folder completions/ of the source.
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
    /// Print events and reports as JSON, one object per line
    #[arg(long, global = true)]
    pub json: bool,
    /// Send events to a file, to standard output (-) or to an inherited descriptor (fd:N)
    #[arg(long, global = true, value_name = "TARGET")]
    pub events: Option<EventTarget>,
    /// Print errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print one line at the start and one at the end of each connection
    #[arg(short, long, global = true, conflicts_with_all = ["quiet", "verbose"])]
    pub brief: bool,
    /// Print details too: data moved, TCP_INFO, options read back, DNS answers
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// When to use colour; NO_COLOR is honoured
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
    /// On a terminal, unless NO_COLOR is set
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
    /// Zsh
    Zsh,
    /// Fish
    Fish,
    /// Elvish
    Elvish,
    /// PowerShell
    #[value(name = "powershell")]
    PowerShell,
    /// Nushell
    Nushell,
}

/// Understands a command line, the program's name first.
pub fn parse(args: &[OsString]) -> Result<Cli, clap::Error> {
    let args = names::spelled_out(args);
    alone::parse(&args).map_or_else(|| whole(&args), Ok)
}

fn whole(args: &[OsString]) -> Result<Cli, clap::Error> {
    let mut command = command();
    let matches = command.try_get_matches_from_mut(args)?;
    let cli = Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    effect::check(&cli, &matches).map_err(|why| command.error(ErrorKind::ArgumentConflict, why))?;
    Ok(cli)
}

/// A switch, and a flag whose value may be left out, may be repeated; the last one counts. A value may begin as numbers below
/// zero do, so that what is wrong with it is told.
fn repeatable(arg: Arg) -> Arg {
    let is_switch = match arg.get_action() {
        ArgAction::SetTrue => true,
        ArgAction::Set => arg.get_num_args().is_some_and(|count| count.min_values() == 0),
        _ => false,
    };
    if is_switch {
        let id = arg.get_id().clone();
        return arg.overrides_with(id);
    }
    let takes_value = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append) && !arg.is_positional();
    if takes_value { arg.allow_negative_numbers(true) } else { arg }
}

/// The whole definition, for help, manual pages and completions.
#[must_use]
pub fn command() -> clap::Command {
    short::shorten(
        Cli::command().mut_args(repeatable).mut_subcommands(|command| command.mut_args(repeatable)),
    )
}

const OVERVIEW: &str = "\
Examples:
  soquete demo                                  watch the states of a connection
  soquete connect example.com 80                talk to a server
  soquete listen 4333                           wait for one client on loopback
  soquete connect --check example.com 22,80     test ports
  soquete wait 30s db 5432 -- ./start           run a command once a port is open
  soquete udp-serve --echo 5000                 answer datagrams
  soquete udp-send host 5000 hello              send one, print the reply
  soquete multi-connect localhost:65432-65434   talk to three servers at once
  soquete stat -tulp                            listening sockets, with their processes

Exit status:
  0 success   1 network error   2 usage error   3 timeout
  4 some targets failed   5 local error   129, 130, 143 ended by a signal";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  soquete completions bash > ~/.local/share/bash-completion/completions/soquete
  soquete completions zsh > ~/.zfunc/_soquete    after: fpath+=~/.zfunc
  soquete completions fish > ~/.config/fish/completions/soquete.fish
  soquete completions elvish > ~/.config/elvish/lib/soquete.elv
                                                 then in rc.elv: use soquete
  soquete completions powershell >> $PROFILE
  soquete completions nushell > soquete.nu       then in config.nu: source soquete.nu";
