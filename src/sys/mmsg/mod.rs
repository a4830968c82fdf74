//! Batches of datagrams: recvmmsg(2), sendmmsg(2), and the error queue with ICMP's errors.
//!
//! A [`BatchReceiver`] and a [`BatchSender`] own their headers and buffers: a batch costs one system call and no allocation.
//! They count the bytes of the socket and emit an event for each datagram.

mod control;
mod receiver;
mod sender;
mod sockaddr;

pub use control::Origin;
pub use receiver::{BatchReceiver, Datagram, IcmpError};
pub use sender::{BatchSender, OutgoingDatagram};

/// Messages of one system call: enough to make its own cost small, few enough that timers and signals are checked many
/// times a millisecond.
pub const BATCH: usize = 64;
/// Datagrams that [`BatchSender::send`] takes at once: more than [`BATCH`], because datagrams of one length to one peer share
/// a message.
pub const SEND_BATCH: usize = 1024;
