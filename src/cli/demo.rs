//! `demo`.

use clap::{Args, ValueEnum};

/// Show conversations on loopback with every state of both ends
///
/// A lesson is a conversation of a few seconds within this one process. Each change of state is one line with a sentence
/// that says what the state means and which call or segment caused it.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Demo {
    /// What is shown
    #[arg(value_enum, default_value_t = LessonName::Tcp)]
    pub lesson: LessonName,
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
  soquete demo all                         every lesson in turn
  soquete demo --json --events states      for a script, into a file";
