//! How standard input becomes datagrams: flags of `udp-serve` and `udp-send`.

use clap::Args;

/// What one datagram is. Without any of these, a line without its line feed.
#[derive(Clone, Copy, Debug, Default, Args)]
#[command(next_help_heading = "Transfer")]
pub struct DatagramArgs {
    /// Send each read of standard input, instead of each line, as one datagram, unchanged
    #[arg(long, conflicts_with_all = ["keep_lf", "crlf"])]
    pub per_read: bool,
    /// Keep the line feed at the end of each datagram
    #[arg(long)]
    pub keep_lf: bool,
    /// Send line ends as CR LF
    #[arg(short = 'C', long)]
    pub crlf: bool,
}
