//! `soquete chat-join`.

use super::proxy::keep_through_proxy;
use super::values::duration;
use super::{ClientArgs, EofArgs, TapArgs, TlsClientArgs};
use clap::Args;
use std::time::Duration;

/// Join a chat room.
///
/// On a terminal there is a prompt with history, which incoming lines do not break, and a colour for each sender. Tab
/// completes commands and nicknames. Ctrl-C clears a half-typed line, or ends the program if there is none. An empty line is
/// not sent. Your own lines have a time stamp too; the date is shown only if it is not today's.
///
/// Otherwise standard input and output are piped as by connect: when standard input ends, FIN is sent, and reading continues
/// until the room closes the connection.
///
/// Taps work as with connect.
#[derive(Debug, Args)]
#[command(override_usage = "soquete chat-join [OPTIONS] [HOST] [PORT]", after_help = EXAMPLES, mut_arg("on_eof", keep_through_proxy))]
pub struct ChatJoin {
    /// Where: HOST, PORT, HOST PORT, HOST:PORT, [V6]:PORT, unix:PATH or unix:@NAME [default: localhost 4333]
    #[arg(value_name = "[HOST] [PORT]", num_args = 0..=2)]
    pub address: Vec<String>,
    /// Set your nickname
    #[arg(long, value_name = "NAME", value_parser = nick)]
    pub nick: Option<String>,
    /// Give up connecting after this long, the TLS handshake included
    #[arg(short = 'w', long, value_name = "DUR", value_parser = duration)]
    pub timeout: Option<Duration>,
    /// End when the connection is idle for this long
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

/// Accepts a nick that every room accepts.
fn nick(word: &str) -> Result<String, String> {
    crate::chat::check_nick(word.as_bytes()).map(str::to_owned).map_err(|why| format!("the nick {why}"))
}

const EXAMPLES: &str = "\
Examples:
  soquete chat-join                          the room on this machine
  soquete chat-join example.com --nick ana   another room, with a nickname
  soquete chat-join --tls example.com        a room that chat-serve --tls runs
  tail -f log | soquete chat-join example.com 4333
                                             send a log to a room";
