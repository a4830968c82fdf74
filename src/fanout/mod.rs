//! One log for many readers: bytes are kept once, each reader has a cursor, and one policy decides which reader is too slow.
//! Pure: no sockets, no clock, no runtime. The chat room and the shared standard input of `session::shared` use it.
//!
//! - `log`: the bytes, in segments. `cursor`: a reader's place, and what is inserted for it alone or left out.
//! - `lag`: which reader the writers wait for, and which one is given up.
//!
//! The number of writes is what costs. A reader that becomes writable gets everything that waits in one write, and memory
//! does not grow with the number of readers.

mod cursor;
mod lag;
mod log;

pub use cursor::Cursor;
pub use lag::{Backpressure, LagState};
pub use log::Log;

#[cfg(test)]
pub use lag::RESERVE;
