//! One room over several machines: the messages they exchange, as values. Pure: no sockets, no clock.
//!
//! A [`Link`] is one more speaker and one more listener of a room. What happens here goes into its `outbox`, numbered; what
//! other machines say is checked, brought into order and said in the room. `session::chat_server` carries the messages.
//!
//! - `envelope`: the messages. `outbox`: what goes out, and what was sent, for those that missed some.
//! - `sequence`: what a machine said, in order and once. `peer`: a machine. `receive`: messages in. `claims`: members of other
//!   machines and their nicks. `presence`: which machines are there. `again`: missed lines.
//!
//! A machine is named by its *origin*, a random word of each start. It numbers what it says from 1. Whoever misses numbers
//! requests them again; the number of those that no machine has any more is reported.

mod again;
mod envelope;
mod link;
mod outbox;
mod peer;
mod presence;
mod receive;
mod sequence;

pub use envelope::is_room_name;
pub use link::{Link, LinkConfig, LinkEvent, Now};
pub use receive::spoken;

#[cfg(test)]
mod bus_test;
