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
/// line received is printed as `[HOST:PORT] text`. When standard input ends, FIN is sent to each and reading
/// goes on until they close. A target that fails does not stop the others. The exit status is 0 if every target ended
/// well, 4 if some failed, 1 if all did, and 3 if none failed but a time limit ended one.
///
/// A target that falls 4 MiB of input behind holds the others up only while it takes 1 MiB a second or more; a slower one
/// is disconnected and counts as failed. With --reconnect a target that was down is sent the input it missed, the last
/// 4 MiB at most, from the start of the line that was interrupted; data that the kernel had already accepted is not sent
/// again.
///
/// With --ordered the n-th line from a target is its answer to the n-th line sent to it. A target that is late, by DUR or
/// 2 seconds, is not waited for again until it has caught up; its answers are printed when they arrive.
///
/// Taps are those of connect. The files are shared by all connections, whose pieces are written whole: --output has the
/// bytes as they arrived, without [HOST:PORT], and a hex dump says which connection a piece is of.
///
/// A line longer than 1 MiB (1048576 bytes) is printed in pieces, each as a line of its own, and a warning says so; to
/// --ordered it is one answer. Eight lines longer than 64 KiB are collected at once and further ones wait; one that takes
/// its time while others wait, 2 seconds and one more for each 125 kB, is printed in pieces as well.
///
/// With --tls the name that is verified is each target's own. A target is connected once its handshake is done, for which
/// it has 30 seconds unless --timeout says otherwise; one that stalls delays no other.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, mut_arg("on_eof", keep_through_proxy))]
pub struct MultiConnect {
    /// Where: HOST:PORT, HOST:PORT,PORT, HOST:PORT-PORT, [V6]:PORT, HOST PORTS, PORTS or unix:PATH; 8000- goes up to 65535, - is all
    #[arg(value_name = "TARGET", required_unless_present = "targets")]
    pub target: Vec<String>,
    /// Read more targets from a file, those of one host a line; # begins a comment
    #[arg(long, value_name = "FILE")]
    pub targets: Vec<PathBuf>,
    /// Print lines without [HOST:PORT]
    #[arg(long)]
    pub no_prefix: bool,
    /// Print the answers to one line in the order of the targets; a target without an answer delays the others by DUR at most
    #[arg(long, value_name = "DUR", num_args = 0..=1, require_equals = true, default_missing_value = "2s", value_parser = duration)]
    pub ordered: Option<Duration>,
    /// Connect again to a target that fails or closes, after increasing waits
    #[arg(long)]
    pub reconnect: bool,
    /// Give up a target that is not connected for this long
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
