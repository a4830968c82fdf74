//! `soquete udp-serve`.

use super::values::duration;
use super::{DatagramArgs, Response, ServerArgs, UdpServerArgs};
use clap::Args;
use std::net::IpAddr;
use std::time::Duration;

/// Receive datagrams, and answer them.
///
/// What comes goes to standard output as it is, an event tells of each datagram and its peer. Any number of peers is
/// served at once; each is answered at its own address, from the address it wrote to. A bare port is loopback in both
/// families; --public or an address opens it to others.
///
/// Each line of standard input goes to the peer that spoke last, its line feed left out. Input waits, unread, until a peer
/// has spoken; its end does not end the server. With a service (--echo, --upper, --respond) standard input is not read.
/// A line that is too long for a datagram (65507 bytes over IPv4, 65527 over IPv6) is an error, never cut. A job in the
/// background of a terminal does not read it.
///
/// Services do not answer what comes from this server's own address and port, nor from ports 7, 13, 17, 19 and 37, whose
/// services answer everything themselves: a single datagram with a false sender would go back and forth for ever. The
/// first such datagram of each kind is told as a warning.
///
/// With --json each datagram is an object on standard output: local, peer, len, and text, or base64 where the payload
/// is not UTF-8; also where datagrams are answered.
#[derive(Debug, Args)]
#[command(
    after_help = EXAMPLES,
    mut_arg("per_read", |arg| arg.conflicts_with("AnswerArgs")),
    mut_arg("keep_lf", |arg| arg.conflicts_with("AnswerArgs")),
    mut_arg("crlf", |arg| arg.conflicts_with("AnswerArgs")),
)]
pub struct UdpServe {
    /// Where: PORT, HOST PORT, HOST:PORT or [V6]:PORT; port 0 takes a free one
    #[arg(value_name = "[HOST] PORT", required = true, num_args = 1..=2)]
    pub address: Vec<String>,
    /// Families, names, who may come.
    #[command(flatten)]
    pub server: ServerArgs,
    /// What peers get.
    #[command(flatten)]
    pub answer: AnswerArgs,
    /// Receive what is sent to this multicast group too, on one interface or the one that routes give
    #[arg(long, value_name = "GROUP[%IFACE]")]
    pub join: Vec<Group>,
    /// End after N datagrams, once what then waits at standard input is sent (a terminal's is not)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// End when no datagram came for this long
    #[arg(long, value_name = "DUR", value_parser = duration)]
    pub idle_timeout: Option<Duration>,
    /// End each datagram on standard output with a line feed where it has none
    #[arg(long, help_heading = "Transfer", conflicts_with = "AnswerArgs")]
    pub lines: bool,
    /// Send lines to every peer heard in the last minute, not to the last one alone
    #[arg(long, help_heading = "Transfer", conflicts_with = "AnswerArgs")]
    pub to_all: bool,
    /// How standard input becomes datagrams.
    #[command(flatten)]
    pub input: DatagramArgs,
    /// Send standard input and leave at its end; print nothing
    #[arg(long, help_heading = "Transfer", conflicts_with_all = ["recv_only", "lines", "AnswerArgs"])]
    pub send_only: bool,
    /// Do not read standard input
    #[arg(long, help_heading = "Transfer", conflicts_with_all = ["to_all", "per_read", "keep_lf", "crlf", "AnswerArgs"])]
    pub recv_only: bool,
    /// Its sockets.
    #[command(flatten)]
    pub own: UdpServerArgs,
}

/// What peers get; without any of these nothing, and standard output gets the payload.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Service")]
#[group(multiple = false)]
pub struct AnswerArgs {
    /// Send each datagram back
    #[arg(long)]
    pub echo: bool,
    /// Send each datagram back in upper case
    #[arg(long)]
    pub upper: bool,
    /// Answer each datagram with TEXT, or with the contents of FILE. TEXT knows \r \n \t \0 \\ \xHH; @- is standard input
    #[arg(long, value_name = "TEXT|@FILE", value_parser = Response::parser())]
    pub respond: Option<Response>,
}

/// A multicast group, and the interface to hear it on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The group's address.
    pub ip: IpAddr,
    /// The interface's name; the one the kernel's routes give if absent.
    pub interface: Option<String>,
}

const EXAMPLES: &str = r"Examples:
  soquete udp-serve 5000                  show what comes, answer with lines
  soquete udp-serve --lines 514 | grep ERROR
                                          a line each, whatever was sent
  soquete udp-serve --echo 5000           send it back
  soquete udp-serve --upper 5000          the classroom server
  soquete udp-serve --public 514 --json   a log for scripts, from anywhere
  soquete udp-serve --respond 'pong\n' 5000
                                          the same answer for everybody
  soquete udp-serve --to-all 5000         talk to everybody who talks
  soquete udp-serve --join 224.0.0.251 5353
  soquete udp-serve --join ff02::fb%eth0 5353
                                          hear a multicast group
  soquete udp-serve --count 1 --idle-timeout 5s 5000
                                          wait for one datagram";
