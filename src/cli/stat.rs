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
/// Lists every TCP, UDP and UNIX socket of this network namespace, as the kernel reports it. Only the processes of other
/// users need privileges. A FILTER matches either end: PORT, :PORT, HOST, HOST:PORT or a range such as 10.0.0.0/8; PORT
/// may be a list with ranges. If there are several hosts or several ports, one of them must match; a host and a port must
/// match at the same end. unix:PATH and unix:@NAME match the UNIX sockets of that name, written as they were bound, and those
/// connected to them; nothing else matches UNIX sockets. The kernel applies the other filters, and states. The exit status
/// is 1 if no socket matches.
///
/// With --watch only changes are shown, not the sockets at the start. The table is read every 20 ms, less often if that would
/// take more than a tenth of a CPU; the kernel notifies of TCP and UDP sockets that are closed, not of UNIX sockets. A state
/// shorter than the time between two readings may be missed: a change may span several states, and a socket that appeared
/// and closed in between is shown as gone, without a state. It runs until a signal ends it.
///
/// --top needs a terminal. Sockets are sorted by throughput: received and acknowledged bytes a second, as the kernel counts
/// them (TCP only). Bars show how full the receive and the send buffer are, or the accept queue of a listener.
/// A sparkline shows the round-trip times of a connection, the last one at the right. A socket is marked + if it appeared,
/// ~ if its state changed, - if it is gone, and ! if it retransmitted. UNIX sockets are shown with -x.
///
/// With --packets the packets of matching connections of every program are shown as they pass, until a signal ends it,
/// with ARP, neighbour discovery and ICMP of their hosts. Connections are numbered in the order they are seen;
/// sequence numbers count from the start of each. --pcap saves the packets. It needs CAP_NET_RAW. With --json the packets
/// are events (soquete-events(7)).
///
/// With --wait the conditions are: listen, a socket of that port listens (on the host named or on every address); gone, no
/// socket is left except in TIME-WAIT; established, a socket is ESTABLISHED; count, the number of matching sockets compares
/// so, OP being <, <=, =, !=, >= or >. The table is read every 100 ms, and the sockets that satisfy the condition are
/// printed. -t, -u, --state and the other filters apply. After --timeout the exit status is 3.
///
/// With --json each socket is an object with the fields proto (tcp, udp, unix), type (of a UNIX socket: stream, dgram,
/// seqpacket), local and peer (null if there is none), peer_inode (of a UNIX socket), state, recv_queue and send_queue in
/// bytes (for listeners accept_queue and accept_max instead), uid and inode (0 for a socket without a descriptor: orphans,
/// TIME-WAIT, connections not accepted yet). With -p: processes, a list of pid and name, and processes_hidden, the
/// reason why some may be missing. If the kernel refuses its interface, the rows come from /proc/net, and source says so.
/// With -e, each if the kernel reports it: rtt_us, rttvar_us, rto_us, snd_mss, rcv_mss, pmtu, cwnd, retransmits,
/// delivery_rate (bytes a second); timer (its purpose: retransmit, keepalive, time-wait, or probe of a closed window),
/// timer_ms until it fires, timer_fired (how often it has fired for the same purpose); congestion; recv_memory of
/// recv_buffer, send_memory of send_buffer, forward_memory, queued_memory, option_memory and backlog_memory in bytes,
/// drops in datagrams; tos, v6only, shut (receive, send, both), interface, cookie. With --summary: proto, state, count.
/// With --watch: ts, change (appeared, changed, gone), proto, local, peer, from and to (null if the socket was not, or is no
/// longer, in the table), uid and inode, with -p processes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Stat {
    /// Sockets with this at either end: PORT, :PORT, HOST, HOST:PORT, ADDRESS/BITS, unix:PATH or unix:@NAME
    #[arg(value_name = "FILTER")]
    pub filter: Vec<Pattern>,
    /// TCP sockets
    #[arg(short, long)]
    pub tcp: bool,
    /// UDP sockets
    #[arg(short, long)]
    pub udp: bool,
    /// UNIX sockets
    #[arg(short = 'x', long, conflicts_with_all = PACKETS)]
    pub unix: bool,
    /// Listening sockets: LISTEN, and UNCONNECTED for datagrams
    #[arg(short, long, conflicts_with_all = PACKETS)]
    pub listening: bool,
    /// All states, the default; accepted for netstat compatibility
    #[arg(short, long, conflicts_with = "listening")]
    pub all: bool,
    /// Sockets in this state; may be repeated
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = StateParser, hide_possible_values = true, conflicts_with_all = PACKETS)]
    pub state: Vec<State>,
    /// Sockets with this local address; may be repeated
    #[arg(long, value_name = "FILTER")]
    pub local: Vec<Pattern>,
    /// Sockets with this peer address; may be repeated
    #[arg(long, value_name = "FILTER")]
    pub peer: Vec<Pattern>,
    /// Show the processes that hold each socket
    #[arg(short, long, conflicts_with_all = PACKETS)]
    pub processes: bool,
    /// Show more of each socket: owner, inode, rtt, cwnd, retransmits, timer, memory, congestion control
    #[arg(short, long, conflicts_with_all = PACKETS)]
    pub extended: bool,
    /// Count sockets by state instead
    #[arg(long, conflicts_with_all = ["processes", "extended", "watch", "wait", "packets", "pcap", "diagram"])]
    pub summary: bool,
    /// Show changes instead, as they happen; read the table every DUR
    #[arg(long, value_name = "DUR", num_args = 0..=1, require_equals = true, value_parser = duration,
        conflicts_with_all = ["extended", "wait", "packets", "pcap", "diagram"])]
    #[allow(clippy::option_option)] // absent, alone, or with a value
    pub watch: Option<Option<Duration>>,
    /// Show a live view instead, a frame every DUR [1s]: rates, queues as bars, round-trip times; q ends it
    #[arg(long, value_name = "DUR", num_args = 0..=1, require_equals = true, value_parser = duration,
        conflicts_with_all = ["extended", "summary", "watch", "wait", "packets", "pcap", "diagram"])]
    #[allow(clippy::option_option)] // absent, alone, or with a value
    pub top: Option<Option<Duration>>,
    /// Wait until 'listen PORT', 'gone PORT', 'established HOST:PORT' or 'count OP N FILTER' holds
    #[arg(long, value_name = "COND", conflicts_with_all = PACKETS)]
    pub wait: Option<Condition>,
    /// Time limit of --wait
    #[arg(long, value_name = "DUR", value_parser = duration, requires = "wait",
        conflicts_with_all = ["watch", "top", "summary", "packets", "pcap", "diagram"])]
    pub timeout: Option<Duration>,
    /// Packets.
    #[command(flatten)]
    pub packets: PacketArgs,
    /// Families and names.
    #[command(flatten)]
    pub lookup: LookupArgs,
}

/// With these, packets are shown in place of the table.
const PACKETS: [&str; 3] = ["packets", "pcap", "diagram"];

const EXAMPLES: &str = "\
Examples:
  soquete stat 65432                     sockets with this port, at either end
  soquete stat -tulp                     listeners, with processes
  soquete stat -p 8080                   which process holds it
  soquete stat -p unix:/run/docker.sock  the same of a UNIX socket
  soquete stat -t --state ESTABLISHED --peer 10.0.0.0/8
  soquete stat -e 443 --json             rtt, cwnd, retransmits for a script
  soquete stat --summary                 count sockets by state
  soquete stat --watch 8080              every change, as it happens
  soquete stat --top 443                 a live view of throughput
  soquete stat --packets 8080            packets of other programs
  soquete stat --wait 'listen 65432' --timeout 10s && ./client
  soquete stat --wait 'count >= 3 65432' --state ESTABLISHED";
