//! Standard input and output shared by many connections, and how one of them is piped with both.

mod budget;
mod entry;
mod fanout;
mod incoming;
mod input;
mod lines;
mod piping;
mod reader;
mod receive;
mod text;

pub(super) use fanout::{Framing, InputFanout, open as open_fanout};
pub(super) use incoming::Incoming;
pub use incoming::tagging;
pub(super) use input::read_in_thread;
pub(super) use piping::Piping;
pub use piping::peer_tag;
pub(super) use reader::{Lost, Reader};
pub(super) use receive::{discard, idle, receive};
pub(super) use text::Text;
