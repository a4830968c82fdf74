//! The only layer that makes system calls on sockets and descriptors, and the only one with `unsafe` code.
//!
//! Uses `event` alone. Linux lives here: a port to another system is a matter of this folder.

mod attempts;
pub mod blocking;
pub mod child;
pub mod cursor;
pub mod detached;
pub mod diag;
pub mod echo;
pub mod error;
pub mod fast_connect;
pub mod fd;
mod hint;
mod holder;
pub mod inherited;
pub mod interface;
pub mod limits;
pub mod mmsg;
pub mod namespace;
pub mod options;
pub mod packet;
pub mod passed;
pub mod pipe;
pub mod poll;
pub mod process;
pub mod reactor;
pub mod service;
pub mod signal;
pub mod socket;
pub mod splice;
mod state;
mod tcp_info;
pub mod tty;
pub mod user;
mod watcher;

pub use error::{Error, Result};
