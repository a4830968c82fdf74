//! A line chat as values: bytes in, bytes out, no sockets, no clock, no runtime. `session` runs it over real clients.
//!
//! - `command`: lines that start with `/`. `nick`: which names are taken.
//! - `log`: everything said, framed, once. `outbox`: one member's place in it. `lag`: who is slow, and who holds the talkers.
//! - `room`: who is here, all of it together. `answer`: what becomes of a line. `rules`: the values in and out.
//!
//! What costs in a chat is the number of writes. With one log for all, a member who becomes writable gets everything
//! that waits in one write, and memory does not grow with the number of readers.

mod answer;
mod command;
mod lag;
mod log;
mod member;
mod nick;
mod outbox;
mod room;
mod rules;
mod speaker;

pub use member::Id;
pub use nick::check as check_nick;
pub use room::Room;
pub use rules::{Flow, RoomEvent, Rules, SlowPolicy, Verdict, What};
pub use speaker::speaker;

#[cfg(test)]
mod model_test;
#[cfg(test)]
mod room_test;
#[cfg(test)]
mod slow_test;
#[cfg(test)]
mod testing;
