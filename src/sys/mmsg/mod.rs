//! Many datagrams with one call: recvmmsg(2) and sendmmsg(2), and the error queue of ICMP's answers.
//!
//! An [`Inbox`] and an [`Outbox`] own their headers and buffers, so that a batch costs one system call and no allocation.

mod control;
mod inbox;
mod outbox;
mod sockaddr;

pub use control::Origin;
pub use inbox::{Datagram, IcmpError, Inbox};
pub use outbox::{Outbox, OutgoingDatagram};

/// Datagrams taken or sent with one call: enough to make the call's own cost small, few enough that timers and signals
/// are looked at many times a millisecond.
pub const BATCH: usize = 64;
/// Letters an [`Outbox`] takes at once: more than headers, since letters of one length to one peer share theirs.
pub const LETTERS: usize = 1024;
