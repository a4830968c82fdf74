//! Receives a conversation in the order of cause and effect, to draw it while it goes on.

use super::Event;
use std::io;

/// A ladder on standard output: the client left, the server right. Every method returns how many characters there are to
/// read; an error is standard output's.
pub trait Ladder: Send {
    /// Begins a conversation of this title; `implied` where no packets are captured.
    fn begin(&mut self, title: &str, implied: bool) -> io::Result<usize>;
    /// Shows an event; 0 for one that a ladder does not show.
    fn event(&mut self, event: &Event) -> io::Result<usize>;
    /// Shows a remark across the whole width.
    fn remark(&mut self, text: &str) -> io::Result<usize>;
    /// Shows what a client received, where no packets say it.
    fn received(&mut self, text: &[u8]) -> io::Result<usize>;
    /// Leaves a line empty.
    fn blank(&mut self) -> io::Result<()>;
    /// Shows what to type: a command, and what it does.
    fn command(&mut self, command: &str, text: &str) -> io::Result<usize>;
    /// Shows one line that is not the conversation's: which keys there are.
    fn hint(&mut self, text: &str) -> io::Result<usize>;
}
