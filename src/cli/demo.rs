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
    /// An echo over TCP: handshake, data, close, and what the socket table has of it
    Tcp,
    /// An echo over UDP: no handshake and no goodbye
    Udp,
    /// A chat room of two
    Chat,
    /// One client of three servers, and the port it has for each
    Many,
    /// Every lesson in turn
    All,
}

const EXAMPLES: &str = "\
Examples:
  soquete demo                             watch a TCP connection live and die
  soquete demo udp                         the same conversation without connections
  soquete demo all                         every lesson in turn
  soquete demo --json --events states      for a script, into a file";
