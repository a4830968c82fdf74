//! Packets as facts: decoded, numbered from the start of their connection, and written to a capture file. Pure: bytes in,
//! values out; a packet that is cut short or crafted gives what can be read of it.
//! Without the feature `capture` only the drawing of conversations is left.

mod cause;
#[cfg(feature = "capture")]
mod decode;
#[cfg(all(test, feature = "capture"))]
mod decode_test;
#[cfg(feature = "capture")]
mod flow;
#[cfg(all(test, feature = "capture"))]
mod flow_test;
#[cfg(feature = "capture")]
mod icmp;
mod ladder;
#[cfg(feature = "capture")]
mod network;
mod note;
#[cfg(feature = "capture")]
mod packet;
#[cfg(feature = "capture")]
mod pcapng;

pub use cause::{follows, moves};
#[cfg(feature = "capture")]
pub use decode::decode;
#[cfg(feature = "capture")]
pub use flow::Flow;
pub use ladder::{LadderBuilder, Side, arrow, implied_segment, packet_words};
pub use note::Note;
#[cfg(feature = "capture")]
pub use packet::{Packet, Payload};
#[cfg(feature = "capture")]
pub use pcapng::{ETHERNET, Interface, PcapWriter, RAW};
