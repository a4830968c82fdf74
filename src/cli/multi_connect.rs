//! `soquete multi-connect`.

use super::listen::EofArgs;
use super::proxy::keep_through_proxy;
use super::values::duration;
use super::{ClientArgs, TapArgs, TlsClientArgs};
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// Talk to many servers at once.
///
/// One connection is opened to each target, all at the same time. Every line of standard input goes to all of them; every
/// line received is printed as `[HOST:PORT] text`. When standard input ends, FIN is sent to each target and reading
/// continues until they close. A target that fails does not stop the others. The exit status is 0 if every target ended
/// well, 4 if some failed, 1 if all did, and 3 if none failed but a time limit ended one.
///
/// A target that falls 4 MiB of input behind delays the others only while it takes at least 1 MiB a second; a slower one
/// is disconnected and counts as failed. With --reconnect a target that was down is sent the input it missed, at most the
/// last 4 MiB, from the start of the interrupted line; data that the kernel had already accepted is not sent again. Once
/// standard input has ended and a target was sent all of it, it is not connected again, unless --on-eof keep is given; with
/// --timeout one that was never connected is tried until then. Of attempts that fail in a row the first is reported with
/// its states, the others once a second.
///
/// With --ordered the n-th line from a target is its answer to the n-th line sent to it. After a target is late, by DUR or
/// 2 seconds, the others do not wait for it until it has caught up; its answers are printed when they arrive.
///
/// A line longer than 1 MiB (1048576 bytes) is printed in pieces, each as a line of its own, with a warning; --ordered
/// counts it as one answer. At most eight lines longer than 64 KiB are collected at once; further ones wait. While others
/// wait, a line that takes longer than 2 seconds, and one more for each 125 kB, is printed in pieces as well.
///
/// With --tls the name of each target is verified. A target is connected once its handshake is done, within 30 seconds
/// or --timeout, and delays no other target meanwhile.
///
/// Taps work as with connect. All connections share the files, and each piece is written whole: --output holds the
/// bytes as they arrived, without [HOST:PORT]; a hex dump names the connection of each piece.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, mut_arg("on_eof", keep_through_proxy))]
pub struct MultiConnect {
    /// Where: HOST:PORT, HOST:PORT,PORT, HOST:PORT-PORT, [V6]:PORT, HOST PORTS, PORTS or unix:PATH; 8000- goes up to 65535, - is all
    #[arg(value_name = "TARGET", required_unless_present = "targets")]
    pub target: Vec<String>,
    /// Read more targets from FILE, one host a line; # begins a comment
    #[arg(long, value_name = "FILE")]
    pub targets: Vec<PathBuf>,
    /// Print lines without [HOST:PORT]
    #[arg(long)]
    pub no_prefix: bool,
    /// Print the answers to one line in the order of the targets; a target without an answer delays the others by DUR at most
    #[arg(long, value_name = "DUR", num_args = 0..=1, require_equals = true, default_missing_value = "2s", value_parser = duration)]
    pub ordered: Option<Duration>,
    /// Reconnect to a target that fails or closes, with increasing delays
    #[arg(long, conflicts_with = "on_peer_eof")]
    pub reconnect: bool,
    /// Give up on a target that is not connected for this long
    #[arg(short = 'w', long, value_name = "DUR", value_parser = duration)]
    pub timeout: Option<Duration>,
    /// End a connection that is idle for this long
    #[arg(long, value_name = "DUR", value_parser = duration)]
    pub idle_timeout: Option<Duration>,
    /// How the end of standard input is treated.
    #[command(flatten)]
    pub eof: EofArgs,
    /// TLS.
    #[command(flatten)]
    pub tls: TlsClientArgs,
    /// Taps.
    #[command(flatten)]
    pub taps: TapArgs,
    /// Its socket.
    #[command(flatten)]
    pub client: ClientArgs,
}

const EXAMPLES: &str = "\
Examples:
  soquete multi-connect localhost:65432-65434   talk to three servers at once
  echo status | soquete multi-connect a:7000 b:7000 --timeout 2s
  soquete multi-connect --targets hosts.txt --ordered < questions
  soquete multi-connect --tls --tls-ca ca.pem a:6514 b:6514
                                                through TLS, each name verified
  soquete multi-connect --reconnect a:514 b:514
                                                follow logs through restarts";
