//! Flags of programs that others start: sockets that are passed on, and another user.

use clap::Args;

/// Sockets that another program made, in place of an address.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Activation and privileges")]
#[group(multiple = false)]
pub struct PassedArgs {
    /// Use the sockets passed by the service manager (LISTEN_FDS, sd_listen_fds(3)) instead of an address
    #[arg(long, conflicts_with_all = BEFORE_BIND)]
    pub activation: bool,
    /// Use the inherited socket of this descriptor number instead of an address
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..), conflicts_with_all = BEFORE_BIND)]
    pub fd: Option<i32>,
    /// Use standard input, a socket passed by inetd, instead of an address; no events are written to it
    #[arg(long, conflicts_with_all = BEFORE_BIND)]
    pub inetd: bool,
}

/// What has a meaning only for a socket that is still to be bound.
const BEFORE_BIND: [&str; 9] = [
    "address",
    "public",
    "socket_mode",
    "only_v4",
    "only_v6",
    "reuseaddr",
    "reuseport",
    "v6only",
    "freebind",
];

impl PassedArgs {
    /// Whether sockets are passed on, and none is to be bound.
    #[must_use]
    pub const fn any(&self) -> bool {
        self.activation || self.fd.is_some() || self.inetd
    }
}

/// The user a server becomes.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Activation and privileges")]
pub struct UserArgs {
    /// Switch to this user once the sockets are bound: a name or number, with its own group or GROUP and no others
    #[arg(long, value_name = "NAME[:GROUP]", value_parser = user)]
    pub user: Option<String>,
}

fn user(word: &str) -> Result<String, String> {
    let mut parts = word.split(':');
    let whole = parts.next().is_some_and(|name| !name.is_empty())
        && parts.next().is_none_or(|group| !group.is_empty())
        && parts.next().is_none();
    if whole { Ok(word.to_owned()) } else { Err("a user is NAME or NAME:GROUP".to_owned()) }
}
