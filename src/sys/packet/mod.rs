//! Packets of this machine's interfaces, as they pass: packet(7) sockets with a ring (`TPACKET_V3`), each packet once, with its
//! time, its true number of segments, and its VLAN. Needs `CAP_NET_RAW` in the network namespace.

mod filter;
mod frame;
mod ring;
mod watch;

pub use filter::Ports;
pub use frame::{Frame, Gso};
pub use ring::{FilterHandle, PacketSocket, Statistics};
pub use watch::PortWatch;
