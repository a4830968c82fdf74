//! `soquete stat`.

use super::LookupArgs;
use super::condition::Condition;
use super::values::duration;
use crate::event::State;
use crate::net::pattern::Pattern;
use clap::Args;
use std::time::Duration;

/// Show the socket table.
///
/// Every socket of this network namespace, as the kernel has it; no privilege is needed but for other users'
/// processes. A FILTER is what either end must match: PORT, :PORT, HOST, HOST:PORT or a range such as 10.0.0.0/8. Of
/// several hosts or several ports one must match; a host and a port must match at the same end.
///
/// The exit status is 1 when no socket matches.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Stat {
    /// Sockets with this at either end: PORT, :PORT, HOST, HOST:PORT, ADDRESS/BITS
    #[arg(value_name = "FILTER")]
    pub filter: Vec<Pattern>,
    /// TCP sockets
    #[arg(short, long)]
    pub tcp: bool,
    /// UDP sockets
    #[arg(short, long)]
    pub udp: bool,
    /// UNIX sockets
    #[arg(short = 'x', long)]
    pub unix: bool,
    /// Sockets that wait for clients: LISTEN, and UNCONNECTED for datagrams
    #[arg(short, long)]
    pub listening: bool,
    /// Every state, which is the default; for hands that type -tan
    #[arg(short, long, conflicts_with = "listening")]
    pub all: bool,
    /// Sockets in this state; may be repeated
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub state: Vec<State>,
    /// Sockets with this at our end; may be repeated
    #[arg(long, value_name = "FILTER")]
    pub local: Vec<Pattern>,
    /// Sockets with this at the other end; may be repeated
    #[arg(long, value_name = "FILTER")]
    pub peer: Vec<Pattern>,
    /// The processes that hold each socket
    #[arg(short, long)]
    pub processes: bool,
    /// More of each socket: owner, inode, rtt, cwnd, retransmits, timer, memory, congestion control
    #[arg(short, long)]
    pub extended: bool,
    /// Count sockets by state instead
    #[arg(long, conflicts_with_all = ["processes", "extended", "watch", "wait"])]
    pub summary: bool,
    /// Stream changes instead: what appeared, went from state to state, is gone; look every DUR
    #[arg(long, value_name = "DUR", num_args = 0..=1, require_equals = true, value_parser = duration,
        conflicts_with_all = ["extended", "wait"])]
    #[allow(clippy::option_option)] // absent, alone, or with a value
    pub watch: Option<Option<Duration>>,
    /// Wait until 'listen PORT', 'gone PORT', 'established HOST:PORT' or 'count OP N FILTER' holds
    #[arg(long, value_name = "COND")]
    pub wait: Option<Condition>,
    /// Give --wait up after this long
    #[arg(long, value_name = "DUR", value_parser = duration, requires = "wait")]
    pub timeout: Option<Duration>,
    /// Families and names.
    #[command(flatten)]
    pub lookup: LookupArgs,
}

const EXAMPLES: &str = "\
Examples:
  soquete stat 65432                     who uses this port, at either end
  soquete stat -tulp                     who listens, with processes
  soquete stat -p 8080                   which process holds it
  soquete stat -t --state ESTABLISHED --peer 10.0.0.0/8
  soquete stat -e 443 --json             rtt, cwnd, retransmits for a script
  soquete stat --summary                 how many sockets in which state
  soquete stat --watch 8080              every change, as it happens
  soquete stat --wait 'listen 65432' --timeout 10s && ./client
  soquete stat --wait 'count >= 3 65432' --state ESTABLISHED";
