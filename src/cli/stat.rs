//! `soquete stat`.

use super::values::{StateParser, duration};
use super::{LookupArgs, PacketArgs};
use crate::event::State;
use crate::net::condition::Condition;
use crate::net::pattern::Pattern;
use clap::Args;
use std::time::Duration;

/// Show the socket table.
///
/// Every TCP, UDP and UNIX socket of this network namespace, as the kernel reports it; only the processes of other users
/// need privileges. Either end must match a FILTER: PORT, :PORT, HOST, HOST:PORT or a range such as
/// 10.0.0.0/8; PORT may be a list with ranges. Of several hosts or several ports one must match, a host and a port at
/// the same end. The kernel applies filters and states itself. UNIX sockets have no addresses: no FILTER matches them.
/// The exit status is 1 when no socket matches.
///
/// With --json each socket is an object with the fields proto (tcp, udp, unix), type (of a UNIX socket: stream, dgram,
/// seqpacket), local and peer (null where there is none), peer_inode (of a UNIX socket), state, recv_queue and
/// send_queue in bytes, for listeners accept_queue and accept_max instead, uid and inode (0 for a socket without
/// a descriptor: orphans, TIME-WAIT, connections not accepted yet); with -p processes, a list of pid and name, and
/// processes_hidden, which says why some may be missing; source, where the kernel refuses its interface and the rows
/// come from /proc/net. With -e, each if the kernel reports it: rtt_us, rttvar_us, rto_us, snd_mss, rcv_mss, pmtu,
/// cwnd, retransmits, delivery_rate (bytes a second); timer (its purpose: retransmit, keepalive, time-wait, or
/// probe of a closed window), timer_ms until it fires, timer_fired times for the same thing; congestion; recv_memory of
/// recv_buffer, send_memory of send_buffer, forward_memory, queued_memory, option_memory and backlog_memory in bytes,
/// drops in datagrams; tos, v6only, shut (receive, send, both), interface, cookie. With --summary: proto, state, count.
///
/// With --watch only changes are shown, not the sockets at the start, as ts, change (appeared, changed, gone),
/// proto, local, peer, from, to (null if it was not, or is no longer, in the table), uid and inode, with -p processes.
/// The table is read every 20 ms, less often if that would take more than a tenth of a CPU, and the kernel notifies of
/// TCP and UDP sockets that are gone. A state that lasts less than the time between two readings may be missed: a change
/// may span several states, and a socket that appeared and went in between is shown as gone, without a state. For UNIX
/// sockets there are no notifications. It runs until a signal ends it.
///
/// With --top a terminal is needed. Sockets are sorted by what they move: received bytes and acknowledged ones a second, as the
/// kernel counts them (TCP only). A bar is the part of the buffer or of the accept queue that is full, first what is received,
/// then what is to be sent. The line of a connection shows its round-trip times, the last one at the right. + is a socket that
/// appeared, ~ one whose state changed, - one that is gone; ! one that sent segments again. UNIX sockets are shown with -x.
///
/// With --packets the packets of the connections that match are shown as they pass, those of every program, until
/// a signal ends it; ARP, neighbour discovery and ICMP of their hosts included. Connections are numbered as they are seen;
/// sequence numbers count from the start of each. --pcap saves them. It needs CAP_NET_RAW. With --json the packets are
/// events (soquete-events(7)).
///
/// With --wait the condition holds when a socket of that port listens (listen; on the host named or on every
/// address), when none is left except in TIME-WAIT (gone), when one is ESTABLISHED (established), or when the number of
/// sockets that match compares so, OP being <, <=, =, !=, >= or > (count). The table is read every 100 ms; the sockets that
/// satisfy it are printed. -t, -u, --state and the other filters apply. After --timeout the exit status is 3.
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
    /// Listening sockets: LISTEN, and UNCONNECTED for datagrams
    #[arg(short, long)]
    pub listening: bool,
    /// Every state, which is the default; accepted for netstat compatibility
    #[arg(short, long, conflicts_with = "listening")]
    pub all: bool,
    /// Sockets in this state; may be repeated
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = StateParser, hide_possible_values = true)]
    pub state: Vec<State>,
    /// Sockets with this local address; may be repeated
    #[arg(long, value_name = "FILTER")]
    pub local: Vec<Pattern>,
    /// Sockets with this peer address; may be repeated
    #[arg(long, value_name = "FILTER")]
    pub peer: Vec<Pattern>,
    /// Show the processes that hold each socket
    #[arg(short, long)]
    pub processes: bool,
    /// Show more of each socket: owner, inode, rtt, cwnd, retransmits, timer, memory, congestion control
    #[arg(short, long)]
    pub extended: bool,
    /// Count sockets by state instead
    #[arg(long, conflicts_with_all = ["processes", "extended", "watch", "wait", "packets", "pcap"])]
    pub summary: bool,
    /// Show changes instead, as they happen; read the table every DUR
    #[arg(long, value_name = "DUR", num_args = 0..=1, require_equals = true, value_parser = duration,
        conflicts_with_all = ["extended", "wait", "packets", "pcap"])]
    #[allow(clippy::option_option)] // absent, alone, or with a value
    pub watch: Option<Option<Duration>>,
    /// Show a live view instead, a frame every DUR [1s]: rates, queues as bars, round-trip times; q ends it
    #[arg(long, value_name = "DUR", num_args = 0..=1, require_equals = true, value_parser = duration,
        conflicts_with_all = ["extended", "summary", "watch", "wait", "packets", "pcap", "diagram"])]
    #[allow(clippy::option_option)] // absent, alone, or with a value
    pub top: Option<Option<Duration>>,
    /// Wait until 'listen PORT', 'gone PORT', 'established HOST:PORT' or 'count OP N FILTER' holds
    #[arg(long, value_name = "COND", conflicts_with_all = ["packets", "pcap"])]
    pub wait: Option<Condition>,
    /// Time limit of --wait
    #[arg(long, value_name = "DUR", value_parser = duration, requires = "wait",
        conflicts_with_all = ["watch", "top", "summary", "packets", "pcap"])]
    pub timeout: Option<Duration>,
    /// Packets.
    #[command(flatten)]
    pub packets: PacketArgs,
    /// Families and names.
    #[command(flatten)]
    pub lookup: LookupArgs,
}

const EXAMPLES: &str = "\
Examples:
  soquete stat 65432                     sockets with this port, at either end
  soquete stat -tulp                     listeners, with processes
  soquete stat -p 8080                   which process holds it
  soquete stat -t --state ESTABLISHED --peer 10.0.0.0/8
  soquete stat -e 443 --json             rtt, cwnd, retransmits for a script
  soquete stat --summary                 how many sockets in which state
  soquete stat --watch 8080              every change, as it happens
  soquete stat --top 443                 what each connection moves, live
  soquete stat --packets 8080            every packet of others, as it passes
  soquete stat --wait 'listen 65432' --timeout 10s && ./client
  soquete stat --wait 'count >= 3 65432' --state ESTABLISHED";
