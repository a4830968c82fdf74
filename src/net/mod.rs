//! Building blocks over tracked sockets: addresses, names, listeners, connection races, the relay. Prints nothing.
//!
//! Uses `event` and `sys`.

pub mod addr;
pub mod backoff;
pub mod crlf;
pub mod datagram;
pub mod dial;
pub mod gate;
pub mod listen;
pub mod pattern;
pub mod peer;
pub mod ports;
pub mod race;
pub mod relay;
pub mod resolve;
pub mod service;
pub mod setback;
mod source;
pub mod stream;
pub mod tag;
pub mod upper;
