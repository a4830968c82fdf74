//! `demo`.

use clap::{Args, ValueEnum};

/// Show conversations on loopback: every state and every segment
///
/// A lesson is a conversation within this one process, in a network of its own where the system allows that. It is drawn as a
/// ladder: the client left, the server right, each captured segment an arrow between the states that it leaves and causes, a
/// sentence for each state. On a terminal there is time to read; any key goes on at once, q ends.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Demo {
    /// What is shown
    #[arg(value_enum, default_value_t = LessonName::Tcp)]
    pub lesson: LessonName,
    /// Show it so many times as fast as usual, from 0.1 to 100
    #[arg(long, value_name = "N", default_value = "1", value_parser = speed)]
    pub speed: f64,
    /// The language of sentences [default: that of LC_ALL, LC_MESSAGES or LANG]
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
        _ => Err("a speed is a number from 0.1 to 100".to_owned()),
    }
}

/// The lessons, and all of them in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LessonName {
    /// An echo over TCP: handshake, data, close, the socket table
    Tcp,
    /// An echo over UDP: no handshake and no goodbye
    Udp,
    /// A chat room of two
    Chat,
    /// One client of three servers, and the port it has for each
    Many,
    /// A port where nobody listens, and the RST that says so
    Refused,
    /// A client that sends FIN first, and a server that answers late
    HalfClose,
    /// A client that breaks its connection off (SO_LINGER with a time of 0)
    Reset,
    /// The end that closes first keeps its port: once the client, once the server
    TimeWait,
    /// A server with a backlog of 1 that accepts nobody: its queue is full
    Backlog,
    /// Every lesson in turn
    All,
}

const EXAMPLES: &str = "\
Examples:
  soquete demo                             watch a TCP connection live and die
  soquete demo udp                         the same conversation without connections
  soquete demo reset                       a connection that breaks off
  soquete demo all --speed 2               every lesson in turn, twice as fast
  soquete demo --lang pt                   in Portuguese
  soquete demo --json --events states      for a script, into a file";
