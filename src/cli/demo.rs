//! `demo`.

use clap::{Args, ValueEnum};

/// Show conversations on loopback: every state and every segment
///
/// A lesson is a conversation within this one process, in a network namespace of its own if the system allows that. It is
/// drawn as a ladder: the client left, the server right, each captured segment an arrow between the states before and after
/// it, and a sentence for each state. On a terminal the output pauses for reading: any key skips the pause, q ends the demo.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Demo {
    /// The lesson to show
    #[arg(value_enum, default_value_t = LessonName::Tcp)]
    pub lesson: LessonName,
    /// Playback speed, from 0.1 to 100
    #[arg(long, value_name = "N", default_value = "1", value_parser = speed)]
    pub speed: f64,
    /// Language of the explanations [default: from LC_ALL, LC_MESSAGES or LANG]
    #[arg(long, value_enum)]
    pub lang: Option<LanguageName>,
}

/// The languages of sentences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LanguageName {
    /// English
    En,
    /// Portuguese
    Pt,
}

fn speed(word: &str) -> Result<f64, String> {
    match word.parse() {
        Ok(speed) if (0.1..=100.0).contains(&speed) => Ok(speed),
        _ => Err("type a number from 0.1 to 100".to_owned()),
    }
}

/// The lessons, and all of them in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LessonName {
    /// An echo over TCP: handshake, data, close, the socket table
    Tcp,
    /// An echo over UDP: no handshake and no close
    Udp,
    /// A chat room of two
    Chat,
    /// One client of three servers, and its local port for each
    Many,
    /// A port where nobody listens, which answers with RST
    Refused,
    /// A client that sends FIN first, and a server that answers late
    HalfClose,
    /// A client that aborts its connection (SO_LINGER with a time of 0)
    Reset,
    /// The end that closes first stays in TIME-WAIT: first the client, then the server
    TimeWait,
    /// A server with a backlog of 1 that accepts nobody: its queue is full
    Backlog,
    /// Every lesson in turn
    All,
}

const EXAMPLES: &str = "\
Examples:
  soquete demo                             a TCP connection, from LISTEN to TIME-WAIT
  soquete demo udp                         the same conversation without connections
  soquete demo reset                       a connection that is aborted
  soquete demo all --speed 2               every lesson in turn, twice as fast
  soquete demo --lang pt                   in Portuguese
  soquete demo --json --events states      for a script, into a file";
