//! `soquete chat-serve`.

use super::values::size;
use super::{BusArgs, ListenerArgs, PassedArgs, ServerArgs, TapArgs, TlsServerArgs, UserArgs};
use crate::chat::SlowPolicy;
use clap::Args;
use clap::builder::PossibleValue;

/// Run a line chat that any TCP client can join, or any client of a UNIX socket.
///
/// Every line a client sends reaches every other client, with the time and the sender's address before it. The transcript
/// of the room goes to standard output; on a terminal the operator writes to the room from standard input, and the lines of a pipe
/// go to the room as those of the operator. Clients may type /nick NAME, /who, /quit and /help.
///
/// Control characters other than TAB, characters that change the direction of text, and bytes that are not UTF-8 are
/// made visible for every client.
///
/// A client is slow if it reads less than 1 MiB a second while it is far behind: at --slow-limit it is disconnected, or
/// skips the waiting lines, and delays no other client. For a faster one the senders wait.
///
/// With --raw lines, commands included, are relayed unchanged, and a client over --max-clients is closed silently. Lines
/// longer than --max-line are still truncated, and an unfinished last line gets a line feed when its sender leaves.
///
/// A client that --allow and --deny exclude is reset before a byte is exchanged.
///
/// With --tls a client joins once its handshake is done. It has 10 seconds for that, and delays no other client meanwhile.
///
/// At unix:PATH or unix:@NAME the room is on a UNIX socket, whose file is created and removed as by listen. Most of its members
/// have no address and are shown as unix:#2 and so on, with the connection number of the events.
///
/// Taps work as with connect. --output holds the bytes that clients sent, not the transcript. A client that is far behind
/// because of --rate or --delay counts as slow.
///
/// With --bus the room spans machines: each runs chat-serve with the same --bus and --room, and clients join any of them.
/// Lines, /who and nicks are shared; of two claims to one nick the older wins. A machine that is silent for ten seconds is
/// forgotten. If the connection to the bus fails, the room goes on locally and reconnects by itself: it then sends what the
/// others missed, as far as --slow-limit holds it, and reports the rest as a number. --history outlives a restart where the
/// server has JetStream. --bus excludes --raw.
///
/// With --activation, --fd or --inetd another program made the listeners; they are left open for that program at the end.
/// With --user the program binds its sockets, switches every thread to that user, then reports readiness.
#[derive(Debug, Args)]
#[command(override_usage = "soquete chat-serve [OPTIONS] [HOST] [PORT]", after_help = EXAMPLES)]
pub struct ChatServe {
    /// Where: PORT, HOST PORT, HOST:PORT, [V6]:PORT, unix:PATH or unix:@NAME; port 0 takes a free one [default: localhost 4333]
    #[arg(value_name = "[HOST] [PORT]", num_args = 0..=2)]
    pub address: Vec<String>,
    /// Sockets of another program.
    #[command(flatten)]
    pub passed: PassedArgs,
    /// The user it becomes.
    #[command(flatten)]
    pub user: UserArgs,
    /// Families, names, reach.
    #[command(flatten)]
    pub server: ServerArgs,
    /// How the room is run.
    #[command(flatten)]
    pub room: RoomArgs,
    /// Its bus.
    #[command(flatten)]
    pub bus: BusArgs,
    /// TLS.
    #[command(flatten)]
    pub tls: TlsServerArgs,
    /// Taps.
    #[command(flatten)]
    pub taps: TapArgs,
    /// Its sockets.
    #[command(flatten)]
    pub listener: ListenerArgs,
}

/// How a room is run.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Room")]
pub struct RoomArgs {
    /// Relay lines without stamps, commands and notices; still truncated to --max-line
    #[arg(long, conflicts_with = "announce")]
    pub raw: bool,
    /// Announce members who join and leave
    #[arg(long)]
    pub announce: bool,
    /// Send new members the last N lines, at most half of --slow-limit
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub history: usize,
    /// Maximum clients; further ones get a notice and are disconnected
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_clients: Option<u32>,
    /// Maximum length of a line; the rest is dropped
    #[arg(long, value_name = "BYTES", value_parser = line_size, default_value = "4096")]
    pub max_line: usize,
    /// Action when a client reads too slowly, less than 1 MiB a second
    #[arg(long, value_name = "WHAT", default_value = "disconnect")]
    pub slow: SlowPolicy,
    /// Bytes by which a slow client may fall behind
    #[arg(long, value_name = "BYTES", value_parser = limit_size, default_value = "4M")]
    pub slow_limit: usize,
}

fn line_size(word: &str) -> Result<usize, String> {
    size(word).and_then(|bytes| if bytes > 0 { Ok(bytes) } else { Err("the minimum is 1 byte".into()) })
}

/// Below this a single line could be too much.
const LEAST_LIMIT: usize = 1 << 10;

fn limit_size(word: &str) -> Result<usize, String> {
    let least = |bytes| if bytes >= LEAST_LIMIT { Ok(bytes) } else { Err("the minimum is 1k".into()) };
    size(word).and_then(least)
}

impl clap::ValueEnum for SlowPolicy {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Disconnect, Self::Drop]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Disconnect => PossibleValue::new("disconnect").help("Disconnect it"),
            Self::Drop => PossibleValue::new("drop").help("Skip lines, with a notice"),
        })
    }
}

const EXAMPLES: &str = "\
Examples:
  soquete chat-serve                        a room on port 4333 of this machine
  soquete chat-serve --public --announce --history 20
                                            a room for the network
  soquete chat-serve --max-clients 30 --slow drop 0.0.0.0 4333
  soquete chat-serve --raw 8080             a broker: lines unchanged
  soquete chat-serve --tls --tls-cert room.pem
                                            a room through TLS
  soquete chat-serve --bus nats://10.0.0.1 --room tea
                                            one room on every machine that runs this
  soquete chat-serve --activation           ExecStart= of a service with a .socket unit
  soquete chat-serve --json 2> events.jsonl > transcript.txt

Join with:
  soquete chat-join HOST     nc HOST 4333     telnet HOST 4333";
