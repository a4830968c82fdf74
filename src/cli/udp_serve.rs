//! `soquete udp-serve`.

use super::values::duration;
use super::{
    DatagramArgs, DatagramTarget, ExecArgs, PassedArgs, Response, ServerArgs, UdpServerArgs, UserArgs,
};
use clap::Args;
use std::ffi::OsString;
use std::net::IpAddr;
use std::time::Duration;

/// Receive datagrams, and answer them.
///
/// Payloads go to standard output unchanged; each datagram is one event that names its peer. Any number of peers is
/// served at once; each is answered at its own address, from the address it wrote to. A bare port is loopback in both
/// families; --public or an address opens it to others.
///
/// Each line of standard input is sent, without its line feed, to the peer that sent the last datagram. Input is not read
/// until a peer has sent one; its end does not end the server. With a service (--echo, --upper, --respond) standard input
/// is not read, and a job in the background of a terminal does not read the terminal. A line that is too long for a datagram
/// (65507 bytes over IPv4, 65527 over IPv6) is an error; it is never truncated.
///
/// Services do not answer datagrams from the server's own address and port, nor from ports 7, 13, 17, 19 and 37, whose
/// services answer every datagram: one datagram with a forged sender would start an endless exchange. The first such
/// datagram of each kind causes a warning.
///
/// --forward opens a socket towards the target for each peer and looks the target's name up each time; replies leave from
/// the address the peer wrote to. The socket of a peer that is silent for --idle-timeout is closed; with 4096 peers, a new
/// one replaces the peer that has been silent longest. A target that refuses datagrams (ICMP) causes a warning, at most
/// once a second. If the name has several addresses and one refuses the first datagrams, the next address is used. The
/// target unix:PATH is a datagram socket.
///
/// With --exec or --sh-exec the first datagram of each peer starts a command. Each datagram is written whole to its
/// standard input, without a separator. Each of its writes is sent back as one datagram, or as several if it is longer
/// than one. If the command does not read its input, datagrams for it are dropped. After --idle-timeout without a datagram
/// either way, and after --count, the command's input is closed; after two more seconds it gets SIGTERM, and then SIGKILL.
/// soquete-listen(1) describes its environment.
///
/// Datagrams from peers that --allow and --deny exclude are dropped: they are not printed, answered or counted. A refuse event
/// reports the first one from each address, for 1024 addresses at most.
///
/// With --activation, --fd or --inetd another program made the sockets, as inetd does for dgram services that wait; they
/// are left open for that program at the end. With --user the program binds its sockets, switches every thread to that user,
/// then reports readiness.
///
/// unix:PATH and unix:@NAME are UNIX datagram sockets; the file is created and removed as by listen. A peer whose socket has
/// no name cannot be answered; the first one causes a warning. --allow and --deny cannot be used. If a peer does not
/// read, the server waits a moment, then drops the datagram with a warning.
///
/// With --json each datagram is an object on standard output, also if it is answered: local, peer, len, and text, or
/// base64 if the payload is not UTF-8. The peer of a UNIX socket without a name is null.
#[derive(Debug, Args)]
#[command(
    after_help = EXAMPLES,
    mut_arg("per_read", |arg| arg.conflicts_with_all(["AnswerArgs", "ExecArgs"])),
    mut_arg("keep_lf", |arg| arg.conflicts_with_all(["AnswerArgs", "ExecArgs"])),
    mut_arg("crlf", |arg| arg.conflicts_with_all(["AnswerArgs", "ExecArgs"])),
)]
pub struct UdpServe {
    /// Where: PORT, HOST PORT, HOST:PORT, [V6]:PORT, unix:PATH or unix:@NAME; port 0 takes a free one
    #[arg(value_name = "[HOST] PORT", required_unless_present = "PassedArgs", num_args = 1..=2)]
    pub address: Vec<String>,
    /// Join this multicast group on IFACE, or on the interface that the routing table gives
    #[arg(long, value_name = "GROUP[%IFACE]")]
    pub join: Vec<Group>,
    /// End after N datagrams; input that is waiting then is sent first, except from a terminal
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// End when no datagram arrives for this long; with --forward or --exec, end the socket or command of a peer that is silent for this long [default: 60s]
    #[arg(long, value_name = "DUR", value_parser = duration)]
    pub idle_timeout: Option<Duration>,
    /// Sockets of another program.
    #[command(flatten)]
    pub passed: PassedArgs,
    /// The user it becomes.
    #[command(flatten)]
    pub user: UserArgs,
    /// Families, names, reach.
    #[command(flatten)]
    pub server: ServerArgs,
    /// How datagrams are answered.
    #[command(flatten)]
    pub answer: AnswerArgs,
    /// A command for each peer.
    #[command(flatten)]
    pub exec: ExecArgs,
    /// The command of --exec and its arguments
    #[arg(last = true, value_name = "COMMAND", requires = "exec", help_heading = "Command")]
    pub command: Vec<OsString>,
    /// Run at most N commands at once; datagrams of other peers are dropped [default: 100]
    #[arg(long, value_name = "N", requires = "ExecArgs", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Command")]
    pub max_conns: Option<u32>,
    /// End each datagram on standard output with a line feed where it has none
    #[arg(long, help_heading = "Transfer", conflicts_with_all = ["AnswerArgs", "ExecArgs"])]
    pub lines: bool,
    /// Send lines to every peer of the last minute instead of the last one
    #[arg(long, help_heading = "Transfer", conflicts_with_all = ["AnswerArgs", "ExecArgs"])]
    pub to_all: bool,
    /// How standard input becomes datagrams.
    #[command(flatten)]
    pub input: DatagramArgs,
    /// Send standard input, print nothing, and end when it ends
    #[arg(long, help_heading = "Transfer", conflicts_with_all = ["recv_only", "lines", "AnswerArgs", "ExecArgs"])]
    pub send_only: bool,
    /// Do not read standard input
    #[arg(long, help_heading = "Transfer", conflicts_with_all = ["to_all", "per_read", "keep_lf", "crlf", "AnswerArgs", "ExecArgs"])]
    pub recv_only: bool,
    /// Its sockets.
    #[command(flatten)]
    pub own: UdpServerArgs,
}

