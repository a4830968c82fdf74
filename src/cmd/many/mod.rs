//! Standard input and output shared by many connections, and how one of them is piped with both.

mod feed;
mod incoming;
mod lines;
mod log;
mod reader;
mod room;
mod talk;
mod text;

pub(super) use feed::{Feed, Framing, open as open_feed, read_in_thread};
pub(super) use incoming::Incoming;
pub(super) use reader::{Lost, Reader};
pub(super) use talk::{Terms, idle, receive, talk};
pub(super) use text::Text;
