//! Packets as facts: decoded, numbered from the start of their connection, and written to a capture file. Pure: bytes in,
//! values out; a packet that is cut short or crafted gives what can be read of it.

mod cause;
mod decode;
#[cfg(test)]
mod decode_test;
mod flow;
#[cfg(test)]
mod flow_test;
mod icmp;
mod ladder;
mod network;
mod note;
mod packet;
mod pcapng;

pub use cause::moves;
pub use decode::decode;
pub use flow::Flow;
pub use ladder::{LadderBuilder, Side, arrow, implied_segment, packet_words};
pub use note::Note;
pub use packet::{Packet, Payload};
pub use pcapng::{ETHERNET, Interface, PcapWriter, RAW};
