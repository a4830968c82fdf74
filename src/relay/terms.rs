//! The values of a relay's policy: its configuration, its questions, its steps.

pub use crate::net::peer::Presence;
use std::time::{Duration, Instant};

/// What happens to the connection when the input ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnEof {
    /// Send FIN, go on reading.
    #[default]
    HalfClose,
    /// Send nothing, go on reading.
    Keep,
    /// Close at once.
    Close,
}

/// What happens to an input that is still open at the peer's FIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnPeerEof {
    /// End the connection.
    End,
    /// Send the input to its end.
    Keep,
    /// Send a pipe until it ends or the peer is known to be gone.
    KeepWhilePresent,
}

/// When a relay is over.
#[derive(Clone, Copy, Debug)]
pub struct EndConfig {
    /// At the end of the input.
    pub on_eof: OnEof,
    /// At the peer's FIN.
    pub on_peer_eof: OnPeerEof,
    /// Bounds the reading after the end of the input.
    pub eof_wait: Option<Duration>,
    /// Ends a connection on which nothing moves.
    pub idle: Option<Duration>,
    /// Done once everything sent is acknowledged, although the peer may still send.
    pub send_only: bool,
}

/// The kernel's knowledge of a connection and its input, asked for only when it matters.
pub trait Connection {
    /// Payload bytes moved so far, both ways.
    fn moved(&self) -> u64;
    /// Payload bytes given to the kernel so far.
    fn sent(&self) -> u64;
    /// Whether data was sent of which nothing is acknowledged yet.
    fn first_data_unacked(&self) -> bool;
    /// Payload bytes sent and not acknowledged.
    fn unacked(&self) -> u64;
    /// Whether the peer acknowledged our FIN.
    fn fin_acked(&self) -> bool;
    /// Whether FIN went both ways and ours is not acknowledged.
    fn awaits_last_ack(&self) -> bool;
    /// How long ago the peer's last segment arrived.
    fn silence(&self) -> Duration;
    /// Whether the connection is CLOSED in the kernel.
    fn is_closed(&self) -> bool;
    /// Whether a keep-alive probe was under way when the connection was reset.
    fn was_probed(&self) -> bool;
    /// Whether close will send RST.
    fn resets_on_close(&self) -> bool;
    /// Where the peer's own socket is.
    fn presence(&self) -> Presence;
    /// Whether there is input that was not sent yet.
    fn has_input(&self) -> bool;
}

/// The next step of a driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send FIN.
    SendFin,
    /// Stop reading the input.
    StopInput,
    /// Have the kernel probe the peer (keep-alive).
    ProbePeer,
    /// Warn that the relay waits for nothing but the input.
    SayWaiting,
    /// Wait for the next event, or until this time.
    Wait(Option<Instant>),
    /// Close the connection in order, unless the kernel has an error.
    End(RelayEnd),
    /// Close the connection, which the peer's RST ended after it had acknowledged everything.
    Gone,
    /// Close the connection: it broke while data was still to be sent.
    Broken,
    /// Close the connection: so many bytes sent were never acknowledged.
    Unacked(u64),
}

/// What is known of the reader of an output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutputReader {
    /// Nothing else: it may read.
    #[default]
    Present,
    /// It is gone, which matters once there is nothing else to do.
    Left,
    /// It is gone, and bytes for it were lost.
    Missed,
}

/// How a relay ended, if not by an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelayEnd {
    /// Both directions are done.
    Done,
    /// Nothing moved for this long.
    Idle(Duration),
    /// The peer was still open this long after the end of the input.
    EofWait(Duration),
    /// Nobody reads the output, and the input is sent.
    OutputClosed,
}

impl RelayEnd {
    /// Which time limit ended it; `None` where both directions are done.
    #[must_use]
    pub fn late(self) -> Option<String> {
        match self {
            Self::Done | Self::OutputClosed => None,
            Self::Idle(limit) => Some(format!("idle timeout: no data for {limit:?}")),
            Self::EofWait(limit) => {
                Some(format!("timed out after {limit:?} waiting for the peer to close (--eof-wait)"))
            }
        }
    }
}
