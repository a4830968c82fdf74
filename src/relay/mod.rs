//! Bytes between one connection and an input and output, and the rules by which that ends.
//!
//! [`policy`] decides, for both drivers: [`blocking`] relays one plain connection with two threads, [`task`] one of many
//! in a runtime.

mod alert;
mod blocking;
mod facts;
mod policy;
mod progress;
pub mod task;
mod terms;
mod threads;

pub use blocking::{Relay, RelayConfig, run};
pub use progress::Progress;
pub use terms::{EndConfig, OnEof, OnPeerEof, OutputReader, RelayEnd};

use crate::event::{Event, Fault, Kind};
use crate::sys::error::Error;
use crate::sys::fd::{self, Nature};
use crate::sys::socket::Socket;
use std::io;
use std::os::fd::BorrowedFd;

/// The default for an input that is still open at the peer's FIN: a terminal ends, a file is sent to its end, and so is a
/// pipe while the peer can receive it.
#[must_use]
pub fn on_peer_eof(input: BorrowedFd<'_>) -> OnPeerEof {
    match fd::nature(input) {
        Ok(Nature::File | Nature::AppendFile | Nature::Device) => OnPeerEof::Keep,
        _ if fd::is_terminal(input) => OnPeerEof::End,
        _ => OnPeerEof::KeepWhilePresent,
    }
}

/// The error of a connection of whose data the peer never acknowledged `bytes`.
fn unacked(peer: &str, bytes: u64) -> Error {
    Error::new("close", peer, io::Error::other(format!("unacknowledged: {bytes} bytes")))
        .about(Kind::Unacknowledged)
}

/// Warns that a relay waits for nothing but its input.
fn warn_waiting(socket: &Socket) {
    let text = "the peer has finished sending; waiting for the end of standard input (close it, or use \
                --on-peer-eof end)";
    let fault =
        Fault { kind: Kind::Waiting, op: None, errno: None, conn: None, peer: None, text: text.to_owned() };
    socket.emit(|_| Event::Warning { fault: socket.blame(fault) });
}
