//! `soquete multi-connect`.

use super::ClientArgs;
use super::listen::EofArgs;
use super::values::duration;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// Talk to many servers at once.
///
/// One connection is opened to each target, all at the same time. Every line of standard input goes to all of them; every
/// line that comes from one is printed as `[HOST:PORT] text`. When standard input ends, FIN is sent to each and reading
/// goes on until they close. A target that fails does not stop the others. The exit status is 0 if every target ended
/// well, 4 if some failed, 1 if all did, and 3 if none failed but a time limit ended one.
///
/// A target that falls 4 MiB of input behind while another has nothing left to send is waited for at a pace of 1 MiB a
/// second or more; a slower one is let go and counts as failed. With --reconnect a target that is down is sent what was
/// typed meanwhile once it is back, the last 4 MiB of it at most, beginning with the line that was cut off; what the
/// kernel had already taken for it is not sent again.
///
/// With --ordered the n-th line a target sends is its answer to the n-th line it was sent. A target that is late, by 2
/// seconds where no DUR is given, is not waited for again until it has caught up; its answers are printed when they come.
///
/// A line longer than 1 MiB (1048576 bytes) is printed in pieces, each as a line of its own, and a warning says so; to
/// --ordered it is one answer. Eight lines longer than 64 KiB are collected at once and further ones wait; one that takes
/// its time while others wait, 2 seconds and one more for each 125 kB, is printed in pieces as well.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct MultiConnect {
    /// Where: HOST:PORT, HOST:PORT,PORT, HOST:PORT-PORT, [V6]:PORT, HOST PORTS or PORTS; 8000- goes up to 65535, - is all
    #[arg(value_name = "TARGET", required_unless_present = "targets")]
    pub target: Vec<String>,
    /// Read more targets from a file, those of one host a line; # begins a comment
    #[arg(long, value_name = "FILE")]
    pub targets: Vec<PathBuf>,
    /// Print what comes without [HOST:PORT]
    #[arg(long)]
    pub no_prefix: bool,
    /// Print the answers to one line in the order of the targets; who does not answer holds the others up for DUR at most
    #[arg(long, value_name = "DUR", num_args = 0..=1, require_equals = true, default_missing_value = "2s", value_parser = duration)]
    pub ordered: Option<Duration>,
    /// Connect again to a target that fails or closes, after ever longer waits
    #[arg(long)]
    pub reconnect: bool,
    /// Give a target up that is not connected for this long
    #[arg(short = 'w', long, value_name = "DUR", value_parser = duration)]
    pub timeout: Option<Duration>,
    /// End a connection on which nothing moves for this long
    #[arg(long, value_name = "DUR", value_parser = duration)]
    pub idle_timeout: Option<Duration>,
    /// How the end of standard input is treated.
    #[command(flatten)]
    pub eof: EofArgs,
    /// Its socket.
    #[command(flatten)]
    pub client: ClientArgs,
}

const EXAMPLES: &str = "\
Examples:
  soquete multi-connect localhost:65432-65434   talk to three servers at once
  echo status | soquete multi-connect a:7000 b:7000 --timeout 2s
  soquete multi-connect --targets hosts.txt --ordered < questions
  soquete multi-connect --reconnect a:514 b:514
                                                follow logs through restarts";
