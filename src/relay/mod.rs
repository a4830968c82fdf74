//! Bytes between one connection and an input and output, and the rules by which that ends.
//!
//! [`policy`] decides, for both drivers: [`blocking`] relays one plain connection with two threads; a server for many
//! and a client of many have a task for each.

pub mod blocking;
pub mod facts;
pub mod policy;
mod progress;
pub mod terms;
mod threads;

pub use blocking::{Relay, RelayConfig, run};
pub use terms::{EndConfig, OnEof, OnPeerEof, RelayEnd};

use crate::event::Kind;
use crate::sys::error::Error;
use crate::sys::fd::{self, Nature};
use std::io;
use std::os::fd::BorrowedFd;

/// What becomes of an input that is still open at the peer's FIN, if nobody decided: a person at a terminal is done, a
/// file is sent to its end, and so is a pipe while somebody can receive it.
#[must_use]
pub fn on_peer_eof(input: BorrowedFd<'_>) -> OnPeerEof {
    match fd::nature(input) {
        Ok(Nature::File | Nature::AppendFile | Nature::Device) => OnPeerEof::Keep,
        _ if fd::is_terminal(input) => OnPeerEof::End,
        _ => OnPeerEof::KeepWhilePresent,
    }
}

/// The error of a connection whose peer never acknowledged `bytes` of what it was sent.
#[must_use]
pub fn unacked(peer: &str, bytes: u64) -> Error {
    Error::new("close", peer, io::Error::other(format!("unacknowledged: {bytes} bytes")))
        .about(Kind::Unacknowledged)
}

/// What a relay that waits for nothing but its input says.
pub const WAITING: &str = "the peer has finished sending; waiting for the end of standard input, which is still sent \
                           (end it, or use --on-peer-eof end)";
