//! The only layer that makes system calls on sockets and descriptors, and the only one with `unsafe` code.
//!
//! Uses `event` alone. Linux lives here: a port to another system is a matter of this folder.

pub mod apart;
mod attempts;
pub mod diag;
pub mod echo;
pub mod error;
mod hint;
mod holder;
pub mod inherited;
pub mod interface;
pub mod knock;
mod life;
pub mod limits;
pub mod mmsg;
pub mod options;
pub mod process;
pub mod procs;
pub mod pump;
pub mod reactor;
pub mod signal;
pub mod socket;
pub mod stdio;
mod tcp_info;
pub mod terminal;
pub mod wait;
mod watch;

pub use error::{Error, Result};
