//! What a segment is beyond its flags, in words.

use std::fmt;

/// What a segment is beyond its flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// A step of the three of the handshake (RFC 9293 3.5).
    Handshake(u8),
    /// Steps of the four of the close (RFC 9293 3.6), the first and the last that this segment is.
    Close(u8, u8),
    /// Bytes that were sent before.
    Retransmission,
    /// Bytes that fill a hole.
    OutOfOrder,
    /// Bytes before it were not seen.
    Hole,
    /// The same acknowledgement again, for the n-th time.
    DuplicateAck(u32),
    /// The receiver has no room.
    ZeroWindow,
    /// The receiver has room again, or more.
    WindowUpdate,
    /// A keep-alive probe (RFC 9293 3.8.4).
    KeepAlive,
    /// The answer to one.
    KeepAliveAck,
    /// A probe of a window of zero.
    ZeroWindowProbe,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Handshake(step) => write!(f, "handshake {step}/3"),
            Self::Close(first, last) if first == last => write!(f, "close {first}/4"),
            Self::Close(first, last) => write!(f, "close {first}+{last}/4"),
            Self::Retransmission => f.write_str("retransmission"),
            Self::OutOfOrder => f.write_str("out of order"),
            Self::Hole => f.write_str("previous segment not captured"),
            Self::DuplicateAck(n) => write!(f, "duplicate ACK {n}"),
            Self::ZeroWindow => f.write_str("zero window"),
            Self::WindowUpdate => f.write_str("window update"),
            Self::KeepAlive => f.write_str("keep-alive"),
            Self::KeepAliveAck => f.write_str("keep-alive ACK"),
            Self::ZeroWindowProbe => f.write_str("zero window probe"),
        }
    }
}