/// How datagrams are answered; by default they are not, and their payload goes to standard output.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Service")]
#[group(multiple = false, conflicts_with = "ExecArgs")]
pub struct AnswerArgs {
    /// Send each datagram back
    #[arg(long)]
    pub echo: bool,
    /// Send each datagram back in upper case
    #[arg(long)]
    pub upper: bool,
    /// Answer each datagram with TEXT, or with the contents of FILE. TEXT may contain \r \n \t \0 \\ \xHH; @- is standard input
    #[arg(long, value_name = "TEXT|@FILE", value_parser = Response::parser())]
    pub respond: Option<Response>,
    /// Forward each peer's datagrams to TARGET through a socket of its own, and the replies back: HOST:PORT, [V6]:PORT, PORT or unix:PATH
    #[arg(long, value_name = "TARGET", conflicts_with = "count")]
    pub forward: Option<DatagramTarget>,
}

/// A multicast group, and the interface to join it on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The group's address.
    pub ip: IpAddr,
    /// The interface's name; the one the kernel's routes give if absent.
    pub interface: Option<String>,
}

const EXAMPLES: &str = r"Examples:
  soquete udp-serve 5000                  print payloads, answer with lines
  soquete udp-serve --lines 514 | grep ERROR
                                          each payload on a line of its own
  soquete udp-serve --echo 5000           send it back
  soquete udp-serve --upper 5000          the classroom server
  soquete udp-serve --public 514 --json   JSON events, from anywhere
  soquete udp-serve --respond 'pong\n' 5000
                                          the same answer for every peer
  soquete udp-serve --forward dns.example:53 --public 53
                                          forward a port
  soquete udp-serve --to-all 5000         send lines to every peer
  soquete udp-serve --join 224.0.0.251 5353
  soquete udp-serve --join ff02::fb%eth0 5353
                                          join a multicast group
  soquete udp-serve 5000 --exec -- tr a-z A-Z
                                          a command for each peer
  soquete udp-serve --inetd --echo --idle-timeout 1m
                                          a service of inetd that waits
  soquete udp-serve --count 1 --idle-timeout 5s 5000
                                          wait for one datagram";
