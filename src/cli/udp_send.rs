//! `soquete udp-send`.

use super::values::{duration, patience, payload};
use super::{DatagramArgs, UdpClientArgs};
use crate::net::expect::Expect;
use clap::Args;
use std::ffi::OsString;
use std::time::Duration;

/// Send datagrams, and print the replies.
///
/// Each MESSAGE is one datagram; without any, each line of standard input is one, without its line feed. Input that is
/// too long for a datagram (65507 bytes over IPv4, 65527 over IPv6) is an error; it is never truncated. Replies go to
/// standard output unchanged; with --json each is an object. On a terminal each reply begins on a new line.
///
/// The addresses of a name are tried in turn: if ICMP reports that no socket listens there and no reply has arrived, the
/// datagrams of the last second are sent to the next address.
///
/// With --check --wait a test that is refused, or has no reply within --reply-wait, is repeated until the time is up, exit
/// status 3. With --expect the test waits for a reply that matches REGEX; soquete-connect(1) describes REGEX.
///
/// Datagrams to unix:PATH or unix:@NAME are sent from a socket with an abstract name that the kernel chooses, so that they
/// can be answered; they hold at most 65536 bytes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct UdpSend {
    /// Where: HOST PORT, HOST:PORT, [V6]:PORT, PORT, unix:PATH or unix:@NAME; then the messages
    #[arg(value_name = "HOST PORT [MESSAGE]", required = true, num_args = 1..)]
    pub words: Vec<OsString>,
    /// Test a port: replied (exit 0), refused (1) or no-answer (3). Sends the messages, or an empty datagram
    #[arg(short = 'z', long, conflicts_with_all = ["replies", "size", "whole", "per_read", "keep_lf", "crlf"])]
    pub check: bool,
    /// With --check: only a reply that matches this regular expression counts; otherwise no-match, exit status 1
    #[arg(long, value_name = "REGEX", requires = "check")]
    pub expect: Option<Expect>,
    /// With --check: retry for this long, or forever, until there is a reply
    #[arg(long, value_name = "DUR", requires = "check", value_parser = patience)]
    pub wait: Option<Duration>,
    /// Send all of standard input as one datagram
    #[arg(long, conflicts_with_all = ["size", "per_read", "keep_lf"])]
    pub whole: bool,
    /// Split standard input into datagrams of N bytes, regardless of lines
    #[arg(long, value_name = "N", value_parser = payload, conflicts_with_all = ["per_read", "keep_lf", "crlf"])]
    pub size: Option<usize>,
    /// Wait for replies until this long after the last datagram sent or received; 0 does not wait
    #[arg(long, value_name = "DUR", value_parser = duration, default_value = "1s")]
    pub reply_wait: Duration,
    /// End after N replies; fewer before --reply-wait ends exit with 3
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub replies: Option<u64>,
    /// Send everything N times
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub repeat: u64,
    /// Wait this long between two datagrams
    #[arg(short, long, value_name = "DUR", value_parser = duration)]
    pub interval: Option<Duration>,
    /// Allow a broadcast address, and replies from any address
    #[arg(long)]
    pub broadcast: bool,
    /// Time to live, or hop limit, of multicast datagrams
    #[arg(long, value_name = "N")]
    pub multicast_ttl: Option<u8>,
    /// How standard input becomes datagrams.
    #[command(flatten)]
    pub input: DatagramArgs,
    /// Its socket.
    #[command(flatten)]
    pub client: UdpClientArgs,
}

const EXAMPLES: &str = "\
Examples:
  soquete udp-send host 5000 hello        send one datagram, print the replies
  soquete udp-send host 5000 < file       a datagram a line
  soquete udp-send host 514 --reply-wait 0 '<13>hello'
                                          do not wait for replies
  soquete udp-send host 5000 --whole < file
  soquete udp-send host 5000 --size 1400 < file
  soquete udp-send --check host 123       test whether a server replies
  soquete udp-send --check --expect '^pong' --wait 30s host 5000 ping
                                          wait for that answer
  soquete udp-send unix:/dev/log --reply-wait 0 '<13>hello'
                                          a datagram to a UNIX socket
  soquete udp-send --repeat 5 --interval 1s host 5000 ping
  soquete udp-send --broadcast 192.168.1.255 5000 hello
  soquete udp-send --multicast-ttl 1 224.0.0.251 5353 hello";
