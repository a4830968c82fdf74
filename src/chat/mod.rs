//! A chat of lines as values: bytes in, bytes out; no sockets, no clock, no runtime. `session::chat_server` runs it over TCP.
//!
//! - `command`: lines that start with `/`. `nick`: names a member may take; `shapes`: which look alike. `speaker`: the sender of a line, read from its
//!   text.
//! - `room`: members that join and leave. `input`: what a member sends. `output`: what is written to a member, and what
//!   happens to one that reads too slowly. `member`: the table of members. `rules`: the values in and out.
//!
//! - `remote`: members of other machines. `claims`: nicks that are taken. `bus`: what machines that share a room say to each other.
//!
//! Every line is appended once to a `fanout::Log`, in which each member has a cursor.

pub mod bus;
mod claims;
mod command;
mod input;
mod member;
mod nick;
mod output;
mod remote;
mod remote_room;
mod room;
mod rules;
mod shapes;
mod speaker;

pub use member::MemberId;
pub use nick::check as check_nick;
pub use room::Room;
pub use rules::{Flushed, Received, RoomEvent, RoomEventKind, Rules, SlowPolicy};
pub use speaker::{speaker, stamped};

#[cfg(test)]
mod model_test;
#[cfg(test)]
mod room_test;
#[cfg(test)]
mod slow_test;
#[cfg(test)]
mod testing;
